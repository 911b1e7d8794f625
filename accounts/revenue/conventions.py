"""The same quarter under the conventions that people use, and customer by customer why the figures differ."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from accounts.revenue.ledger import ZERO, Kind, Movement
from accounts.revenue.rates import Rate, Standing

Parts = Mapping[str, Decimal]  # customer -> what the convention counts of it


@dataclass(frozen=True)
class Convention:
    """A way to compute a retention rate: the sum over customers of `counted`, divided by the opening MRR."""

    code: str
    name: str
    measure: str  # NRR or GRR
    words: str
    counted: Callable[["_Quarter"], Parts]


@dataclass(frozen=True)
class Reading:
    """What a convention says: `value` is `kept` / `opening`, None without an opening."""

    convention: Convention
    opening: Decimal
    kept: Decimal
    parts: Parts

    @property
    def value(self) -> Decimal | None:
        return self.kept / self.opening if self.opening else None


@dataclass(frozen=True)
class Difference:
    """What one customer adds to one reading and not to the other, in money and in points of the rate (0..1)."""

    customer: str
    ours: Decimal
    theirs: Decimal
    rate: Decimal

    @property
    def amount(self) -> Decimal:
        return self.theirs - self.ours


@dataclass(frozen=True)
class _Quarter:
    """A period: its cohort and each customer's movements by kind, in the reporting currency."""

    cohort: Mapping[str, Standing]
    moved: Mapping[str, Mapping[Kind, Decimal]]

    def paying(self) -> list[Standing]:
        return [one for one in self.cohort.values() if one.opening > 0]

    def by_events(self, *kinds: Kind) -> Parts:
        """Opening balances and every movement of these kinds, also of customers who came later."""
        found: dict[str, Decimal] = {one.customer: one.opening for one in self.paying()}
        for customer, kinds_of in self.moved.items():
            moved = sum((kinds_of.get(kind, ZERO) for kind in kinds), ZERO)
            if moved:
                found[customer] = found.get(customer, ZERO) + moved
        return found


UP, DOWN = (Kind.EXPANSION, Kind.UPLIFT), (Kind.CONTRACTION, Kind.CHURN)
CONVENTIONS = (
    Convention(
        "nrr-cohort", "Cohort, constant currency", "NRR",
        "Closing MRR of those who paid at the opening, both ends at the opening rate.",
        lambda quarter: {one.customer: one.closing for one in quarter.paying()},
    ),
    Convention(
        "nrr-reported", "Cohort, reported currency", "NRR",
        "As before, the closing end at the closing rate.",
        lambda quarter: {one.customer: one.closing_reported for one in quarter.paying()},
    ),
    Convention(
        "nrr-net-churn", "Net MRR churn, with all reactivation", "NRR",
        "Opening MRR and every expansion, contraction, churn and reactivation, whoever came back.",
        lambda quarter: quarter.by_events(*UP, *DOWN, Kind.REACTIVATION),
    ),
    Convention(
        "nrr-churn-expansion", "Churn and expansion only", "NRR",
        "Opening MRR and every expansion and churn; contraction and reactivation are left out.",
        lambda quarter: quarter.by_events(*UP, Kind.CHURN),
    ),
    Convention(
        "nrr-events", "Events, without reactivation", "NRR",
        "Opening MRR and every expansion, contraction and churn; who comes back inside the period stays lost.",
        lambda quarter: quarter.by_events(*UP, *DOWN),
    ),
    Convention(
        "grr-cohort", "Cohort, minimum of each customer", "GRR",
        "Of each who paid at the opening the smaller of both ends.",
        lambda quarter: {one.customer: one.kept for one in quarter.paying()},
    ),
    Convention(
        "grr-events", "Events, losses only", "GRR",
        "Opening MRR and every contraction and churn; what was won again does not count.",
        lambda quarter: quarter.by_events(*DOWN),
    ),
)  # fmt: skip


def conventions(
    cohort: Sequence[Standing], movements: Sequence[Movement], rate: Rate, group: Mapping[str, str]
) -> list[Reading]:
    """One period under every convention. rate: of the opening day; group: customer -> the group it stands in."""
    moved: dict[str, dict[Kind, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for move in movements:
        moved[group[move.customer]][move.kind] += move.amount * rate(move.currency)
    quarter = _Quarter({one.customer: one for one in cohort}, moved)
    opening = sum((one.opening for one in quarter.paying()), ZERO)
    readings = []
    for convention in CONVENTIONS:
        parts = convention.counted(quarter)
        readings.append(Reading(convention, opening, sum(parts.values(), ZERO), parts))
    return readings


def differences(ours: Reading, theirs: Reading) -> list[Difference]:
    """Every customer that two readings count differently, largest first; the rates sum to the gap between them."""
    found = []
    for customer in {*ours.parts, *theirs.parts}:
        one, other = ours.parts.get(customer, ZERO), theirs.parts.get(customer, ZERO)
        if one != other:
            share = (other - one) / ours.opening if ours.opening else ZERO
            found.append(Difference(customer, one, other, share))
    return sorted(found, key=lambda gap: (-abs(gap.amount), gap.customer))
