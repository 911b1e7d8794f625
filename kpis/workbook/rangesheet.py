"""A sheet of reference ranges: one KPI a row, with the smallest and largest value that is critical, at risk, healthy.

The inner ends are the edges and belong to the better band, so one has to end where the other begins. The outer ends
are the worst and the best; what is left out follows by the rule of `kpis.catalogue.edges`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import islice
from pathlib import Path

from kpis.scoring.checker_ranges import check_bands
from kpis.scoring.findings import KpiFacts
from kpis.workbook.figures import is_missing, parse_figure
from kpis.workbook.grids import Grid, Mark, Row, Value, filled, text_of
from kpis.workbook.headers import normalised
from kpis.workbook.inspection import inspect_file
from kpis.workbook.readings import PERCENT_FORMAT, unit_of_format
from kpis.workbook.textfile import open_text
from kpis.workbook.types import FileRefused
from kpis.workbook.units import unit_named
from kpis.workbook.workbookfile import open_workbook

BANDS = ("critical", "risk", "healthy")
BOUNDS = tuple(f"{band} {end}" for band in BANDS for end in ("min", "max"))
NAMES = {"kpi name", "kpi", "kpi parameter", "name", "metric"}
OTHERS = {"unit": "unit", "higher is better": "higher", "description": "description"}
HEAD_ROWS, MOST_ROWS = 20, 2000
YES = frozenset(["yes", "y", "true", "1", "up", "higher", "ja"])
NO = frozenset(["no", "n", "false", "0", "down", "lower", "nein"])
TEMPLATE = (
    "kpi_name,unit,higher_is_better,critical_min,critical_max,risk_min,risk_max,healthy_min,healthy_max,description"
)


@dataclass
class RangeRow:
    """One row of the sheet as read. bounds: "critical min" … -> number, None where the cell is empty.

    higher: None where it is not said. problems: column -> what is wrong; a row with one is not taken in.
    """

    number: int
    name: str
    unit: str = ""
    higher: bool | None = None
    bounds: dict[str, Decimal | None] = field(default_factory=dict)
    description: str = ""
    problems: dict[str, str] = field(default_factory=dict)


def read_range_sheet(path: Path | str, filename: str) -> list[RangeRow]:
    """The rows of the first sheet that holds reference ranges. Raises FileRefused."""
    path = Path(path)
    inspect_file(path, filename)
    is_text = not filename.lower().strip().endswith((".xlsx", ".xlsm", ".xltx", ".xltm"))
    source = open_text(path, filename, {}) if is_text else open_workbook(path)
    for grid in source.grids:
        head = _head(grid)
        if head:
            return list(_rows(grid, *head))
    raise FileRefused(
        "no_table",
        "No table of reference ranges was found. Its heading row needs kpi_name and critical_max, risk_min …",
    )


def _head(grid: Grid) -> tuple[int, dict[str, int]] | None:
    """The number of the heading row, and the columns by what they hold, counted from 0."""
    for row in islice(grid.rows(), HEAD_ROWS):
        columns: dict[str, int] = {}
        for place, value in enumerate(row.values):
            word = normalised(text_of(value))
            role = "name" if word in NAMES else OTHERS.get(word) or (word if word in BOUNDS else None)
            if role:
                columns.setdefault(role, place)
        if "name" in columns and len(set(columns) & set(BOUNDS)) > 1:
            return row.number, columns
    return None


def _rows(grid: Grid, heading: int, columns: Mapping[str, int]) -> Iterator[RangeRow]:
    taken = 0
    for row in grid.rows():
        if row.number <= heading or not any(filled(value) for value in row.values):
            continue
        taken += 1
        if taken > MOST_ROWS:
            raise FileRefused("too_many", f"A sheet of ranges has at most {MOST_ROWS:,} rows.")
        yield _row(row, columns)


def _row(row: Row, columns: Mapping[str, int]) -> RangeRow:
    def cell(role: str) -> Value:
        place = columns.get(role)
        return None if place is None or place >= len(row.values) else row.values[place]

    read = RangeRow(row.number, text_of(cell("name")).strip()[:200], text_of(cell("unit")).strip()[:40])
    read.description = text_of(cell("description")).strip()[:400]
    if not read.name:
        read.problems["kpi name"] = "The name of the KPI is missing."
    said = normalised(text_of(cell("higher")))
    read.higher = True if said in YES else False if said in NO else None
    if said and read.higher is None:
        read.problems["higher is better"] = f"“{said}” is neither yes nor no."
    for bound in BOUNDS:
        value = cell(bound)
        if not filled(value) or (isinstance(value, str) and is_missing(value)):
            read.bounds[bound] = None
            continue
        mark = row.marks.get(columns[bound] + 1, Mark())
        number = _number(value, mark)
        read.bounds[bound] = number
        if number is None:
            read.problems[bound] = f"“{text_of(value)[:40]}” is not a number, or may be read in two ways."
    return read


def _number(value: Value, mark: Mark) -> Decimal | None:
    if isinstance(value, float) and not isinstance(value, bool):
        number = Decimal(f"{value:.15g}")
        return number * 100 if unit_of_format(mark.number_format) == PERCENT_FORMAT else number
    figure = parse_figure(value) if isinstance(value, str) else None
    return None if figure is None or figure.grouped is not None else figure.value


def edges_of_row(row: RangeRow, facts: KpiFacts) -> dict[str, Decimal | None]:
    """The edges that the row means for its KPI; what is wrong is added to `row.problems` at its column."""
    if facts.direction == "band":
        row.problems["kpi name"] = "It is best within a band, which a row of this sheet cannot say. Set it on its page."
        return {}
    if row.higher is not None and row.higher != (facts.direction == "up"):
        better = "higher" if facts.direction == "up" else "lower"
        row.problems["higher is better"] = f"The catalogue says that {better} is better for this KPI."
    said = unit_named(row.unit)
    if row.unit and facts.unit and row.unit != facts.unit and said != unit_named(facts.unit):
        row.problems["unit"] = f"The catalogue measures it in {facts.unit}, not in {row.unit}."
    if row.problems:
        return {}
    order = BANDS if facts.direction == "up" else BANDS[::-1]
    joints = [_joint(row, below, above) for below, above in zip(order, order[1:], strict=False)]
    if row.problems:
        return {}
    row.problems |= _checked(row, order, facts)
    low, high = row.bounds.get(f"{order[0]} min"), row.bounds.get(f"{order[-1]} max")
    red, green = joints if facts.direction == "up" else joints[::-1]
    worst, best = (low, high) if facts.direction == "up" else (high, low)
    return {"worst": worst, "red": red, "green": green, "best": best}


def column_of(edge: str, facts: KpiFacts) -> str:
    """The column of the sheet in which an edge stands, for what is wrong with it."""
    up = facts.direction == "up"
    columns = {"worst": "critical min" if up else "critical max", "best": "healthy max" if up else "healthy min"}
    inner = {"red": "critical max" if up else "critical min", "green": "healthy min" if up else "healthy max"}
    return (columns | inner).get(edge, "kpi name")


def _joint(row: RangeRow, below: str, above: str) -> Decimal | None:
    """Where one band ends and the next begins; said once or twice."""
    end, start = row.bounds.get(f"{below} max"), row.bounds.get(f"{above} min")
    if end is None and start is None:
        row.problems[f"{above} min"] = f"Say where {below} ends and {above} begins."
    return end if end is not None else start


def _checked(row: RangeRow, order: Sequence[str], facts: KpiFacts) -> dict[str, str]:
    """Gaps, overlaps and wrong direction, as the scorecard's checker finds them."""
    spans: dict[str, list[Decimal | None]] = {}
    for place, band in enumerate(order):
        low = None if place == 0 else row.bounds.get(f"{band} min")
        high = None if place == 2 else row.bounds.get(f"{band} max")
        if place and low is None:
            low = row.bounds.get(f"{order[place - 1]} max")
        if place < 2 and high is None:
            high = row.bounds.get(f"{order[place + 1]} min")
        spans[band] = [low, high]
    critical = [value for value in (row.bounds["critical min"], row.bounds["critical max"]) if value is not None]
    healthy = [value for value in (row.bounds["healthy min"], row.bounds["healthy max"]) if value is not None]
    if critical and healthy:
        up = facts.direction == "up"
        if (min(critical) >= max(healthy)) if up else (max(critical) <= min(healthy)):
            words = ("Higher", "above") if up else ("Lower", "below")
            return {"critical min": f"{words[0]} is better for this KPI, but critical lies {words[1]} healthy."}
    found: dict[str, str] = {}
    for finding in check_bands(spans, facts, "row"):
        band = finding.place.rpartition(".")[2]
        column = f"{band} min" if band in BANDS else "healthy min"
        found.setdefault(column, f"{finding.message.partition(': ')[2]} {finding.fix}")
    return found
