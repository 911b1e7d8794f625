"""Reads of the KPI catalogue: by category, with ranges; one KPI with where it is used."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Max, Prefetch, Q, QuerySet

from core.actor import Actor
from core.models import Entry
from kpis.catalogue import CATEGORIES, Category
from kpis.catalogue.ranges import Range, curve, number_text, ranges
from kpis.events import CatalogueChecked
from kpis.models import Kpi, KpiAlias, KpiValue, ScorecardVersion
from kpis.queries.health import live_version

CADENCES = {"week": "Weekly", "month": "Monthly", "quarter": "Quarterly", "once": "Once"}
BETTER = {"up": "higher", "down": "lower", "band": "within a band"}
WEIGHTS = {0: "Shown only", 1: "Low", 2: "Medium", 3: "High"}
SIDE = 1000.0  # of the square drawing of points, in its own units
APART = 9.0  # per cent of the width that two figures below the drawing need between them


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
        return BETTER.get(self.kpi.direction, "—") if self.ranges else "—"

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

    line: corners of the line in a drawing of SIDE x SIDE. share: of the score at full coverage, in per cent; None
    when it is not on the live scorecard or has no weight.
    """

    row: CatalogueRow
    category: str
    line: list[tuple[float, float]]
    corners: list[tuple[float, int]]
    scorecard: ScorecardVersion | None
    share: float | None
    accounts: int
    values: int
    latest: Any

    @property
    def path(self) -> str:
        return "M" + " L".join(f"{x:g} {y:g}" for x, y in self.line)

    @property
    def dots(self) -> list[tuple[str, str]]:
        """Where the corners are, in per cent from the left and from the top."""
        return [(f"{100 * x / SIDE:.2f}%", f"{100 * y / SIDE:.2f}%") for x, y in self.line]

    @property
    def ticks(self) -> list[tuple[str, str]]:
        """Values below the drawing, in per cent from the left; those that would overlap are left out."""
        shown: list[tuple[float, str]] = []
        last = self.line[-1][0] if self.line else 0.0
        for (x, _), (value, _) in zip(self.line, self.corners, strict=True):
            at = 100 * x / SIDE
            free = not shown or at - shown[-1][0] >= APART
            if x == last or (free and 100 * last / SIDE - at >= APART):
                shown.append((at, number_text(value)))
        return [(f"{at:.2f}%", text) for at, text in shown]


def kpi_page(code: str, *, by: Actor) -> KpiPage:
    """Everything the page of a KPI shows. Raises Kpi.DoesNotExist."""
    kpi = Kpi.objects.prefetch_related(Prefetch("aliases", KpiAlias.objects.order_by("text"))).get(code=code)
    card = live_version()
    stored = KpiValue.objects.visible_to(by).current().filter(kpi=kpi)
    use = stored.aggregate(accounts=Count("account", distinct=True), values=Count("id"), latest=Max("period"))
    return KpiPage(
        row=_row(kpi),
        category=next((c.name for c in CATEGORIES if c.code == kpi.category), kpi.category),
        line=curve(kpi.anchors, width=SIDE, height=SIDE),
        corners=[(float(value), int(points)) for value, points in kpi.anchors],
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


def catalogue_checked() -> Entry | None:
    """The newest entry in which somebody said that the catalogue is right."""
    found: Entry | None = Entry.objects.filter(event=CatalogueChecked.name).order_by("-seq").first()
    return found
