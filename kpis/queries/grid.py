"""The KPI grid of one account: KPIs by category, twelve months across, and one cell of it with its history."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import numpy as np
from django.db.models import Exists, OuterRef, Q
from django.utils.timezone import localdate, localtime

from accounts.models import Account
from core.templatetags.formats import day, number
from core.time import month_end, month_of, months_back
from kpis.catalogue import CATEGORIES
from kpis.models import AccountHealth, Kpi, KpiValue, Target
from kpis.queries.assignment import version_for
from kpis.queries.goals import Aim, current_targets
from kpis.scoring import definition_on, kpi_bands, points_of
from kpis.workbook.units import plain

MONTHS = 12
BANDS = ("green", "yellow", "red")

Anchors = Sequence[Sequence[Any]]


def source_text(value: KpiValue) -> str:
    """Where a value came from, in words: file and cell, the person and the reason, or that it is a sample."""
    if value.origin == KpiValue.Origin.UPLOAD:
        file = f"From {value.upload.file_name}, version {value.upload.version}" if value.upload else "From a file"
        return ", ".join(part for part in (file, value.sheet, value.address) if part)
    if value.origin == KpiValue.Origin.SAMPLE:
        return "Sample"
    if value.origin == KpiValue.Origin.FORMULA:
        return f"Computed by its formula on {day(localtime(value.recorded_at))}"
    verb = "Set through the API" if value.origin == KpiValue.Origin.API else "Edited"
    who = f" by {value.by_label}" if value.by_label else ""
    why = f": {value.reason}" if value.reason else ""
    return f"{verb}{who} on {day(localtime(value.recorded_at))}{why}"


def unit_of(kpi: Kpi) -> str:
    """The unit as it is said after a number; "" for one that only names a scale, such as 1-5."""
    return "" if kpi.unit == "score" or kpi.unit[:1].isdigit() or kpi.unit[:1] == "-" else kpi.unit


@dataclass(frozen=True)
class GridCell:
    """One KPI in one month. band: of the value's points; "" when there is no value or no range to judge it by.

    text: as shown, "" without a value. exact: as typed into the form, no digit lost.
    """

    kpi: Kpi
    period: date
    value: KpiValue | None
    band: str

    @property
    def id(self) -> str:
        return f"c-{self.kpi.code}-{self.period:%Y-%m}"

    @property
    def address(self) -> str:
        """Of its form, relative to the grid's own address."""
        return f"{self.kpi.code}/{self.period:%Y-%m}/"

    @property
    def evidence(self) -> str:
        """Where the value is laid open, relative to the grid's own address."""
        return f"../evidence/?kpi={self.kpi.code}&as_of={month_end(self.period).isoformat()}"

    @property
    def text(self) -> str:
        return number(self.value.value) if self.value else ""

    @property
    def exact(self) -> str:
        return plain(self.value.value) if self.value else ""

    @property
    def said(self) -> str:
        """The value with its unit: "85 %"."""
        return f"{self.text} {unit_of(self.kpi)}".strip()

    @property
    def spoken(self) -> str:
        """For people who hear the page: "Seat use, Nov 2026: 85 %, green"."""
        what = self.said if self.value else "no value"
        return f"{self.kpi.name}, {self.period:%b %Y}: {what}{f', {self.band}' if self.band else ''}"

    @property
    def source(self) -> str:
        return source_text(self.value) if self.value else ""


@dataclass(frozen=True)
class GridRow:
    """One KPI with a cell for each month, oldest first."""

    kpi: Kpi
    cells: list[GridCell]
    aim: Aim | None = None

    @property
    def negative(self) -> bool:
        """Whether a minus may have to be typed."""
        return self.kpi.minimum is None or self.kpi.minimum < 0


@dataclass(frozen=True)
class GridGroup:
    """The KPIs of one category; score: points 0..100 of the category now, None when unknown."""

    code: str
    name: str
    score: int | None
    rows: list[GridRow]


@dataclass(frozen=True)
class Grid:
    """months: first days, oldest first. newest: the last of them that has a value. hidden: KPIs without a value."""

    months: list[date]
    groups: list[GridGroup]
    health: AccountHealth | None
    newest: date | None
    hidden: int
    total: int


