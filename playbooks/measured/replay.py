"""The time machine of a trigger: which accounts a threshold would have started, month end by month end.

A month end reads what was known by the end of that day and nothing that came later ("known"), or, where a workspace has
brought its past with a file, what stands today of that day ("today": reconstructed, nobody could have seen it then).
What happened to an account afterwards is read as it is known today: it is what the threshold is held against.

Between two month ends a crossing may come and go; a start is counted at most once a month, and the cool-down holds. One
query for the figures of all months, one for the accounts, one for what became of them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from accounts.models import Account, Outcome
from core.actor import Actor
from core.errors import DomainError
from core.time import month_end, month_of, months_back
from kpis.models import HealthScore
from kpis.queries.replayed import everything_said
from playbooks.measured.scores import every_score
from playbooks.models import Trigger, plain

Floats = NDArray[np.float64]

MONTHS = 12
STALE = timedelta(days=62)  # a score older than this at a month end is no standing
HORIZONS = (90, 180)
READINGS = {"known": "Known then", "today": "As it stands today"}
MOST_LISTED = 40


class NotReplayable(DomainError):
    """The past of what this trigger watches is not kept."""


@dataclass(frozen=True)
class Start:
    """An account that would have started: the figure before and at the month end; evidence_id: the score, if one."""

    account: Account
    before: Decimal
    now: Decimal
    evidence_id: UUID | None
    left_on: date | None


@dataclass(frozen=True)
class Side:
    """One threshold in one month. left: how many left within the horizon, None while it is not over or unrecorded."""

    starts: list[Start]
    count: int
    hours: Decimal | None
    left: int | None


@dataclass(frozen=True)
class Month:
    """labels: the thresholds of its sides. known: accounts with a known figure at its end."""

    day: date
    known: int
    sides: list[Side]
    labels: list[str]

    @property
    def labelled(self) -> list[tuple[str, Side]]:
        return list(zip(self.labels, self.sides, strict=True))

    @property
    def any(self) -> bool:
        return any(side.count for side in self.sides)


@dataclass(frozen=True)
class Total:
    """A threshold over all months. judged: starts whose horizon is over; left: of these, followed by a churn.
    caught: of the accounts that left in these months, those that had started within the horizon before."""

    threshold: Decimal
    starts: int
    accounts: int
    hours: Decimal | None
    judged: int
    left: int
    caught: int

    @property
    def hit_rate(self) -> float | None:
        """Per cent; None without a start that can be judged."""
        return 100 * self.left / self.judged if self.judged else None


@dataclass(frozen=True)
class Replay:
    """churns: accounts that left in these months; None: no outcome is recorded at all. without_hours: steps of the
    playbook that say no hours, of how many."""

    trigger: Trigger
    reading: str
    horizon: int
    months: list[Month]
    totals: list[Total]
    churns: int | None
    accounts: int
    sample: bool
    hours_each: Decimal | None
    without_hours: tuple[int, int]

    @property
    def told(self) -> bool:
        """Whether any figure was known at any month end: without one nothing can be said."""
        return any(month.known for month in self.months)


@dataclass(frozen=True, eq=False)
class _Past:
    """(accounts, months + 1) figures, NaN unknown, the first column the month before; ids of scores or None."""

    figures: Floats
    ids: list[list[UUID | None]] | None
    evidence: Any


def replay(
    trigger: Trigger, thresholds: Sequence[Decimal], *, by: Actor, on: date, reading: str = "known", horizon: int = 90
) -> Replay:
    """Hold the thresholds against the last twelve month ends, on the accounts that `by` sees.

    Raises NotReplayable for a trigger on renewals: the renewal dates of the past are not kept.
    """
    if trigger.metric == Trigger.Metric.RENEWAL_RISK:
        raise NotReplayable("The renewal dates of past months are not kept, so this trigger cannot be replayed.")
    accounts, sample = _accounts(by)
    days = [month_end(month) for month in months_back(month_of(on), MONTHS + 2)[:-1]]
    ids = [account.pk for account in accounts]
    figures, evidence = _figures(trigger, ids, days, known=reading == "known")
    churned = _churned(ids, on)
    here = _here(accounts, churned, days)
    started = [_started(trigger, limit, figures, here, days) for limit in thresholds]
    hours, without = _hours(trigger)
    months = [
        Month(
            day,
            int((np.isfinite(figures[:, at]) & here[:, at]).sum()),
            [
                _side(accounts, np.flatnonzero(one[:, at]), figures[:, at - 1 : at + 1], evidence(at), churned, day,
                      on, horizon, hours)
                for one in started
            ],
            [plain(limit, trigger.unit) for limit in thresholds],
        )
        for at, day in enumerate(days)
        if at > 0
    ]  # fmt: skip
    recorded = bool(churned)
    within = [day for day in churned.values() if days[0] < day <= on]
    totals = [
        _total(limit, one, accounts, days, churned, on, horizon, hours)
        for limit, one in zip(thresholds, started, strict=True)
    ]
    return Replay(
        trigger, reading, horizon, months, totals, len(within) if recorded else None, len(accounts), sample, hours,
        without,
    )  # fmt: skip


def _accounts(by: Actor) -> tuple[list[Account], bool]:
    """Real accounts as soon as one has a score, else the sample accounts; archived ones were customers then."""
    seen = Account.objects.visible_to(by)
    real = HealthScore.objects.filter(account__in=seen.filter(sample=False)).exists()
    sample = not real and HealthScore.objects.filter(account__in=seen.filter(sample=True)).exists()
    columns = ("pk", "name", "customer_since", "archived_at", "sample")
    return list(seen.filter(sample=sample).order_by("pk").only(*columns)), sample


def _churned(accounts: Sequence[UUID], on: date) -> dict[UUID, date]:
    """The first day on which each account left."""
    rows = Outcome.objects.filter(withdrawn_at=None, kind=Outcome.Kind.CHURNED, on__lte=on).order_by("-on")
    wanted = set(accounts)
    return {account: day for account, day in rows.values_list("account_id", "on") if account in wanted}


def _here(accounts: Sequence[Account], churned: Mapping[UUID, date], days: Sequence[date]) -> Any:
    """(accounts, days): whether each was a customer that day, as far as its dates say."""
    first, last = date(1900, 1, 1), date(9999, 12, 31)
    since = np.array([one.customer_since or first for one in accounts], dtype="datetime64[D]")
    until = np.array(
        [min(churned.get(one.pk, last), one.archived_at.date() if one.archived_at and one.pk not in churned else last)
         for one in accounts], dtype="datetime64[D]",
    )  # fmt: skip
    ends = np.array(days, dtype="datetime64[D]")
    return (since[:, None] <= ends) & (until[:, None] > ends)


def _figures(trigger: Trigger, ids: list[UUID], days: Sequence[date], *, known: bool) -> tuple[Floats, Any]:
    """(accounts, days) in points or in the KPI's unit, and evidence(column)(row) -> id of the score or None."""
    found = np.full((len(ids), len(days)), np.nan)
    if trigger.kpi_id is not None:
        said = everything_said(ids, [trigger.kpi_id], until=days[-1])
        for at, day in enumerate(days):
            found[:, at] = said.sheet(day, known=known)[0][:, 0]
        return found, lambda at: lambda row: None
    scores = every_score(ids, since=days[0] - STALE, until=days[-1])
    rows = []
    for at, day in enumerate(days):
        of_day = scores.known(_end(day)) if known else scores.stands(day)
        points = scores.hundredths(of_day)
        found[:, at] = np.where(points >= 0, points / 100, np.nan)
        rows.append(of_day)
    return found, lambda at: lambda row: scores.id_of(int(rows[at][row]))


