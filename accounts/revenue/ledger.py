"""Dated movements of each customer's MRR. Their sum is closing minus opening, exactly, whatever the period.

A customer's balance is a staircase: the sum of the lines in force on each day. The settings change the staircase
itself (a short gap is filled, a pause is carried, an unpaid line ends after its grace), never the movements read from
it; so the sum of movements cannot come apart from the balances.
"""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Literal

from accounts.revenue.lines import Line

ZERO, DAY = Decimal(0), timedelta(days=1)


class Kind(StrEnum):
    NEW = "new"  # never paid before
    REACTIVATION = "reactivation"  # from nothing, paid before
    EXPANSION = "expansion"
    CONTRACTION = "contraction"
    CHURN = "churn"  # to nothing
    UPLIFT = "uplift"  # a price agreed earlier comes into force: not earned again
    CURRENCY = "currency"  # only where balances are shown at two dates' rates
    TRANSFER = "transfer"  # between customers of one group


@dataclass(frozen=True)
class Settings:
    """How the edge cases are read; the defaults are the recommended ones.

    gap_days: a longer gap between two lines is churn and reactivation, a shorter one a late renewal. grace_days: an
    unpaid line still counts so long. pause_days: a customer at zero price is carried so long, then it is churn.
    pause: carried, or churn from the first day. churn_at: the end of the paid term or the request. uplift: a price rise
    agreed earlier stands apart, or counts as expansion.
    """

    gap_days: int = 30
    grace_days: int = 14
    pause_days: int = 90
    pause: Literal["carry", "churn"] = "carry"
    churn_at: Literal["term", "request"] = "term"
    uplift: Literal["apart", "expansion"] = "apart"


@dataclass(frozen=True, slots=True)
class Movement:
    """A change of one customer's MRR on a day, in the customer's currency; the new balance counts from that day on.

    amount: signed. involuntary: churn because nothing was paid. early: churn in the month of the first payment.
    """

    customer: str
    on: date
    kind: Kind
    amount: Decimal
    currency: str
    involuntary: bool = False
    early: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """From this day on the balance is `mrr`. uplift: how much of the rise was agreed earlier."""

    on: date
    mrr: Decimal
    uplift: Decimal = ZERO
    involuntary: bool = False


@dataclass(frozen=True)
class Ledger:
    """Balances and movements of all customers, dated; known up to and including `known_on`."""

    known_on: date
    steps: Mapping[str, Sequence[Step]]
    currencies: Mapping[str, str]
    groups: Mapping[str, str]
    movements: Sequence[Movement]
    _days: dict[str, list[date]] = field(default_factory=dict)

    def balance(self, customer: str, at_end_of: date) -> Decimal:
        """MRR of a customer at the end of a day, in the customer's currency."""
        days = self._days.get(customer)
        if days is None:
            days = self._days[customer] = [step.on for step in self.steps.get(customer, ())]
        place = bisect_right(days, at_end_of)
        return self.steps[customer][place - 1].mrr if place else ZERO

    def between(self, opening: date, closing: date) -> list[Movement]:
        """Movements after the end of `opening` up to the end of `closing`, by day."""
        return [move for move in self.movements if opening < move.on <= closing]


def ledger_of(lines: Iterable[Line], *, known_on: date, settings: Settings | None = None) -> Ledger:
    """The ledger of all customers, with what starts after `known_on` left out.

    Raises ValueError when a customer has lines in two currencies.
    """
    chosen = settings or Settings()
    of_customer: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        if line.starts_on <= known_on:
            of_customer[line.customer].append(line)
    steps, currencies, groups = {}, {}, {}
    for customer, theirs in of_customer.items():
        currencies[customer] = _one_currency(customer, theirs)
        groups[customer] = next((line.group for line in theirs if line.group), customer)
        steps[customer] = _staircase(theirs, known_on, chosen)
    movements = [move for customer in steps for move in _movements(customer, currencies[customer], steps[customer])]
    movements = _with_transfers(movements, groups)
    movements.sort(key=lambda move: (move.on, move.customer, move.kind))
    return Ledger(known_on, steps, currencies, groups, movements)


def _one_currency(customer: str, lines: Sequence[Line]) -> str:
    found = {line.currency for line in lines}
    if len(found) > 1:
        raise ValueError(
            f"{customer} has lines in {' and '.join(sorted(found))}: keep them as two customers of one group"
        )
    return found.pop()


def _end(line: Line, settings: Settings) -> tuple[date | None, bool]:
    """Last day a line counts, and whether it ends because it was not paid."""
    end = line.ends_on
    if settings.churn_at == "request" and line.cancelled_on is not None:
        asked = max(line.cancelled_on - DAY, line.starts_on)
        end = asked if end is None else min(end, asked)
    if line.unpaid_since is not None:
        grace = line.unpaid_since + timedelta(days=settings.grace_days - 1)
        if end is None or grace < end:
            return max(grace, line.starts_on), True
    return end, False


