"""Movements as rows: read from the lines by accounts.revenue, made anew for an account whenever they change."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from uuid import UUID

from django.db import transaction

from accounts.models import Account, Contract, RevenueMovement
from accounts.queries.revenue import lines_of
from accounts.revenue import ledger_of

AT_ONCE = 2000  # accounts


@transaction.atomic
def rebuild_movements(*, account_ids: Sequence[UUID], on: date) -> int:
    """Put the movements of these accounts in place of what is stored, as known on a day; returns how many there are.

    An account with contracts takes its ARR and its renewal date from them. The accounts are locked by the caller or
    wait their turn here. Idempotent.
    """
    made = 0
    ordered = sorted(account_ids)
    for start in range(0, len(ordered), AT_ONCE):
        made += _rebuild(ordered[start : start + AT_ONCE], on)
    return made


def _rebuild(ids: Sequence[UUID], on: date) -> int:
    accounts = {row.pk: row for row in Account.objects.filter(pk__in=ids).order_by("pk").select_for_update(no_key=True)}
    ledger = ledger_of(lines_of(list(accounts)), known_on=on)
    RevenueMovement.objects.filter(account_id__in=ids).delete()
    rows = [
        RevenueMovement(
            account_id=UUID(move.customer), on=move.on, kind=move.kind.value, amount=move.amount,
            currency=move.currency, involuntary=move.involuntary, early=move.early,
        )
        for move in ledger.movements
    ]  # fmt: skip
    RevenueMovement.objects.bulk_create(rows, batch_size=5000)
    _tell_accounts(accounts.values(), on, {UUID(c): ledger.balance(c, on) for c in ledger.steps}, ledger.currencies)
    return len(rows)


def _tell_accounts(accounts: Iterable[Account], on: date, balances: dict[UUID, Decimal], currencies: object) -> None:
    """ARR and renewal date of the flat account row, for lists and filters."""
    ends: dict[UUID, date | None] = defaultdict(lambda: None)
    active = Contract.objects.filter(account__in=[one.pk for one in accounts], state=Contract.State.ACTIVE)
    known = set()
    for account_id, end, currency in active.values_list("account_id", "ends_on", "currency"):
        known.add((account_id, currency))
        if end is not None and end >= on and (ends[account_id] is None or end < ends[account_id]):
            ends[account_id] = end
    currency_of = dict(known)
    changed = []
    for account in accounts:
        if account.pk not in balances:
            continue
        arr = (balances[account.pk] * 12).quantize(Decimal("0.01"))
        told = (arr, currency_of.get(account.pk, account.currency), ends[account.pk] or account.renewal_on)
        if told != (account.arr, account.currency, account.renewal_on):
            account.arr, account.currency, account.renewal_on = told
            changed.append(account)
    Account.objects.bulk_update(changed, ["arr", "currency", "renewal_on"], batch_size=1000)
