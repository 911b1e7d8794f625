"""Scores of the past computed anew, for many accounts and month ends at once, in two readings of what was known.

"known": values recorded by the end of that day and not superseded by then. "true": what is known today of that day,
late values and corrections included. Outcome-like KPIs are left out, and so is what people capped or lifted by hand:
it is the definition that is tested.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import numpy as np
from django.db import connection
from django.db.models import Min
from numpy.typing import NDArray

from accounts.models import Account, Outcome
from core.time import month_end, month_of, months_back, months_between
from kpis.models import KpiValue, ScorecardVersion
from kpis.queries.health import LiveCard
from kpis.scoring import NOT_KNOWN, Scorecard, limit_scores, score_portfolio
from kpis.scoring.assignment import Facts, matches

MOST_MONTHS = 24
# Of a scorecard's rule only what seldom changes tells whom it would have been for then.
LASTING = ("tier", "industry", "region")

_SAID = np.dtype([("kpi", ">i4"), ("period", ">i4"), ("value", ">f8"), ("recorded", ">i8"), ("superseded", ">i8")])
_EPOCH = np.datetime64("2000-01-01")  # PostgreSQL counts days from here
_NEVER = np.iinfo(np.int64).max
_EVERY = f"""
select a.n - 1, (
    select string_agg(int4send((k.n - 1)::int4) || int4send(v.period - date '2000-01-01') || float8send(v.value::float8)
        || int8send((extract(epoch from v.recorded_at) * 1000000)::int8)
        || int8send(coalesce((extract(epoch from v.superseded_at) * 1000000)::int8, {_NEVER})), ''::bytea)
    from kpis_kpivalue v join unnest(%s::uuid[]) with ordinality k(id, n) on k.id = v.kpi_id
    where v.account_id = a.id and v.period <= %s
)
from unnest(%s::uuid[]) with ordinality a(id, n)
"""  # noqa: S608 -- our own constant

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Population:
    """The accounts a definition is tested on, archived ones included; lists in the same order.

    sample: whether they are openly synthetic; real and synthetic accounts are never mixed. renewals: (row, day).
    """

    accounts: list[UUID]
    since: list[date | None]
    churned: list[date | None]
    renewals: list[tuple[int, date]]
    sample: bool


def population(version: ScorecardVersion, *, until: date) -> Population:
    """Real accounts as soon as one of them has a value, else the sample accounts. Everybody's, whoever asks: the record
    is a gate for the whole workspace. Which of them a reader may see by name is for the reader's query."""
    every = Account.objects.all()
    real = KpiValue.objects.filter(account__in=every.filter(sample=False)).exists()
    sample = not real and every.filter(sample=True).exists()
    rule = {name: wanted for name, wanted in version.scorecard.rule.items() if name in LASTING}
    rows = every.filter(sample=sample).order_by("pk").values_list("pk", "customer_since", *LASTING)
    kept = [row for row in rows if matches(rule, Facts(row[0], **dict(zip(LASTING, row[2:], strict=True))), until)]
    accounts = [row[0] for row in kept]
    place = {account: at for at, account in enumerate(accounts)}
    happened = Outcome.objects.filter(withdrawn_at=None, on__lte=until, account__sample=sample)
    churned: list[date | None] = [None] * len(accounts)
    renewals = []
    for account, kind, on in happened.order_by("-on").values_list("account_id", "kind", "on"):
        if account in place and kind == Outcome.Kind.CHURNED:
            churned[place[account]] = on  # the first of several: what came after it is another story
        elif account in place and kind == Outcome.Kind.RENEWED:
            renewals.append((place[account], on))
    return Population(accounts, [row[1] for row in kept], churned, renewals, sample)


def test_days(accounts: Sequence[UUID], *, until: date) -> list[date]:
    """The month ends before the month of `until` that have values, 24 at most, oldest first."""
    first = KpiValue.objects.filter(account_id__in=list(accounts)).aggregate(first=Min("period"))["first"]
    if first is None:
        return []
    months = min(MOST_MONTHS, months_between(first, until))
    return [month_end(month) for month in months_back(month_of(until), months + 1)[:-1]]


