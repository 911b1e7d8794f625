"""Contracts that renew by themselves do so once their last day has passed, for as long as before."""

import logging
from datetime import date, datetime
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from accounts.models import Account, Contract
from accounts.operations.contracts import DAY, renew_contract
from accounts.queries.revenue_rules import finance_day
from accounts.renewing import term_after
from core.actor import Actor
from core.errors import DomainError

log = logging.getLogger(__name__)

MOST_TERMS = 60  # that are made up for at once, for a contract that nobody looked at for years


def due_to_renew(*, on: date) -> QuerySet[Contract]:
    """In force, to be renewed by themselves, over, and nothing against it: no notice, nothing unpaid."""
    found: QuerySet[Contract] = Contract.objects.filter(
        state=Contract.State.ACTIVE, auto_renews=True, cancelled_on=None, unpaid_since=None, ends_on__lt=on,
        account__archived_at=None,
    )  # fmt: skip
    return found


def renew_by_themselves(*, by: Actor, at: datetime) -> int:
    """Renew every contract that is due to, each in a transaction of its own; returns how many were. Safe to repeat.

    A contract that cannot be renewed stays as it is, past its last day, of which people are told.
    """
    on, renewed = finance_day(at), 0
    for pk in list(due_to_renew(on=on).order_by("account_id", "pk").values_list("pk", flat=True)):
        following: UUID | None = pk
        for _ in range(MOST_TERMS):
            try:
                following = renew_by_itself(contract_id=following, on=on, by=by, at=at) if following else None
            except DomainError as refusal:
                log.warning("contract %s does not renew by itself: %s", following, refusal)
                break
            if following is None:
                break
            renewed += 1
    return renewed


@transaction.atomic
def renew_by_itself(*, contract_id: UUID, on: date, by: Actor, at: datetime) -> UUID | None:
    """The contract that follows; None when it is not due to renew (any more) or nothing was paid on its last day."""
    account_id = Contract.objects.values_list("account_id", flat=True).get(pk=contract_id)
    Account.objects.select_for_update(of=("self",)).get(pk=account_id)
    found = due_to_renew(on=on).filter(pk=contract_id).first()
    if found is None or found.ends_on is None:
        return None
    last = found.ends_on
    lines = found.lines.filter(superseded_at=None)
    if not any(line.ends_on is None or line.ends_on >= last for line in lines):
        return None
    until = term_after(found.starts_on, last)
    made = renew_contract(
        contract_id=found.pk, starts_on=last + DAY, ends_on=until, by=by, at=at,
        reason=f"by itself, as agreed, until {until.isoformat()}",
    )  # fmt: skip
    return made.pk
