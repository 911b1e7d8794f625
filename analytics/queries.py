"""What a report says: stored scores, values and trail entries, nothing computed for the occasion."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import QuerySet

from accounts.models import Account
from accounts.queries import TimelineItem, entries_of, timeline
from accounts.queries.custom import OwnValue, own_in_reports
from accounts.queries.reported import ReportTable, tables_in_reports
from analytics.charts import Point
from analytics.models import Report
from core.actor import Actor
from core.models import Entry
from core.templatetags.formats import day
from core.time import months_back
from kpis.catalogue import CATEGORIES
from kpis.models import AccountHealth, HealthScore, Kpi, KpiValue
from kpis.models.health import Band
from kpis.queries.exceptions import Moved, moved_by
from kpis.queries.lineage import Used

TRAIL_LINES = 20
MOST_NAMED = 5  # KPIs in "costs most" and "gives most"
SOURCES = {"edit": "Corrected by hand", "api": "API", "sample": "Sample data", "upload": "File"}
CATEGORY_NAMES = {category.code: category.name for category in CATEGORIES}


def reports_seen(*, by: Actor, account_id: UUID | None = None) -> QuerySet[Report]:
    """Reports of accounts that `by` sees; the caller orders and pages them."""
    found = Report.objects.visible_to(by).select_related("account", "job")
    return found.filter(account_id=account_id) if account_id else found


@dataclass(frozen=True)
class CategoryLine:
    """One category of the score: points 0..100 (None unknown), weight and coverage in per cent, contribution."""

    name: str
    score: Decimal | None
    weight: Decimal
    coverage: int
    contribution: Decimal
    band: str


@dataclass(frozen=True)
class KpiLine:
    """One KPI of the score with its value and origin.

    points 0..100; freshness and share (of the score's weight) in per cent; contribution and lost in points of the
    score: what it gives, and what it would give more at 100 points.
    """

    name: str
    category: str
    value: Decimal
    unit: str
    period: date
    points: Decimal
    freshness: int
    share: Decimal
    contribution: Decimal
    lost: Decimal
    source: str
    raw: str


@dataclass(frozen=True)
class CategoryKpis:
    """The KPIs of one category and what they contribute together."""

    name: str
    lines: list[KpiLine]

    @property
    def contribution(self) -> Decimal:
        return sum((line.contribution for line in self.lines), Decimal(0))


@dataclass(frozen=True)
class HealthReport:
    """Everything the health report prints; empty lists and None are printed as 'no data'."""

    account: Account
    score: HealthScore | None
    points: Decimal | None  # the score; None when there is not enough data for one
    exceptions: tuple[Moved, ...]  # caps and floors that moved it
    scorecard: str
    change: Decimal | None
    trend: list[Point]
    categories: list[CategoryLine]
    kpis: list[KpiLine]
    missing: list[str]
    own: list[OwnValue]  # the workspace's own fields that reports show, with a value
    tables: list[ReportTable]  # own records, people and contracts with own fields that reports show
    trail: list[TimelineItem]
    trail_head: Entry | None

    @property
    def best(self) -> list[KpiLine]:
        """The KPIs that give most."""
        giving = [line for line in self.kpis if line.contribution > 0]
        return sorted(giving, key=lambda line: (-line.contribution, line.name))[:MOST_NAMED]

    @property
    def costly(self) -> list[KpiLine]:
        """The KPIs that cost most against their best."""
        costing = [line for line in self.kpis if line.lost > 0]
        return sorted(costing, key=lambda line: (-line.lost, line.name))[:MOST_NAMED]

    @property
    def by_category(self) -> list[CategoryKpis]:
        return [CategoryKpis(name, list(lines)) for name, lines in groupby(self.kpis, key=lambda line: line.category)]

    @property
    def total(self) -> Decimal:
        """Sum of the contributions: the score before caps and floors, or what too little data would give."""
        return sum((line.contribution for line in self.kpis), Decimal(0))


@contextmanager
def snapshot() -> Iterator[None]:
    """One state of the database for everything that is read in the block, whatever is written meanwhile.

    Inside a transaction already begun (tests) it changes nothing.
    """
    nested = connection.in_atomic_block
    with transaction.atomic():
        if not nested:
            with connection.cursor() as cursor:
                cursor.execute("set transaction isolation level repeatable read, read only")
        yield


def health_report(account: Account) -> HealthReport:
    """Gather the report of one account from stored rows. The caller has checked that it may be seen. 10 queries and
    two for each kind of own record that reports show."""
    health = AccountHealth.objects.filter(account=account).select_related("latest__version__scorecard").first()
    score = health.latest if health else None
    items = score.version.definition["items"] if score else []
    names = dict(Kpi.objects.filter(code__in=[item["kpi"] for item in items]).values_list("code", "name"))
    present = {str(part[0]) for part in score.parts} if score else set()
    entries = list(entries_of(account.pk, by=None).order_by("-seq")[:TRAIL_LINES])
    return HealthReport(
        account=account,
        score=score,
        points=health.score if health else None,
        exceptions=moved_by(score.exceptions) if score else (),
        scorecard=str(score.version) if score else "",
        change=health.change if health else None,
        trend=_trend(health) if health else [],
        categories=[_category(part) for part in score.categories] if score else [],
        kpis=_kpi_lines(score, items, names) if score else [],
        missing=_missing(items, names, present),
        own=own_in_reports(account),
        tables=tables_in_reports(account),
        trail=timeline(entries),
        trail_head=Entry.objects.order_by("-seq").first(),
    )


def _missing(items: list[dict[str, Any]], names: dict[str, str], present: set[str]) -> list[str]:
    """Names of the KPIs that count and have no value; what has no weight is shown elsewhere and misses nothing."""
    counting = [item["kpi"] for item in items if Decimal(str(item["weight"]))]
    return [names[code] for code in counting if code not in present and code in names]


def _trend(health: AccountHealth) -> list[Point]:
    """Month ends and, last, the day of the score."""
    months = months_back(health.as_of.replace(day=1), len(health.trend))
    return [
        Point(f"{month:%b %y}", None if score is None else score / 100)
        for month, score in zip(months, health.trend, strict=True)
    ]


def _category(part: dict[str, Any]) -> CategoryLine:
    return CategoryLine(
        name=CATEGORY_NAMES.get(part["code"], part["code"]),
        score=None if part["score"] is None else Decimal(part["score"]) / 100,
        weight=Decimal(str(part["weight"])),
        coverage=int(part["coverage"]),
        contribution=Decimal(part["contribution"]) / 100,
        band=_band(part["score"]),
    )


def _band(hundredths: int | None) -> str:
    if hundredths is None:
        return str(Band.UNKNOWN)
    return str(Band.GREEN if hundredths >= 7500 else Band.YELLOW if hundredths >= 5000 else Band.RED)


def _kpi_lines(score: HealthScore, items: list[dict[str, Any]], names: dict[str, str]) -> list[KpiLine]:
    """In the order of the scorecard: category by category."""
    category = {item["kpi"]: CATEGORY_NAMES.get(item["category"], item["category"]) for item in items}
    values = _values(UUID(str(part[1])) for part in score.parts)
    order = list(dict.fromkeys(category.values()))
    lines = []
    for code, value_id, points, freshness, share, contribution in score.parts:
        value, given = values[UUID(str(value_id))], Decimal(contribution) / 100
        lines.append(
            KpiLine(
                name=names.get(code, code),
                category=category.get(code, ""),
                value=value.value,
                unit=value.kpi.unit,
                period=value.period,
                points=Decimal(points) / 100,
                freshness=int(freshness),
                share=Decimal(share) / 100,
                contribution=given,
                lost=Decimal(share) / 100 - given,
                source=_source(value),
                raw=value.raw,
            )
        )
    return sorted(lines, key=lambda line: order.index(line.category) if line.category in order else len(order))


def _values(ids: Iterable[UUID]) -> dict[UUID, KpiValue]:
    return {value.pk: value for value in KpiValue.objects.filter(pk__in=list(ids)).select_related("upload", "kpi")}


def _source(value: KpiValue) -> str:
    """Where the value came from, as a person would look it up."""
    if value.upload is None:
        return SOURCES[value.origin] + (f", {value.by_label}" if value.origin == "edit" and value.by_label else "")
    place = "!".join(part for part in (value.sheet, value.address) if part)
    return f"{value.upload}, {place}" if place else str(value.upload)


def reports_of_scores(score_ids: Sequence[UUID], by: Actor) -> list[Used]:
    """The finished reports that were made from any of these scores, for the way forward from a value."""
    made = Report.objects.visible_to(by).filter(score_id__in=score_ids).exclude(finished_at=None)
    return [
        Used(
            f"Health report as of {day(report.as_of)}",
            f"/reports/{report.pk}/",
            report.finished_at,
            report.created_by_label,
        )
        for report in made.order_by("-finished_at")
    ]