def grid(account: Account, *, until: date, everything: bool = False, asked: str = "") -> Grid:
    """Twelve months that end with the month of `until`. Five queries, however many KPIs and values there are.

    Rows are the KPIs that have a value of this account in any month, and the one `asked` for by code; with
    `everything`, or when there is no value at all, the whole catalogue.
    """
    months = months_back(month_of(until), MONTHS)
    kpis = list(_kpis(account))
    measured = [kpi for kpi in kpis if kpi.measured or kpi.code == asked]
    shown = kpis if everything or not any(kpi.measured for kpi in kpis) else measured
    values = _values(account, months)
    health = AccountHealth.objects.filter(account=account).first()
    anchors, targets = live_anchors(account), current_targets(account)
    rows: dict[str, list[GridRow]] = defaultdict(list)
    for kpi in shown:
        row = _row(kpi, months, values.get(kpi.pk, {}), anchors.get(kpi.code, kpi.anchors))
        rows[kpi.category].append(replace(row, aim=_aim(targets.get(kpi.code), row)))
    prints = health.fingerprint if health else [None] * len(CATEGORIES)
    groups = [
        GridGroup(category.code, category.name, score, rows[category.code])
        for category, score in zip(CATEGORIES, prints, strict=False)
        if rows[category.code]
    ]
    newest = max((period for of_kpi in values.values() for period in of_kpi), default=None)
    return Grid(months, groups, health, newest, len(kpis) - len(shown), len(kpis))


def _kpis(account: Account) -> Any:
    """The numbered catalogue, and what else has a value; `measured` says which have one."""
    values = KpiValue.objects.current().filter(account=account, kpi=OuterRef("pk"))
    found = Kpi.objects.filter(active=True, portfolio_only=False).annotate(measured=Exists(values))
    return found.filter(Q(number__isnull=False) | Q(measured=True)).order_by("position", "name")


def _values(account: Account, months: list[date]) -> dict[UUID, dict[date, KpiValue]]:
    current = KpiValue.objects.current().filter(account=account, period__gte=months[0], period__lte=months[-1])
    needed = "kpi_id period value recorded_at origin sheet address by_label reason upload__file_name upload__version"
    found: dict[UUID, dict[date, KpiValue]] = defaultdict(dict)
    for value in current.select_related("upload").only(*needed.split()):
        found[value.kpi_id][value.period] = value
    return found


def live_anchors(account: Account) -> dict[str, Anchors]:
    """KPI code -> anchors of the scorecard that applies to the account today: what its score itself judges by."""
    today = localdate()
    card = version_for(account, today=today)
    return {item["kpi"]: item["anchors"] for item in definition_on(card.definition, today)["items"]} if card else {}


def _row(kpi: Kpi, months: list[date], values: dict[date, KpiValue], anchors: Anchors) -> GridRow:
    bands = bands_of([values[month].value if month in values else None for month in months], anchors)
    cells = [GridCell(kpi, month, values.get(month), band) for month, band in zip(months, bands, strict=True)]
    return GridRow(kpi, cells)


def _aim(target: Target | None, row: GridRow) -> Aim | None:
    """The target beside the newest value of the months that are shown."""
    newest = next((cell.value.value for cell in reversed(row.cells) if cell.value), None)
    return Aim(target, row.kpi, newest) if target else None


def bands_of(values: Sequence[Decimal | None], anchors: Anchors) -> list[str]:
    """Band of each value; "" where there is none, and everywhere for a KPI without anchors."""
    if len(anchors) < 2 or all(value is None for value in values):
        return [""] * len(values)
    numbers = np.array([np.nan if value is None else float(value) for value in values])
    pairs = tuple((Decimal(str(value)), int(points)) for value, points in anchors)
    return [str(band) if band in BANDS else "" for band in kpi_bands(points_of(numbers, pairs))]


def grid_cell(account: Account, kpi: Kpi, period: date) -> GridCell:
    """One cell as it stands. Two queries."""
    current = KpiValue.objects.current().filter(account=account, kpi=kpi, period=period)
    value = current.select_related("upload").first()
    if value is None:
        return GridCell(kpi, period, None, "")
    return GridCell(kpi, period, value, bands_of([value.value], live_anchors(account).get(kpi.code, kpi.anchors))[0])


@dataclass(frozen=True)
class SaidOnce:
    """A value the cell has had, and where it came from in words."""

    value: KpiValue
    source: str


def cell_history(account: Account, kpi: Kpi, period: date) -> list[SaidOnce]:
    """Everything the cell has ever said, newest first, taken-back values included."""
    values = KpiValue.objects.filter(account=account, kpi=kpi, period=period).select_related("upload")
    return [SaidOnce(value, source_text(value)) for value in values.order_by("-recorded_at", "-pk")]


def current_values(account: Account, kpis: Sequence[Kpi], months: Sequence[date]) -> dict[tuple[UUID, date], KpiValue]:
    """The values in force of some KPIs and months. One query."""
    found = KpiValue.objects.current().filter(account=account, kpi__in=kpis, period__in=months)
    return {(value.kpi_id, value.period): value for value in found}
