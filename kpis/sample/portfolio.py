"""An openly synthetic portfolio with a known truth: for the demo, for benchmarks, and to test methods against."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from kpis.catalogue import BY_CODE, BY_NUMBER, CATEGORIES, KpiDef
from kpis.freshness import age_in_days, month_end
from kpis.sample.names import REGIONS, annual_revenues, company_names
from kpis.sample.stories import LAG_MONTHS, LONGEST_LAG, TUNED, Story, cast, churn_hazards, health_paths
from kpis.scoring import default_scorecard, score_portfolio

Floats = NDArray[np.float64]

# Two thirds of the catalogue, as a company that has begun to measure would have. By catalogue number.
SAMPLE_NUMBERS = (
    *(1, 2, 3, 4, 5, 6, 8, 9, 10),
    *(13, 14, 15, 16, 17, 18, 19, 20, 21, 24),
    *(27, 28, 29, 30, 31, 32, 35, 36, 37),
    *(40, 41, 42, 46, 47, 48, 51),
    *(52, 55, 56, 57, 62),
)
SAMPLE_KPIS = tuple(BY_NUMBER[number].code for number in SAMPLE_NUMBERS)
DECIMALS = {"%": 1, "% change": 1, "ratio": 2, "h": 1, "working h": 1, "1-5": 1, "1-7": 1}
NOTED_WITH = {"availability": 2, "csm_pulse": 0}
# What the account at the edge reports last: each just on the safe side of a usual playbook trigger.
EDGE_VALUES = {"seat_use": 52.0, "relationship_nps": 12.0}
TARGET_SCORES = {"edge": 50.2, "crossing": 48.5}
RED_BELOW = 50.0
QUARTER_ENDS = (3, 6, 9, 12)


@dataclass(frozen=True)
class SampleAccount:
    """A customer that does not exist. arr: yearly contract value in the tenant's currency.

    truth_health, truth_hazard: the hidden health 0..100 and monthly churn probability per period; a method may
    be measured against them and must never be given them.
    """

    name: str
    industry: str
    region: str
    arr: Decimal
    seats: int
    started_on: date
    renewal_on: date
    story: str
    truth_health: tuple[float, ...]
    truth_hazard: tuple[float, ...]


@dataclass(frozen=True)
class SampleValue:
    """One monthly value in the KPI's unit."""

    account: str
    kpi: str
    period: date
    value: Decimal


@dataclass(frozen=True, eq=False)
class SamplePortfolio:
    """values: (accounts, kpis, periods) in each KPI's unit, rounded as a person would note them, NaN = missing."""

    seed: int
    accounts: tuple[SampleAccount, ...]
    kpis: tuple[str, ...]
    periods: tuple[date, ...]
    values: Floats

    def rows(self) -> Iterator[SampleValue]:
        """Every value, account by account, oldest period first within a KPI."""
        places = [decimals_of(BY_CODE[code]) for code in self.kpis]
        for row, column, period in np.argwhere(~np.isnan(self.values)).tolist():
            value = Decimal(f"{self.values[row, column, period]:.{places[column]}f}")
            yield SampleValue(self.accounts[row].name, self.kpis[column], self.periods[period], value)

    def latest(self, kpis: Sequence[str], *, on: date) -> tuple[Floats, Floats]:
        """The last value of each KPI and its age in days on that day, both (accounts, len(kpis)).

        Only months that were over by then count: nobody knows a month's figure before its end.
        Ready for `score_portfolio`; NaN where an account or the sample has no value of the KPI.
        """
        shape = (len(self.values), len(kpis))
        values, ages = np.full(shape, np.nan), np.full(shape, np.nan)
        column_of = {code: column for column, code in enumerate(self.kpis)}
        for at, code in enumerate(kpis):
            if code not in column_of:
                continue
            for number, period in enumerate(self.periods):
                if month_end(period) > on:
                    break
                cell = self.values[:, column_of[code], number]
                known = ~np.isnan(cell)
                values[known, at] = cell[known]
                ages[known, at] = age_in_days(period, on)
        return values, ages


