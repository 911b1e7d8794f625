"""Renewals: what is due, what is expected of it, what became of it, and how the forecast stood each week."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Case, CharField, Exists, F, OuterRef, Q, QuerySet, Value, When

from accounts.conditions import matching, read
from accounts.models import Account, Renewal, RenewalCheckpoint, RenewalSnapshot
from accounts.renewing import (
    Period,
    RenewalRates,
    Result,
    Signals,
    period_of,
    renewal_rates,
)
from core.actor import Actor

ZERO = Decimal(0)
ORDER = ("due_on", "id")
Finder = Callable[[Sequence[UUID]], Mapping[UUID, Signals]]
_FINDERS: list[Finder] = []


def connect_signals(find: Finder) -> None:
    """Where the measured signals of accounts come from: a floor above, through the wiring."""
    _FINDERS[:] = [find]


def measured(account_ids: Sequence[UUID]) -> Mapping[UUID, Signals]:
    return _FINDERS[0](account_ids) if _FINDERS else {}


@dataclass(frozen=True)
class Asked:
    """Filters of the centre. period: a quarter, a month, "overdue" or "all"; unknown and none are "unknown"."""

    period: str
    state: str = ""
    owner: str = ""  # id, or "none"
    category: str = ""  # or "unknown"
    status: str = ""  # or "unknown"
    where: str = ""


def _standing() -> Any:
    """What a person says, else what the rule says."""
    return Case(When(status="", then=F("auto_status")), default=F("status"), output_field=CharField())


def due(asked: Asked, *, by: Actor, today: date) -> QuerySet[Renewal]:
    """Renewals that `by` sees, filtered; `standing` is the status that counts, `waiting` asks for a decision."""
    rows: Any = Renewal.objects.visible_to(by).annotate(standing=_standing())
    if asked.period == "overdue":
        rows = rows.filter(state=Renewal.State.OPEN, due_on__lt=today)
    elif (period := period_of(asked.period)) is not None:
        rows = rows.filter(due_on__range=(period.first, period.last))
    if asked.state:
        open_ones = Q(state=Renewal.State.OPEN)
        rows = rows.filter(open_ones if asked.state == "open" else ~open_ones if asked.state == "closed" else Q())
    if asked.owner:
        rows = rows.filter(account__owner=None if asked.owner == "none" else asked.owner)
    if asked.category:
        rows = rows.filter(category="" if asked.category == "unknown" else asked.category)
    if asked.status:
        rows = rows.filter(standing="" if asked.status == "unknown" else asked.status)
    if asked.where:
        accounts = Account.objects.visible_to(by).filter(matching(read(asked.where), today=today))
        rows = rows.filter(account__in=accounts.values("pk"))
    found: QuerySet[Renewal] = rows
    return found


def listed(rows: QuerySet[Renewal]) -> QuerySet[Renewal]:
    """With what a line of the list shows."""
    waiting = RenewalCheckpoint.objects.filter(renewal=OuterRef("pk"), decision="").exclude(escalated_at=None)
    return rows.select_related("account", "account__owner", "contract").annotate(
        waiting=Case(When(state=Renewal.State.OPEN, then=Exists(waiting)), default=Value(False))
    )


@dataclass
class Total:
    """Yearly amounts due in one currency. renewed: capped at what was due. expected: by likelihood, of `judged`."""

    currency: str
    count: int = 0
    due: Decimal = ZERO
    renewed: Decimal = ZERO
    lost: Decimal = ZERO
    commit: Decimal = ZERO
    best_case: Decimal = ZERO
    at_risk: Decimal = ZERO
    expected_loss: Decimal = ZERO
    unsaid: Decimal = ZERO
    judged: Decimal = ZERO
    expected: Decimal = ZERO
    results: list[Result] = field(default_factory=list)

    @property
    def forecast(self) -> Decimal:
        """Renewed up to what was due, and what is open as commit or best case."""
        return self.renewed + self.commit + self.best_case

    @property
    def low(self) -> Decimal:
        return self.renewed + self.commit

    @property
    def high(self) -> Decimal:
        return self.forecast + self.at_risk + self.unsaid

    @property
    def open(self) -> int:
        return self.count - len(self.results)

    @property
    def rates(self) -> RenewalRates:
        return renewal_rates(self.results)

    def add_open(self, amount: Decimal, category: str, likelihood: int | None) -> None:
        name = {"lost": "expected_loss", "": "unsaid"}.get(category, category)
        setattr(self, name, getattr(self, name) + amount)
        if likelihood is not None:
            self.judged += amount
            self.expected += amount * likelihood / 100

    def add_closed(self, amount: Decimal, renewed: Decimal, kept: bool) -> None:
        self.renewed += min(renewed, amount)
        self.lost += max(amount - renewed, ZERO)
        self.results.append(Result(amount, renewed, kept))


COLUMNS = ("currency", "amount", "state", "category", "likelihood", "renewed_amount")


def totals(rows: QuerySet[Renewal]) -> list[Total]:
    """One per currency, nothing converted. One query."""
    found: dict[str, Total] = {}
    for currency, amount, state, category, likelihood, renewed in rows.order_by().values_list(*COLUMNS):
        total = found.setdefault(currency, Total(currency))
        total.count += 1
        total.due += amount
        if state == Renewal.State.OPEN:
            total.add_open(amount, category, likelihood)
        else:
            total.add_closed(amount, renewed or ZERO, state != Renewal.State.LOST)
    return [found[code] for code in sorted(found)]


def count_rates(found: Sequence[Total]) -> RenewalRates:
    """Of all currencies: only the rate by count means anything."""
    return renewal_rates([one for total in found for one in total.results])


def undecided(*, by: Actor) -> list[RenewalCheckpoint]:
    """What waits for a leader, most urgent first, twenty at most. One query."""
    renewals = Renewal.objects.visible_to(by).filter(state=Renewal.State.OPEN)
    rows = RenewalCheckpoint.objects.filter(renewal__in=renewals, decision="").exclude(escalated_at=None)
    later = RenewalCheckpoint.objects.filter(renewal=OuterRef("renewal"), number__gt=OuterRef("number"))
    rows = rows.filter(~Exists(later.exclude(escalated_at=None)))
    return list(rows.select_related("renewal__account", "renewal__contract").order_by("renewal__due_on", "pk")[:20])


def of_account(account_id: UUID) -> list[Renewal]:
    """The open ones first, then what closed last. One query."""
    rows = listed(Renewal.objects.filter(account_id=account_id).annotate(standing=_standing()))
    first = Case(When(state=Renewal.State.OPEN, then=Value(0)), default=Value(1))
    return list(rows.order_by(first, "due_on", "pk")[:6])


@dataclass(frozen=True)
class Month:
    """A month of the calendar: how many are due, how many of them are open, and amounts by currency."""

    first: date
    count: int
    open: int
    amounts: list[tuple[str, Decimal]]


def months(rows: QuerySet[Renewal], year: int) -> list[Month]:
    """The twelve months of a year. One query."""
    counts: dict[int, list[int]] = {month: [0, 0] for month in range(1, 13)}
    amounts: dict[int, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    within = rows.filter(due_on__year=year).order_by()
    for on, currency, amount, state in within.values_list("due_on", "currency", "amount", "state"):
        counts[on.month][0] += 1
        counts[on.month][1] += state == Renewal.State.OPEN
        amounts[on.month][currency] += amount
    return [
        Month(date(year, month, 1), counts[month][0], counts[month][1], sorted(amounts[month].items()))
        for month in range(1, 13)
    ]


@dataclass(frozen=True)
class Week:
    """The forecast of a quarter as it stood at the end of a week, named by its Monday."""

    monday: date
    total: Total


@dataclass(frozen=True)
class Replay:
    """One currency of a quarter: each week's forecast beside the final result."""

    currency: str
    weeks: list[Week]
    result: Total

    @property
    def final(self) -> bool:
        return self.result.open == 0


