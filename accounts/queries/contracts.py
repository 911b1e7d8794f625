"""Contracts of an account with what is paid under them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from django.db.models import Prefetch, Sum

from accounts.models import Contract, RevenueMovement, SubscriptionLine
from accounts.revenue import monthly

ZERO = Decimal(0)

# What an account with a contract that came into force takes from its contracts; nobody writes it by hand.
BY_CONTRACTS = {
    "arr": "ARR is read from its contracts. Correct their lines instead.",
    "currency": "The currency is read from its contracts.",
    "renewal_on": "The next renewal is read from its contracts. Change their last day instead.",
}


def with_contracts(account_ids: Collection[UUID]) -> set[UUID]:
    """Those of them that have a contract that came into force. One query."""
    found = Contract.objects.filter(account_id__in=account_ids).exclude(state=Contract.State.DRAFT)
    return set(found.order_by().values_list("account_id", flat=True).distinct())


def refusal_by_contracts(account_id: UUID, fields: Collection[str], led: Collection[UUID] | None = None) -> str:
    """The first of these fields (in the order of BY_CONTRACTS) that its contracts say and nobody else, "" for none.

    led: what `with_contracts` says, where it was asked for many. One query without it, none where no such field is.
    """
    name = next((name for name in BY_CONTRACTS if name in fields), "")
    if not name:
        return ""
    return name if account_id in (with_contracts([account_id]) if led is None else led) else ""


@dataclass(frozen=True)
class PaidLine:
    """A line with its MRR on the day asked for (0 when it is not in force then)."""

    line: SubscriptionLine
    mrr: Decimal
    in_force: bool


@dataclass(frozen=True)
class Agreement:
    """A contract, its lines, its MRR on the day, and the last day on which notice can be given.

    standing: its state as it reads on the day. A renewed contract is "active" until its last day, and one in force that
    starts after the day "begins". followed_by: the contract that renews it.
    """

    contract: Contract
    lines: list[PaidLine]
    mrr: Decimal
    notice_on: date | None
    standing: str
    followed_by: Contract | None


@dataclass(frozen=True)
class Money:
    """What an account pays. mrr: by its movements, as revenue counts it; None: not known.

    led: a contract came into force, so that ARR and the next renewal are read from the contracts. unpriced: led, and no
    line is left that says what is paid.
    """

    agreements: list[Agreement]
    mrr: Decimal | None
    currency: str
    movements: list[RevenueMovement]
    led: bool = False
    unpriced: bool = False


def money_of(account_id: UUID, on: date) -> Money:
    """Three queries."""
    lines = SubscriptionLine.objects.filter(superseded_at=None).select_related("product").order_by("starts_on", "id")
    contracts = Contract.objects.filter(account_id=account_id).order_by("-starts_on", "id")
    rows = list(contracts.prefetch_related(Prefetch("lines", lines)))
    after = {one.renews_id: one for one in rows if one.renews_id}
    found = [_agreement(one, on, after.get(one.pk)) for one in rows]
    moves = RevenueMovement.objects.filter(account_id=account_id)
    total = moves.filter(on__lte=on).aggregate(sum=Sum("amount"))["sum"]
    currency = found[0].contract.currency if found else "EUR"
    ever = [one for one in found if one.contract.state != Contract.State.DRAFT]
    priced = any(one.lines for one in ever)
    mrr = (total or ZERO) if priced else None
    return Money(found, mrr, currency, list(moves.order_by("-on", "id")[:12]), bool(ever), bool(ever) and not priced)


def newest_of(line: SubscriptionLine) -> SubscriptionLine | None:
    """The line in force that came of this one by corrections and changes; None: it was withdrawn."""
    found: SubscriptionLine | None = line
    while found is not None and found.superseded_at is not None:
        found = SubscriptionLine.objects.filter(previous=found).select_related("contract").first()
    return found


def _agreement(contract: Contract, on: date, followed_by: Contract | None) -> Agreement:
    paid = []
    for line in contract.lines.all():
        last = min((day for day in (contract.ends_on, line.ends_on) if day), default=None)
        in_force = contract.state != Contract.State.DRAFT and line.starts_on <= on and (last is None or on <= last)
        mrr = monthly(line.amount, line.billing, discount=line.discount) if line.recurring else ZERO
        paid.append(PaidLine(line, mrr if in_force else ZERO, in_force))
    notice = None
    if contract.ends_on is not None and contract.state == Contract.State.ACTIVE:
        notice = date.fromordinal(contract.ends_on.toordinal() - contract.notice_days)
    total = sum((one.mrr for one in paid), ZERO)
    return Agreement(contract, paid, total, notice, _standing(contract, on), followed_by)


def _standing(contract: Contract, on: date) -> str:
    state = Contract.State
    if contract.state in (state.ACTIVE, state.RENEWED) and contract.starts_on > on:
        return "begins"
    if contract.state == state.RENEWED and (contract.ends_on is None or contract.ends_on >= on):
        return state.ACTIVE.value
    return str(contract.state)