def decimals_of(kpi: KpiDef) -> int:
    """Decimal places in which values of the KPI are noted."""
    return NOTED_WITH.get(kpi.code, DECIMALS.get(kpi.unit, 0))


def sample_portfolio(
    count: int,
    *,
    on: date,
    seed: int = 4101,
    months: int = 12,
    kpis: Sequence[str] = SAMPLE_KPIS,
    stories: Sequence[Story] = (),
) -> SamplePortfolio:
    """Build `count` accounts with monthly values for the last `months` complete months before `on`.

    The same arguments give the same portfolio. Quarterly KPIs have values at quarter ends only, those measured
    once only in the first month. stories: what happens to each account; left out, they are drawn. "edge" and
    "crossing" land where they should with the usual KPIs and months only.
    Raises ValueError for more than 15,360 accounts, no month, or a KPI that has no ranges.
    """
    definitions = [BY_CODE[code] for code in kpis]
    if unscored := [kpi.name for kpi in definitions if not kpi.anchors]:
        raise ValueError(f"no ranges to draw values from: {', '.join(unscored)}")
    if months < 1:
        raise ValueError("a portfolio has at least one month")
    random = np.random.default_rng(seed)
    periods = last_months(on, months)
    stories = list(stories) or cast(count, random)
    health = health_paths(stories, months, random)
    points = _points(definitions, health, months, random)
    gaps = _gaps(definitions, stories, periods, random)
    values = _values(definitions, points, gaps, random)
    for row, story in enumerate(stories):
        if story.name in TUNED:
            shift, values[row] = _tuned(story, definitions, points[row], gaps[row], periods)
            health[row] = np.clip(health[row] + shift, 0, 100)
    accounts = _accounts(stories, health[:, LONGEST_LAG:], on, random)
    return SamplePortfolio(seed, accounts, tuple(kpis), periods, values)


