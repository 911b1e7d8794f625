"""Close a renewal by doing to its contract what was agreed: renew it, extend it, or let it end."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.db import transaction

from accounts import rules
from accounts.models import Account, Contract, Renewal
from accounts.operations import contracts
from accounts.operations.renewals import extend
from core.actor import Actor
from core.errors import Conflict, DomainError
from core.rules import require


@transaction.atomic
def close_renewal(
    *,
    renewal_id: UUID,
    expected_version: int,
    outcome: str,
    reason: str,
    by: Actor,
    at: datetime,
    ends_on: date | None = None,
    uplift: Decimal = Decimal(0),
) -> Renewal:
    """outcome: renewed (a new contract follows), extended (the same one goes on), lost (it ends on its day).

    ends_on: the new last day; only a renewed contract may go without. uplift: the rise agreed, 0.05 for 5 %. The
    contract and the renewal are one change. Raises Conflict, DomainError, PermissionDenied, Renewal.DoesNotExist.
    """
    found: Renewal = Renewal.objects.visible_to(by).get(pk=renewal_id)
    account = Account.objects.visible_to(by).select_for_update(of=("self",)).get(pk=found.account_id)
    require(by, rules.FORECAST_RENEWAL, account)
    found.refresh_from_db()
    if found.state != Renewal.State.OPEN:
        raise DomainError("This renewal is closed already.")
    if found.version != expected_version:
        raise Conflict("Somebody else changed this renewal since you opened it. Nothing of theirs was overwritten.")
    if outcome not in set(Renewal.State.values) - {Renewal.State.OPEN.value}:
        raise DomainError("Choose what came of it.", field="outcome")
    if not reason.strip():
        raise DomainError("Say why, in a few words.", field="reason")
    if outcome != Renewal.State.LOST and ends_on is not None and ends_on <= found.due_on:
        raise DomainError(f"It goes on beyond {found.due_on.isoformat()}: choose a later day.", field="ends_on")
    _DOES[outcome](found, ends_on, uplift, reason.strip(), by, at)
    found.refresh_from_db()
    return found


def _renew(found: Renewal, ends_on: date | None, uplift: Decimal, reason: str, by: Actor, at: datetime) -> None:
    start = found.due_on + contracts.DAY
    contracts.renew_contract(
        contract_id=found.contract_id, starts_on=start, ends_on=ends_on, uplift=uplift, reason=reason, by=by, at=at
    )


def _extend(found: Renewal, ends_on: date | None, uplift: Decimal, reason: str, by: Actor, at: datetime) -> None:
    if ends_on is None:
        raise DomainError("Say until when it is extended.", field="ends_on")
    contract = Contract.objects.get(pk=found.contract_id)
    extend(contract=contract, reason=reason, by=by, at=at)
    contracts.edit_contract(
        contract_id=contract.pk, expected_version=contract.version, changes={"ends_on": ends_on}, by=by, at=at
    )


def _lose(found: Renewal, ends_on: date | None, uplift: Decimal, reason: str, by: Actor, at: datetime) -> None:
    contracts.end_contract(contract_id=found.contract_id, on=found.due_on, reason=reason, by=by, at=at)


_DOES = {"renewed": _renew, "extended": _extend, "lost": _lose}