def _end(day: date) -> datetime:
    return datetime.combine(day, time(23, 59, 59), tzinfo=UTC)


def _started(trigger: Trigger, limit: Decimal, figures: Floats, here: Any, days: Sequence[date]) -> Any:
    """(accounts, days) of starts: the condition came true since the month end before, and the cool-down is over."""
    threshold = float(limit)
    fires = np.zeros(figures.shape, dtype=bool)
    before, now = figures[:, :-1], figures[:, 1:]
    with np.errstate(invalid="ignore"):  # what is unknown fires nothing
        if trigger.metric == Trigger.Metric.HEALTH_FELL:
            fires[:, 1:] = before - now >= threshold
        elif trigger.metric == Trigger.Metric.KPI_ABOVE:
            fires[:, 1:] = (now > threshold) & (before <= threshold)
        else:
            fires[:, 1:] = (now < threshold) & (before >= threshold)
    fires &= here
    quiet_until = np.full(len(figures), np.datetime64("1900-01-01"), dtype="datetime64[D]")
    for at, day in enumerate(days):
        fires[:, at] &= quiet_until <= np.datetime64(day)
        quiet_until[fires[:, at]] = np.datetime64(day) + trigger.cooldown_days
    return fires


def _hours(trigger: Trigger) -> tuple[Decimal | None, tuple[int, int]]:
    """Hours of one run as its definition gives them; None when a step says none. Then how many do not, of how many."""
    given = [step.get("hours") for step in trigger.playbook.steps]
    missing = sum(one is None for one in given)
    return (None if missing or not given else sum((Decimal(str(one)) for one in given), Decimal(0))), (
        missing,
        len(given),
    )


def _side(
    accounts: Sequence[Account], rows: Any, pair: Floats, evidence: Any, churned: Mapping[UUID, date], day: date,
    on: date, horizon: int, hours: Decimal | None,
) -> Side:  # fmt: skip
    until = day + timedelta(days=horizon)
    starts = [
        Start(
            accounts[row],
            _figure(pair[row, 0]),
            _figure(pair[row, 1]),
            evidence(row),
            left if (left := churned.get(accounts[row].pk)) and left <= until else None,
        )
        for row in rows[:MOST_LISTED].tolist()
    ]
    gone = sum(1 for row in rows.tolist() if day < churned.get(accounts[row].pk, date.max) <= until)
    return Side(
        starts, len(rows), None if hours is None else hours * len(rows), gone if churned and until <= on else None
    )


def _figure(value: float) -> Decimal:
    return Decimal(str(round(float(value), 4)))


def _total(
    limit: Decimal, fires: Any, accounts: Sequence[Account], days: Sequence[date], churned: Mapping[UUID, date],
    on: date, horizon: int, hours: Decimal | None,
) -> Total:  # fmt: skip
    caught, judged, left = set(), 0, 0
    for account, day in _each(fires, accounts, days):
        gone, until = churned.get(account, date.max), day + timedelta(days=horizon)
        if day < gone <= min(until, on):
            caught.add(account)
        if until <= on:
            judged += 1
            left += day < gone <= until
    starts = int(fires.sum())
    return Total(
        limit,
        starts,
        int(fires.any(axis=1).sum()),
        None if hours is None else hours * starts,
        judged,
        left,
        len(caught),
    )


def _each(fires: Any, accounts: Sequence[Account], days: Sequence[date]) -> Iterator[tuple[UUID, date]]:
    for row, at in zip(*np.nonzero(fires), strict=True):
        yield accounts[row].pk, days[at]