@dataclass(frozen=True, eq=False)
class Said:
    """Every value that was ever stored of some accounts, in the order (account, KPI, period, recorded)."""

    account: Ints
    kpi: Ints
    month: Ints  # since 1970
    value: Floats
    recorded: Ints  # microseconds since 1970
    superseded: Ints
    shape: tuple[int, int]

    def sheet(self, day: date, *, known: bool) -> tuple[Floats, Floats, int, int]:
        """(accounts, KPIs) of values and ages on a day, NaN where there is none; then how many cells have a value,
        and how many of these values were recorded after that day."""
        moment = int((np.datetime64(day) + 1).astype("M8[us]").astype(np.int64))
        in_force = (self.recorded < moment) & (self.superseded >= moment) if known else self.superseded == _NEVER
        rows = np.flatnonzero(in_force & (self.month <= int(np.datetime64(day).astype("M8[M]").astype(np.int64))))
        newest = np.full(self.shape, -1, dtype=np.int64)
        newest[self.account[rows], self.kpi[rows]] = rows  # in the order of periods: the last one stays
        there = newest >= 0
        picked = newest[there]
        values, ages = np.full(self.shape, np.nan), np.full(self.shape, np.nan)
        values[there] = self.value[picked]
        ends = (self.month[picked].astype("M8[M]") + 1).astype("M8[D]") - np.timedelta64(1, "D")
        ages[there] = np.maximum((np.datetime64(day) - ends).astype(np.int64), 0)
        return values, ages, int(there.sum()), int((self.recorded[picked] >= moment).sum())


def everything_said(accounts: Sequence[UUID], kpis: Sequence[UUID], *, until: date) -> Said:
    """One query; a few hundred accounts at a time."""
    with connection.cursor() as cursor:
        cursor.execute(_EVERY, [list(kpis), until, list(accounts)])
        packed = [(account, bytes(values)) for account, values in cursor.fetchall() if values]
    rows = np.frombuffer(b"".join(values for _, values in packed), dtype=_SAID)
    counts = [len(values) // _SAID.itemsize for _, values in packed]
    account = np.repeat(np.array([account for account, _ in packed], dtype=np.int64), counts)
    columns = {name: rows[name].astype(np.int64) for name in ("kpi", "period", "recorded", "superseded")}
    order = np.lexsort((columns["recorded"], columns["period"], columns["kpi"], account))
    month = (_EPOCH + columns["period"].astype("m8[D]")).astype("M8[M]").astype(np.int64)
    return Said(
        account[order],
        columns["kpi"][order],
        month[order],
        rows["value"].astype(np.float64)[order],
        columns["recorded"][order],
        columns["superseded"][order],
        (len(accounts), len(kpis)),
    )


@dataclass(frozen=True, eq=False)
class Replay:
    """Scores of some accounts: reading -> one (accounts, days) array of hundredths per card, -1 = unknown.

    cells, late: values that the reading "true" rests on, and those of them recorded after their day.
    """

    scores: dict[str, list[Ints]]
    cells: int
    late: int


def replay(accounts: Sequence[UUID], cards: Sequence[LiveCard], days: Sequence[date]) -> Replay:
    """Score the accounts on every day under every card, without outcome-like KPIs, in both readings."""
    kpis = list(dict.fromkeys(kpi for card in cards for kpi in card.kpi_ids))
    said, column = everything_said(accounts, kpis, until=days[-1]), {kpi: at for at, kpi in enumerate(kpis)}
    scores = {
        reading: [np.full((len(accounts), len(days)), NOT_KNOWN, dtype=np.int64) for _ in cards]
        for reading in ("known", "true")
    }
    cells = late = 0
    for at, day in enumerate(days):
        for reading, of_cards in scores.items():
            values, ages, filled, later = said.sheet(day, known=reading == "known")
            cells, late = (cells + filled, late + later) if reading == "true" else (cells, late)
            for card, found in zip(cards, of_cards, strict=True):
                found[:, at] = _scored(card, values, ages, column, day)
    return Replay(scores, cells, late)


def _scored(card: LiveCard, values: Floats, ages: Floats, column: dict[UUID, int], day: date) -> Any:
    rules, place = tested(card, day), dict(zip(card.rules.kpis, card.kpi_ids, strict=True))
    columns = [column[place[code]] for code in rules.kpis]
    table = values[:, columns]
    return limit_scores(score_portfolio(rules, table, ages[:, columns]), table, {}, on=day).scores.score_hundredths


def tested(card: LiveCard, day: date) -> Scorecard:
    """The rules of that day without outcome-like KPIs: the only ones that may be held against outcomes."""
    return card.rules_on(day).without_outcomes()


def left_out(card: LiveCard) -> list[str]:
    return [item.kpi for item in card.rules.items if item.outcome_like]


def chunks(accounts: Sequence[UUID], size: int = 500) -> Iterable[Sequence[UUID]]:
    return (accounts[start : start + size] for start in range(0, len(accounts), size))