def last_months(on: date, months: int) -> tuple[date, ...]:
    """First days of the last complete months before `on`, oldest first."""
    number = on.year * 12 + on.month - 1  # months since year 0
    return tuple(date(n // 12, n % 12 + 1, 1) for n in range(number - months, number))


def _points(definitions: list[KpiDef], health: Floats, months: int, random: Generator) -> Floats:
    """Points (accounts, kpis, months): the lagged health, shifted per account, category and KPI, with noise."""
    accounts = len(health)
    leaning = {c.code: random.normal(0, 4, (accounts, 1)) for c in CATEGORIES}
    points = np.empty((accounts, len(definitions), months))
    for column, kpi in enumerate(definitions):
        first = LONGEST_LAG - LAG_MONTHS[kpi.category]
        own = random.normal(0, 7, (accounts, 1))
        noise = random.normal(0, 3, (accounts, months))
        points[:, column] = health[:, first : first + months] + leaning[kpi.category] + own + noise
    return np.clip(points, 0, 100)


def _gaps(
    definitions: list[KpiDef], stories: list[Story], periods: tuple[date, ...], random: Generator
) -> NDArray[np.bool_]:
    """True where there is no value: (accounts, kpis, months)."""
    gaps = random.random((len(stories), len(definitions), len(periods))) < 0.02
    gaps[[story.name in TUNED for story in stories]] = False  # no chance gaps where the demo looks closely
    for column, kpi in enumerate(definitions):
        if kpi.cadence == "quarter":
            gaps[:, column, [period.month not in QUARTER_ENDS for period in periods]] = True
        elif kpi.cadence == "once":
            gaps[:, column, 1:] = True
    for row, story in enumerate(stories):
        if story.silent_months:
            gaps[row, :, -story.silent_months :] = True
        if story.kpis_kept is not None:
            gaps[row, random.permutation(len(definitions))[story.kpis_kept :]] = True
    return gaps


def _values(definitions: list[KpiDef], points: Floats, gaps: NDArray[np.bool_], random: Generator) -> Floats:
    above = random.random(len(points)) < 0.5  # which flank of a two-sided KPI the account is on
    values = np.empty_like(points)
    for column, kpi in enumerate(definitions):
        values[:, column] = np.where(
            above[:, None], _value_of(kpi, points[:, column], True), _value_of(kpi, points[:, column], False)
        )
    return np.where(gaps, np.nan, values)


def _value_of(kpi: KpiDef, points: Floats, above: bool) -> Floats:
    """A value that scores about these points, as it would be noted; `above`: on the upper flank of a band."""
    anchors = [(float(value), float(score)) for value, score in kpi.anchors]
    if kpi.direction == "band":
        plateau = [value for value, score in anchors if score == 100]
        on_flank = (plateau[-1], np.inf) if above else (-np.inf, plateau[0])
        anchors = [(value, score) for value, score in anchors if on_flank[0] <= value <= on_flank[1]]
    anchors.sort(key=lambda anchor: anchor[1])
    value = np.interp(points, [score for _, score in anchors], [value for value, _ in anchors])
    if kpi.code == "champion_status":
        return np.round(value / 50) * 50
    # Anchors lie within the hard limits, and so do values between them; + 0.0 turns -0 into 0.
    return np.round(value, decimals_of(kpi)) + 0.0


def _tuned(
    story: Story,
    definitions: list[KpiDef],
    points: Floats,
    gaps: NDArray[np.bool_],
    periods: tuple[date, ...],
) -> tuple[float, Floats]:
    """The shift in health that brings an account's last score where it should be, and its (kpis, months) values."""
    shifts = np.linspace(-30, 30, 1201)
    shifted = np.clip(points[None] + shifts[:, None, None], 0, 100)
    values = np.empty_like(shifted)
    for column, kpi in enumerate(definitions):
        values[:, column] = _value_of(kpi, shifted[:, column], False)
        if story.name == "edge" and kpi.code in EDGE_VALUES:
            values[:, column, np.flatnonzero(~gaps[column])[-1:]] = EDGE_VALUES[kpi.code]
    values[:, gaps] = np.nan
    trial = SamplePortfolio(0, (), tuple(kpi.code for kpi in definitions), periods, values)
    last, before = (_scores(trial, month_end(period)) for period in (periods[-1], periods[-2:][0]))
    wanted = last >= RED_BELOW if story.name == "edge" else (last < RED_BELOW) & (before >= RED_BELOW)
    distance = np.abs(last - TARGET_SCORES[story.name]) + np.where(wanted, 0, 100)
    best = int(np.argmin(distance))
    return float(shifts[best]), values[best]


def _scores(portfolio: SamplePortfolio, on: date) -> Floats:
    card = default_scorecard()
    return score_portfolio(card, *portfolio.latest(card.kpis, on=on)).base_hundredths / 100


def _accounts(stories: list[Story], health: Floats, on: date, random: Generator) -> tuple[SampleAccount, ...]:
    count = len(stories)
    names, revenues = company_names(count, random), annual_revenues(count, random)
    regions = random.integers(0, len(REGIONS), count)
    tenure = random.integers(13, 72, count)
    seat_price = random.uniform(250, 900, count)
    hazards = churn_hazards(health)
    accounts = []
    for row, story in enumerate(stories):
        started = last_months(on, int(tenure[row]))[0]
        accounts.append(
            SampleAccount(
                name=names[row][0],
                industry=names[row][1],
                region=REGIONS[regions[row]],
                arr=Decimal(int(revenues[row])),
                seats=max(5, int(revenues[row] / seat_price[row])),
                started_on=started,
                renewal_on=_next_anniversary(started, on),
                story=story.name,
                truth_health=tuple(np.round(health[row], 2).tolist()),
                truth_hazard=tuple(np.round(hazards[row], 5).tolist()),
            )
        )
    return tuple(accounts)


def _next_anniversary(started: date, on: date) -> date:
    this_year = started.replace(year=on.year)
    return this_year if this_year > on else started.replace(year=on.year + 1)
