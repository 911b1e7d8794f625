"""Reads of the KPI catalogue: by category, with ranges; one KPI with where it is used."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Max, Prefetch, Q, QuerySet

from core.actor import Actor
from core.models import Entry
from kpis.catalogue import BY_CODE, CATEGORIES, Category
from kpis.catalogue.ranges import Range, curve, ranges
from kpis.events import CatalogueChecked
from kpis.models import Kpi, KpiAlias, KpiValue, Scorecard

CADENCES = {"week": "Weekly", "month": "Monthly", "quarter": "Quarterly", "once": "Once"}
WEIGHTS = {0: "Shown only", 1: "Low", 2: "Medium", 3: "High"}
WIDTH, HEIGHT = 320, 120  # of the drawing of points, in its own units


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
    def weight(self) -> str:
        return WEIGHTS.get(self.kpi.weight, str(self.kpi.weight))


@dataclass(frozen=True)
class CatalogueGroup:
    category: Category
    rows: list[CatalogueRow]


def active_kpis() -> QuerySet[Kpi]:
    found: QuerySet[Kpi] = Kpi.objects.filter(active=True).order_by("position", "name")
    return found


def catalogue_groups(*, search: str = "", everything: bool = False) -> list[CatalogueGroup]:
    """The KPIs that score, by category; `everything` adds those that are stored or shown without a score.

    search: every word must occur in a name, a code or an alias.
    """
    found = active_kpis().prefetch_related(Prefetch("aliases", KpiAlias.objects.order_by("text")))
    for word in search.split()[:5]:
        inside = Q(name__icontains=word) | Q(code__icontains=word) | Q(aliases__text__icontains=word)
        found = found.filter(inside)
    if not everything:
        found = found.filter(number__isnull=False)
    grouped: dict[str, list[CatalogueRow]] = defaultdict(list)
    for kpi in found.distinct():
        grouped[kpi.category].append(_row(kpi))
    return [CatalogueGroup(category, grouped[category.code]) for category in CATEGORIES if grouped[category.code]]


def _row(kpi: Kpi) -> CatalogueRow:
    spellings = [alias.text for alias in kpi.aliases.all()]
    return CatalogueRow(kpi, ranges(kpi.anchors), [text for text in spellings if text not in (kpi.name, kpi.code)])


@dataclass(frozen=True)
class KpiPage:
    """One KPI: its ranges, the line of its points, where it counts and how much of it is stored.

    line: corners of the line in a drawing of WIDTH x HEIGHT. share: of the score at full coverage, in per cent; None
    when it is not on the live scorecard or has no weight.
    """

    row: CatalogueRow
    category: str
    line: list[tuple[float, float]]
    corners: list[tuple[float, int]]
    scorecard: Scorecard | None
    share: float | None
    accounts: int
    values: int
    latest: Any

    @property
    def path(self) -> str:
        return " ".join(f"{x},{y}" for x, y in self.line)


def kpi_page(code: str, *, by: Actor) -> KpiPage:
    """Everything the page of a KPI shows. Raises Kpi.DoesNotExist."""
    kpi = Kpi.objects.prefetch_related(Prefetch("aliases", KpiAlias.objects.order_by("text"))).get(code=code)
    card = Scorecard.objects.filter(live=True).first()
    stored = KpiValue.objects.visible_to(by).current().filter(kpi=kpi)
    use = stored.aggregate(accounts=Count("account", distinct=True), values=Count("id"), latest=Max("period"))
    return KpiPage(
        row=_row(kpi),
        category=next((c.name for c in CATEGORIES if c.code == kpi.category), kpi.category),
        line=curve(kpi.anchors, width=WIDTH, height=HEIGHT),
        corners=[(float(value), int(points)) for value, points in kpi.anchors],
        scorecard=card,
        share=_share(kpi, card) if card else None,
        **use,
    )


def _share(kpi: Kpi, card: Scorecard) -> float | None:
    """Per cent of the whole score that this KPI decides while every KPI has fresh data."""
    items = card.definition["items"]
    mine = next((item for item in items if item["kpi"] == kpi.code), None)
    if mine is None or not mine["weight"]:
        return None
    weights = card.definition["categories"]
    beside = sum(item["weight"] for item in items if item["category"] == mine["category"])
    return float(100 * weights[mine["category"]] / sum(weights.values()) * mine["weight"] / beside)


def catalogue_checked() -> Entry | None:
    """The newest entry in which somebody said that the catalogue is right."""
    found: Entry | None = Entry.objects.filter(event=CatalogueChecked.name).order_by("-seq").first()
    return found


def definition_words(code: str) -> str:
    """What the catalogue's own name adds in brackets, e.g. how the KPI is measured; "" when nothing."""
    definition = BY_CODE.get(code)
    if definition is None or "(" not in definition.name:
        return ""
    return definition.name.partition("(")[2].rstrip(")")
