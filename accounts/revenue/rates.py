"""Retention rates of the customers who paid at the opening, by the definitions of docs/decisions/0020-revenue.md."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from accounts.revenue.ledger import ZERO, Kind, Ledger, Movement

Rate = Callable[[str], Decimal]  # units of the reporting currency for one unit of a currency


@dataclass(frozen=True, slots=True)
class Standing:
    """One customer (or group) at both ends of a period, in the reporting currency, both at the opening rate.

    closing_reported: the closing balance at the closing rate. uplift: of the rise, what was agreed earlier.
    """

    customer: str
    opening: Decimal
    closing: Decimal
    closing_reported: Decimal
    uplift: Decimal = ZERO

    @property
    def kept(self) -> Decimal:
        return min(self.opening, self.closing)


@dataclass(frozen=True)
class Rates:
    """Shares of the opening MRR of the cohort, None without one. NRR = 1 + expansion - contraction - churn."""

    opening: Decimal
    customers: int
    lost: int
    nrr: Decimal | None
    nrr_without_uplift: Decimal | None
    grr: Decimal | None
    logo_churn: Decimal | None
    expansion: Decimal | None
    contraction: Decimal | None
    churn: Decimal | None
    quick_ratio: Decimal | None


def standings(ledger: Ledger, opening: date, closing: date, *, at_opening: Rate, at_closing: Rate) -> list[Standing]:
    """Every customer with a balance at either end; customers of one group stand as one."""
    found: dict[str, list[Decimal]] = {}
    for customer in ledger.steps:
        rate, late = at_opening(ledger.currencies[customer]), at_closing(ledger.currencies[customer])
        before, after = ledger.balance(customer, opening), ledger.balance(customer, closing)
        one = found.setdefault(ledger.groups[customer], [ZERO, ZERO, ZERO, ZERO])
        one[0] += before * rate
        one[1] += after * rate
        one[2] += after * late
    for move in ledger.between(opening, closing):
        if move.kind is Kind.UPLIFT:
            found[ledger.groups[move.customer]][3] += move.amount * at_opening(move.currency)
    return [Standing(name, *figures) for name, figures in sorted(found.items()) if figures[0] or figures[1]]


def totals(movements: Iterable[Movement], rate: Rate) -> Mapping[Kind, Decimal]:
    """The sum of each kind in the reporting currency, signed; every kind is there."""
    sums = dict.fromkeys(Kind, ZERO)
    for move in movements:
        sums[move.kind] += move.amount * rate(move.currency)
    return sums


def rates(cohort: Sequence[Standing], sums: Mapping[Kind, Decimal]) -> Rates:
    """The rates of those of `cohort` who paid at the opening; sums as of `totals`, for the quick ratio."""
    paying = [one for one in cohort if one.opening > 0]
    opening = sum((one.opening for one in paying), ZERO)
    lost = [one for one in paying if not one.closing]
    won = sums[Kind.NEW] + sums[Kind.REACTIVATION] + sums[Kind.EXPANSION]
    gone = -(sums[Kind.CONTRACTION] + sums[Kind.CHURN])
    # What an uplift gave counts as kept at most as far as the customer still pays more than at the opening.
    agreed = sum((min(one.uplift, max(ZERO, one.closing - one.opening)) for one in paying), ZERO)
    closing = sum((one.closing for one in paying), ZERO)
    return Rates(
        opening=opening,
        customers=len(paying),
        lost=len(lost),
        nrr=_share(closing, opening),
        nrr_without_uplift=_share(closing - agreed, opening),
        grr=_share(sum((one.kept for one in paying), ZERO), opening),
        logo_churn=_share(Decimal(len(lost)), Decimal(len(paying))),
        expansion=_share(sum((max(one.closing - one.opening, ZERO) for one in paying), ZERO), opening),
        contraction=_share(sum((max(one.opening - one.closing, ZERO) for one in paying if one.closing), ZERO), opening),
        churn=_share(sum((one.opening for one in lost), ZERO), opening),
        quick_ratio=_share(won, gone),
    )


def _share(part: Decimal, whole: Decimal) -> Decimal | None:
    return part / whole if whole else None
