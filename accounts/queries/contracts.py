"""Contracts of an account with what is paid under them."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from django.db.models import Prefetch, Sum

from accounts.models import Contract, RevenueMovement, SubscriptionLine
from accounts.revenue import monthly

ZERO = Decimal(0)


@dataclass(frozen=True)
class PaidLine:
    """A line with its MRR on the day asked for (0 when it is not in force then)."""

    line: SubscriptionLine
    mrr: Decimal
    in_force: bool


@dataclass(frozen=True)
class Agreement:
    """A contract, its lines, its MRR on the day, and the last day on which notice can be given."""

    contract: Contract
    lines: list[PaidLine]
    mrr: Decimal
    notice_on: date | None


@dataclass(frozen=True)
class Money:
    """What an account pays. mrr: by its movements, as revenue counts it; None without any contract in force ever."""

    agreements: list[Agreement]
    mrr: Decimal | None
    currency: str
    movements: list[RevenueMovement]


def money_of(account_id: UUID, on: date) -> Money:
    """Three queries."""
    lines = SubscriptionLine.objects.filter(superseded_at=None).select_related("product").order_by("starts_on", "id")
    contracts = Contract.objects.filter(account_id=account_id).order_by("-starts_on", "id")
    found = [_agreement(one, on) for one in contracts.prefetch_related(Prefetch("lines", lines))]
    moves = RevenueMovement.objects.filter(account_id=account_id)
    total = moves.filter(on__lte=on).aggregate(sum=Sum("amount"))["sum"]
    currency = found[0].contract.currency if found else "EUR"
    return Money(found, total, currency, list(moves.order_by("-on", "id")[:12]))


def _agreement(contract: Contract, on: date) -> Agreement:
    paid = []
    for line in contract.lines.all():
        last = min((day for day in (contract.ends_on, line.ends_on) if day), default=None)
        in_force = contract.state != Contract.State.DRAFT and line.starts_on <= on and (last is None or on <= last)
        mrr = monthly(line.amount, line.billing, discount=line.discount) if line.recurring else ZERO
        paid.append(PaidLine(line, mrr if in_force else ZERO, in_force))
    notice = None
    if contract.ends_on is not None and contract.state == Contract.State.ACTIVE:
        notice = date.fromordinal(contract.ends_on.toordinal() - contract.notice_days)
    return Agreement(contract, paid, sum((one.mrr for one in paid), ZERO), notice)
