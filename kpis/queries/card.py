"""The card of a KPI in the metric dictionary: its ranges through time, who reads it, what changed, how it is made."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from core.models import Entry
from kpis.catalogue.published import source_words
from kpis.catalogue.ranges import Range, ranges
from kpis.events import (
    BenchmarkChanged,
    KpiAliasChanged,
    KpiCreated,
    KpiEdited,
    KpiRetired,
    RangeSet,
    RangeTookEffect,
    RangeWithdrawn,
    UnknownKpiSettled,
)
from kpis.models import Benchmark, Formula, Kpi, KpiAlias, ReferenceRange, ScorecardVersion
from kpis.queries.goals import benchmarks_of
from kpis.queries.uses import Use, uses_of
from kpis.scoring.scorecard import definition_on

LOG = (
    KpiCreated, KpiEdited, KpiRetired, KpiAliasChanged, RangeSet, RangeWithdrawn, RangeTookEffect, BenchmarkChanged,
    UnknownKpiSettled,
)  # fmt: skip
LOG_MOST = 20
AGGREGATIONS = {"last": "the last month counts", "mean": "the mean of its months", "sum": "the sum of its months"}


@dataclass(frozen=True)
class DatedRange:
    """A range with the days it holds; until None: no later one is known. state: now, later, past or taken back."""

    range: ReferenceRange
    parts: tuple[Range, ...]
    until: date | None
    state: str


@dataclass(frozen=True)
class Behind:
    """A live scorecard that was published with another range than the one in force."""

    version: ScorecardVersion
    parts: tuple[Range, ...]


@dataclass(frozen=True)
class Card:
    """What the dictionary says of one KPI beyond its own fields."""

    ranges: list[DatedRange]
    behind: list[Behind]
    uses: list[Use]
    benchmarks: list[Benchmark]
    formula: Formula | None
    log: list[Entry]
    origin: str
    grain: str
    names: list[tuple[KpiAlias, bool]]  # and whether it may be taken away


def card_of_kpi(kpi: Kpi, *, on: date, own_names: frozenset[str]) -> Card:
    """Ten queries. own_names: normalised spellings that the KPI always answers to."""
    formula = Formula.objects.filter(kpi=kpi, live=True).first()
    aliases = kpi.aliases.order_by("text")
    return Card(
        ranges=dated_ranges(kpi, on=on),
        behind=scorecards_behind(kpi, on=on),
        uses=uses_of(kpi.code),
        benchmarks=benchmarks_of(kpi),
        formula=formula,
        log=change_log(kpi),
        origin=_origin(kpi, formula),
        grain=grain_of(kpi),
        names=[(alias, alias.normalised not in own_names) for alias in aliases],
    )


def grain_of(kpi: Kpi) -> str:
    """One value for what: "account × month; a quarter: the mean of its months"."""
    level = "the whole portfolio" if kpi.portfolio_only else "account"
    return f"{level} × month; over longer periods {AGGREGATIONS.get(kpi.aggregation, kpi.aggregation)}"


def _origin(kpi: Kpi, formula: Formula | None) -> str:
    if formula:
        return f"Computed by formula, version {formula.version}"
    if kpi.custom:
        return "Made in this workspace; values come from files, edits and the API"
    if kpi.template_only:
        return "The 59-KPI template; values come from files, edits and the API"
    if not kpi.source_keys:
        return "A figure of the whole portfolio"
    return f"The KPI catalogue ({source_words(kpi.source_keys)}); values come from files, edits and the API"


def dated_ranges(kpi: Kpi, *, on: date) -> list[DatedRange]:
    """Every range that counts or was taken back or replaced, the newest day first."""
    every = list(ReferenceRange.objects.filter(kpi=kpi).order_by("-valid_from", "-created_at"))
    counting = [one for one in every if one.superseded_at is None]
    now = next((one.pk for one in counting if one.valid_from <= on), None)
    later = {
        one.pk: after.valid_from for one, after in zip(counting[1:], counting, strict=False)
    }  # when the one after it begins
    found = []
    for one in every:
        state = "now" if one.pk == now else "later" if one.valid_from > on else "past"
        if one.superseded_at is not None:
            state = "taken back"
        found.append(DatedRange(one, ranges(one.anchors), later.get(one.pk), state))
    return found


def scorecards_behind(kpi: Kpi, *, on: date) -> list[Behind]:
    """Live scorecards whose range of the KPI is another than the one in force: theirs was frozen at publication."""
    live = ScorecardVersion.objects.filter(
        state=ScorecardVersion.State.LIVE, definition__items__contains=[{"kpi": kpi.code}]
    ).select_related("scorecard")
    found = []
    for version in live:
        items = definition_on(version.definition, on)["items"]
        anchors = next(item["anchors"] for item in items if item["kpi"] == kpi.code)
        if not same_anchors(anchors, kpi.anchors):
            found.append(Behind(version, ranges(anchors)))
    return found


def same_anchors(one: Sequence[Sequence[Any]], other: Sequence[Sequence[Any]]) -> bool:
    def plain(anchors: Sequence[Sequence[Any]]) -> list[tuple[float, int]]:
        return [(float(value), int(points)) for value, points in anchors]

    return plain(one) == plain(other)


def change_log(kpi: Kpi, most: int = LOG_MOST) -> list[Entry]:
    """What was changed in the definition, newest first."""
    names = [event.name for event in LOG]
    return list(Entry.objects.filter(event__in=names, data__kpi=kpi.code).order_by("-seq")[:most])


def last_edit(kpi: Kpi) -> Entry | None:
    """The newest change of the KPI or its range: who, when."""
    return next(iter(change_log(kpi, 1)), None)
