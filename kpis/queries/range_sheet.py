"""A sheet of reference ranges held against the catalogue: what each row would set, and what keeps it from it."""

import csv
import io
from dataclasses import dataclass
from pathlib import Path

from kpis.catalogue.edges import BadEdges, Frame, NewRange, anchors_of
from kpis.catalogue.ranges import Range, ranges
from kpis.models import Kpi
from kpis.queries.dictionary import dictionary
from kpis.scoring.findings import KpiFacts
from kpis.workbook.rangesheet import BOUNDS, TEMPLATE, RangeRow, column_of, edges_of_row, read_range_sheet


@dataclass(frozen=True)
class PreviewRow:
    """One row: the KPI it means, its range now and as the row has it. new None: the row cannot be taken in."""

    row: RangeRow
    kpi: Kpi | None
    new: NewRange | None
    before: tuple[Range, ...]
    after: tuple[Range, ...]
    same: bool

    @property
    def problems(self) -> list[tuple[str, str]]:
        return list(self.row.problems.items())


@dataclass(frozen=True)
class SheetPreview:
    rows: list[PreviewRow]

    @property
    def good(self) -> list[NewRange]:
        """What would be set: rows without a problem that change something."""
        return [one.new for one in self.rows if one.new and not one.same]

    @property
    def wrong(self) -> int:
        return sum(bool(one.row.problems) for one in self.rows)

    @property
    def unchanged(self) -> int:
        return sum(one.same for one in self.rows)

    @property
    def as_text(self) -> str:
        """The sheet again as CSV, numbers as they were read."""
        out = io.StringIO()
        writer = csv.writer(out)
        writer.writerow(TEMPLATE.split(","))
        for one in self.rows:
            higher = {True: "yes", False: "no", None: ""}[one.row.higher]
            bounds = [one.row.bounds.get(name) for name in BOUNDS]
            numbers = ["" if value is None else f"{value:f}" for value in bounds]
            writer.writerow([one.row.name, one.row.unit, higher, *numbers, one.row.description])
        return out.getvalue()


def preview_sheet(path: Path, filename: str) -> SheetPreview:
    """Read a sheet and hold it against the catalogue; nothing is stored. Raises FileRefused."""
    ours, taken = dictionary(), set[str]()
    found = []
    for row in read_range_sheet(path, filename):
        kpi = ours.resolve(row.name) if row.name else None
        if row.name and kpi is None:
            alike = next((near.name for near, _ in ours.suggest(row.name)), "")
            row.problems["kpi name"] = f"No KPI is called so.{f' Did you mean {alike}?' if alike else ''}"
        elif kpi and kpi.code in taken:
            row.problems["kpi name"] = f"{kpi} stands in this sheet twice."
        found.append(_held(row, kpi))
        if kpi:
            taken.add(kpi.code)
    return SheetPreview(found)


def _held(row: RangeRow, kpi: Kpi | None) -> PreviewRow:
    if kpi is None:
        return PreviewRow(row, None, None, (), (), False)
    facts, before = facts_of(kpi), ranges(kpi.anchors)
    edges = edges_of_row(row, facts)
    if row.problems:
        return PreviewRow(row, kpi, None, before, (), False)
    try:
        anchors = anchors_of(edges, Frame(kpi.direction, kpi.unit, kpi.minimum, kpi.maximum))
    except BadEdges as wrong:
        row.problems |= {column_of(edge, facts): text for edge, text in wrong.problems.items()}
        return PreviewRow(row, kpi, None, before, (), False)
    stored = [[float(value), points] for value, points in anchors]
    new = NewRange(kpi.code, edges, source="Reference-range sheet", note=row.description)
    return PreviewRow(row, kpi, new, before, ranges(stored), stored == kpi.anchors)


def facts_of(kpi: Kpi) -> KpiFacts:
    """What the checks of ranges need to know of a KPI."""
    return KpiFacts(
        code=kpi.code, name=kpi.name, unit=kpi.unit, direction=kpi.direction, minimum=kpi.minimum, maximum=kpi.maximum
    )
