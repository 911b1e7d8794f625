"""Reads of the KPI catalogue: by category, with ranges; one KPI with where it is used."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Max, Prefetch, Q, QuerySet

from core.actor import Actor
from core.models import Entry
from kpis.catalogue import CATEGORIES, Category
from kpis.catalogue.drawing import Drawing, drawing
from kpis.catalogue.ranges import Range, ranges
from kpis.events import CatalogueChecked
from kpis.models import Kpi, KpiAlias, KpiValue, ScorecardVersion
from kpis.queries.health import live_version

CADENCES = {"week": "Weekly", "month": "Monthly", "quarter": "Quarterly", "once": "Once"}
BETTER = {"up": "higher", "down": "lower", "band": "within a band"}
WEIGHTS = {0: "Shown only", 1: "Low", 2: "Medium", 3: "High"}


@dataclass(frozen=True)
class CatalogueRow:
    """A KPI as the catalogue shows it; `aliases` are spellings besides its name."""

    kpi: Kpi
    ranges: tuple[Range, ...]
    aliases: list[str]

    @property
    def cadence(self) -> str:
        return CADENCES.get(self.kpi.cadence, self.kpi.cadence)

    @property
    def better(self) -> str:
        return BETTER.get(self.kpi.direction, "—") if self.ranges or self.kpi.custom else "—"

    @property
    def weight(self) -> str:
        return WEIGHTS.get(self.kpi.weight, str(self.kpi.weight))


@dataclass(frozen=True)
class CatalogueGroup:
    category: Category
    rows: list[CatalogueRow]


def active_kpis() -> QuerySet[Kpi]:
    found: QuerySet[Kpi] = Kpi.objects.filter(active=True).order_by("position", "name")
    return found


def catalogue_groups(*, search: str = "", everything: bool = False, retired: bool = False) -> list[CatalogueGroup]:
    """The KPIs that score and those made here, by category; `everything` adds what is only stored or shown.

    search: every word must occur in a name, a code or an alias. retired: those that are out of use instead.
    """
    shown = Kpi.objects.filter(active=False).order_by("position", "name") if retired else active_kpis()
    found = shown.prefetch_related(Prefetch("aliases", KpiAlias.objects.order_by("text")))
    for word in search.split()[:5]:
        inside = Q(name__icontains=word) | Q(code__icontains=word) | Q(aliases__text__icontains=word)
        found = found.filter(inside)
    if not everything and not retired:
        found = found.filter(Q(number__isnull=False) | Q(custom=True))
    grouped: dict[str, list[CatalogueRow]] = defaultdict(list)
    for kpi in found.distinct():
        grouped[kpi.category].append(_row(kpi))
    return [CatalogueGroup(category, grouped[category.code]) for category in CATEGORIES if grouped[category.code]]


def _row(kpi: Kpi) -> CatalogueRow:
    spellings = [alias.text for alias in kpi.aliases.all()]
    return CatalogueRow(kpi, ranges(kpi.anchors), [text for text in spellings if text not in (kpi.name, kpi.code)])


@dataclass(frozen=True)
class KpiPage:
    """One KPI: the drawing of its range, where it counts and how much of it is stored.

    share: of the score at full coverage, in per cent; None when it is not on the live scorecard or has no weight.
    """

    row: CatalogueRow
    category: str
    drawing: Drawing
    scorecard: ScorecardVersion | None
    share: float | None
    accounts: int
    values: int
    latest: Any


def kpi_page(code: str, *, by: Actor) -> KpiPage:
    """Everything the page of a KPI shows. Raises Kpi.DoesNotExist."""
    kpi = Kpi.objects.prefetch_related(Prefetch("aliases", KpiAlias.objects.order_by("text"))).get(code=code)
    card = live_version()
    stored = KpiValue.objects.visible_to(by).current().filter(kpi=kpi)
    use = stored.aggregate(accounts=Count("account", distinct=True), values=Count("id"), latest=Max("period"))
    return KpiPage(
        row=_row(kpi),
        category=next((c.name for c in CATEGORIES if c.code == kpi.category), kpi.category),
        drawing=drawing(kpi.anchors),
        scorecard=card,
        share=_share(kpi, card) if card else None,
        **use,
    )


def _share(kpi: Kpi, card: ScorecardVersion) -> float | None:
    """Per cent of the whole score that this KPI decides while every KPI has fresh data."""
    items = card.definition["items"]
    mine = next((item for item in items if item["kpi"] == kpi.code), None)
    if mine is None or not mine["weight"]:
        return None
    weights = card.definition["categories"]
    beside = sum(item["weight"] for item in items if item["category"] == mine["category"])
    return float(100 * weights[mine["category"]] / sum(weights.values()) * mine["weight"] / beside)


def retired_count() -> int:
    return Kpi.objects.filter(active=False).count()


def catalogue_checked() -> Entry | None:
    """The newest entry in which somebody said that the catalogue is right."""
    found: Entry | None = Entry.objects.filter(event=CatalogueChecked.name).order_by("-seq").first()
    return found
