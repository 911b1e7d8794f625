"""What a report says: stored scores, values and trail entries, nothing computed for the occasion."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from accounts.models import Account
from accounts.queries import TimelineItem, entries_of, timeline_item
from analytics.charts import Point
from core.models import Entry
from core.time import months_back
from kpis.catalogue import CATEGORIES
from kpis.models import AccountHealth, HealthScore, Kpi, KpiValue

TRAIL_LINES = 20
SOURCES = {"upload": "file", "edit": "corrected by hand", "api": "API", "sample": "sample data"}


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
    """One KPI of the score with its value and origin; contribution in points, freshness 0..1."""

    name: str
    category: str
    value: Decimal
    unit: str
    period: date
    points: Decimal
    freshness: Decimal
    contribution: Decimal
    lost: Decimal  # points that a value worth 100 would add
    source: str


@dataclass(frozen=True)
class HealthReport:
    """Everything the health report prints; empty lists and None are printed as 'no data'."""

    account: Account
    score: HealthScore | None
    scorecard: str
    change: Decimal | None
    trend: list[Point]
    categories: list[CategoryLine]
    kpis: list[KpiLine]
    missing: list[str]
    trail: list[TimelineItem]
    trail_head: Entry | None

    @property
    def best(self) -> list[KpiLine]:
        """The five KPIs that give most."""
        return sorted(self.kpis, key=lambda line: (-line.contribution, line.name))[:5]

    @property
    def costly(self) -> list[KpiLine]:
        """The five KPIs that cost most against their best."""
        return [line for line in sorted(self.kpis, key=lambda line: (-line.lost, line.name)) if line.lost > 0][:5]

    @property
    def total(self) -> Decimal:
        return sum((line.contribution for line in self.kpis), Decimal(0))


def health_report(account: Account) -> HealthReport:
    """Gather the report of one account from stored rows. The caller has checked that it may be seen. 8 queries."""
    health = AccountHealth.objects.filter(account=account).select_related("latest__scorecard").first()
    score = health.latest if health else None
    kpis = {kpi.code: kpi for kpi in Kpi.objects.filter(active=True)}
    lines = _kpi_lines(score, kpis) if score else []
    present = {str(part[0]) for part in score.parts} if score else set()
    missing = [kpi.name for kpi in kpis.values() if kpi.scored and kpi.code not in present]
    entries = list(entries_of(account.pk).order_by("-seq")[:TRAIL_LINES])
    return HealthReport(
        account=account,
        score=score,
        scorecard=str(score.scorecard) if score else "",
        change=health.change if health else None,
        trend=_trend(health) if health else [],
        categories=_categories(score) if score else [],
        kpis=lines,
        missing=missing,
        trail=[timeline_item(entry) for entry in entries],
        trail_head=Entry.objects.order_by("-seq").first(),
    )


def _trend(health: AccountHealth) -> list[Point]:
    months = months_back(health.as_of.replace(day=1), len(health.trend))
    return [
        Point(f"{month:%b %y}", None if score is None else score / 100)
        for month, score in zip(months, health.trend, strict=True)
    ]


def _categories(score: HealthScore) -> list[CategoryLine]:
    names = {category.code: category.name for category in CATEGORIES}
    return [
        CategoryLine(
            name=names.get(part["code"], part["code"]),
            score=None if part["score"] is None else Decimal(part["score"]) / 100,
            weight=Decimal(str(part["weight"])),
            coverage=int(part["coverage"]),
            contribution=Decimal(part["contribution"]) / 100,
            band=_band(part["score"]),
        )
        for part in score.categories
    ]


def _band(hundredths: int | None) -> str:
    if hundredths is None:
        return "unknown"
    return "green" if hundredths >= 7500 else "yellow" if hundredths >= 5000 else "red"


def _kpi_lines(score: HealthScore, kpis: dict[str, Kpi]) -> list[KpiLine]:
    names = {category.code: category.name for category in CATEGORIES}
    values = _values(UUID(str(part[1])) for part in score.parts)
    lines = []
    for code, value_id, points, freshness, share, contribution in score.parts:
        kpi, value = kpis[code], values[UUID(str(value_id))]
        best = Decimal(share) / 100  # so much of the weight gives so many points at the most
        lines.append(
            KpiLine(
                name=kpi.name,
                category=names.get(kpi.category, kpi.category),
                value=value.value,
                unit=kpi.unit,
                period=value.period,
                points=Decimal(points) / 100,
                freshness=Decimal(freshness) / 100,
                contribution=Decimal(contribution) / 100,
                lost=best - Decimal(contribution) / 100,
                source=_source(value),
            )
        )
    return lines


def _values(ids: Iterable[UUID]) -> dict[UUID, KpiValue]:
    return {value.pk: value for value in KpiValue.objects.filter(pk__in=list(ids)).select_related("upload")}


def _source(value: KpiValue) -> str:
    """Where the value came from, as a person would look it up."""
    if value.upload is None:
        return SOURCES[value.origin] + (f", {value.by_label}" if value.by_label else "")
    place = "!".join(part for part in (value.sheet, value.address) if part)
    return f"{value.upload} {place}, “{value.raw}”" if place else str(value.upload)