def _staircase(lines: Sequence[Line], known_on: date, settings: Settings) -> list[Step]:
    """The balance of one customer as steps, one a day at most; two changes on a day are one."""
    change: dict[date, Decimal] = defaultdict(Decimal)
    uplift: dict[date, Decimal] = defaultdict(Decimal)
    unpaid: set[date] = set()
    free: set[date] = set()
    for line in lines:
        end, involuntary = _end(line, settings)
        change[line.starts_on] += line.mrr
        uplift[line.starts_on] += line.uplift
        if not line.mrr:
            free.add(line.starts_on)
        if end is not None and end < known_on:
            change[end + DAY] -= line.mrr
            if involuntary:
                unpaid.add(end + DAY)
    steps, mrr = [], ZERO
    for day in sorted(change):
        before, mrr = mrr, mrr + change[day]
        agreed = min(uplift[day], max(ZERO, mrr - before)) if before and settings.uplift == "apart" else ZERO
        steps.append(Step(day, mrr, agreed, day in unpaid and not mrr))
    return _bridged(steps, free, known_on, settings)


def _bridged(steps: Sequence[Step], free: set[date], known_on: date, settings: Settings) -> list[Step]:
    """Fill short gaps and carry pauses; drop steps that change nothing."""
    kept: list[Step] = []
    for place, step in enumerate(steps):
        before = kept[-1].mrr if kept else ZERO
        if step.mrr == before:
            continue
        if step.mrr == ZERO and before and not step.involuntary:
            back = next((later.on for later in steps[place + 1 :] if later.mrr), None)
            paused = step.on in free
            allowed = _allowed(settings, paused=paused)
            gone = ((back or known_on + DAY) - step.on).days
            if gone <= allowed:
                continue
            if paused and settings.pause == "carry":
                step = Step(step.on + timedelta(days=settings.pause_days), ZERO)
        kept.append(step)
    return kept


def _allowed(settings: Settings, *, paused: bool) -> int:
    """Days at nothing that are no churn: a gap for a late renewal, a pause at zero price."""
    if not paused:
        return settings.gap_days
    return settings.pause_days if settings.pause == "carry" else 0


def _movements(customer: str, currency: str, steps: Sequence[Step]) -> list[Movement]:
    found, before, first = [], ZERO, steps[0].on if steps else None
    paid = False
    for step in steps:
        delta = step.mrr - before
        if step.uplift:
            found.append(Movement(customer, step.on, Kind.UPLIFT, step.uplift, currency))
            delta -= step.uplift
        if delta:
            kind = _kind(before, step.mrr, paid=paid, delta=delta)
            early = (
                kind is Kind.CHURN and first is not None and (first.year, first.month) == (step.on.year, step.on.month)
            )
            found.append(Movement(customer, step.on, kind, delta, currency, step.involuntary, early))
        paid = paid or bool(step.mrr)
        before = step.mrr
    return found


def _kind(before: Decimal, after: Decimal, *, paid: bool, delta: Decimal) -> Kind:
    if not before:
        return Kind.REACTIVATION if paid else Kind.NEW
    if not after:
        return Kind.CHURN
    return Kind.EXPANSION if delta > 0 else Kind.CONTRACTION


def _with_transfers(movements: list[Movement], groups: Mapping[str, str]) -> list[Movement]:
    """What leaves one customer of a group on a day and comes to another one on the same day is a transfer."""
    members = Counter(groups.values())
    of_day: dict[tuple[str, date], list[int]] = defaultdict(list)
    for place, move in enumerate(movements):
        if members[groups[move.customer]] > 1:
            of_day[groups[move.customer], move.on].append(place)
    made = list(movements)
    extra: list[Movement] = []
    for places in of_day.values():
        out = [place for place in places if movements[place].amount < 0]
        into = [place for place in places if movements[place].amount > 0]
        moved = min(-sum((movements[p].amount for p in out), ZERO), sum((movements[p].amount for p in into), ZERO))
        if not moved or len({movements[place].customer for place in places}) < 2:
            continue
        for side, sign in ((out, -1), (into, 1)):
            left = moved
            for place in side:
                part = min(left, abs(made[place].amount))
                left -= part
                extra += _split(made, place, sign * part)
    return [move for move in made + extra if move.amount]


def _split(made: list[Movement], place: int, part: Decimal) -> list[Movement]:
    """Take `part` out of a movement; returns it as a transfer."""
    if not part:
        return []
    old = made[place]
    made[place] = Movement(old.customer, old.on, old.kind, old.amount - part, old.currency, old.involuntary, old.early)
    return [Movement(old.customer, old.on, Kind.TRANSFER, part, old.currency)]