def replay(period: Period, *, by: Actor) -> list[Replay]:
    """Two queries. A week holds the snapshots due in the quarter as they knew it, and what had closed by its Sunday."""
    renewals = Renewal.objects.visible_to(by)
    closed = list(
        renewals.filter(due_on__range=(period.first, period.last))
        .exclude(state=Renewal.State.OPEN)
        .values_list("currency", "amount", "renewed_amount", "state", "closed_at")
    )
    rows = RenewalSnapshot.objects.filter(due_on__range=(period.first, period.last), renewal__in=renewals)
    columns = ("week", "currency", "amount", "state", "category", "likelihood")
    found: dict[str, dict[date, Total]] = defaultdict(dict)
    for week, currency, amount, state, category, likelihood in rows.order_by("week").values_list(*columns):
        total = found[currency].setdefault(week, Total(currency))
        if state == Renewal.State.OPEN:
            total.count += 1
            total.due += amount
            total.add_open(amount, category, likelihood)
    for currency, weeks in found.items():
        for monday, total in weeks.items():
            for code, amount, renewed, state, at in closed:
                if code == currency and at.date() < monday + timedelta(days=7):
                    total.count += 1
                    total.due += amount
                    total.add_closed(amount, renewed or ZERO, state != Renewal.State.LOST)
    results = {one.currency: one for one in totals(renewals.filter(due_on__range=(period.first, period.last)))}
    return [
        Replay(code, [Week(day, total) for day, total in sorted(weeks.items())], results.get(code, Total(code)))
        for code, weeks in sorted(found.items())
    ]


def owners(*, by: Actor) -> list[tuple[str, str]]:
    """Who owns an account with a renewal that `by` sees. One query."""
    rows = Renewal.objects.visible_to(by).exclude(account__owner=None).order_by("account__owner__name")
    return [(str(pk), name) for pk, name in rows.values_list("account__owner", "account__owner__name").distinct()]
