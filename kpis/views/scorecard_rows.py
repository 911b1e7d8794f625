"""The rows of the scorecard editor as its templates show them: one KPI, one category, one cap or floor."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kpis.catalogue.edges import LABELS
from kpis.catalogue.ranges import Range, curve, ranges
from kpis.models import Kpi
from kpis.scoring.document import Difference, differences, shares_of
from kpis.scoring.findings import Finding
from kpis.serializers.scorecard_form import CORNERS, NAMES, ONCE, Read, Typed, frame_of, shares_typed
from kpis.templatetags.measures import scale_words, unit_words
from kpis.workbook import figures
from kpis.workbook.units import plain

IMPACTS = (("3", "High"), ("2", "Medium"), ("1", "Low"), ("0", "Shown only"))
CADENCES = (("7", "Weekly"), ("30", "Monthly"), ("90", "Quarterly"), (ONCE, "Once, never fades"))
SIDE = 100.0  # of the small drawing of points, in its own units
_COLOURS = {"worst": "red", "red": "yellow", "green": "green", "best": "green"}


@dataclass(frozen=True)
class Edge:
    """One edge of a range: a field of the form. band: the better one, which begins here."""

    name: str
    label: str
    value: str
    error: str
    points: int
    band: str


@dataclass(frozen=True)
class Row:
    """A KPI on the card. share: of the score in per cent while every KPI has fresh data; changed: against the text
    it is branched from, "" when not."""

    code: str
    name: str
    kpi: Kpi | None
    category: str
    weight: str
    impacts: list[tuple[str, str]]
    share: float
    cadence: str
    cadences: list[tuple[str, str]]
    expires: str
    edges: list[Edge]
    corners: str
    is_corners: bool
    ranges: tuple[Range, ...]
    path: str
    dated: int
    changed: str
    errors: dict[str, str]
    says: list[Finding]
    open: bool

    @property
    def unit(self) -> str:
        return unit_words(self.kpi.unit) if self.kpi else ""

    @property
    def scale(self) -> str:
        return scale_words(self.kpi.unit) if self.kpi else ""

    @property
    def prefix(self) -> str:
        return f"k.{self.code}."

    @property
    def wide(self) -> bool:
        """Two flanks: eight edges."""
        return len(self.edges) > 4


@dataclass(frozen=True)
class Group:
    """A category with its KPIs. share: as typed, per cent."""

    code: str
    name: str
    share: str
    error: str
    rows: list[Row]
    changed: bool
    says: list[Finding]

    @property
    def field(self) -> str:
        return f"c.{self.code}"

    @property
    def shown(self) -> str:
        """The share as it is drawn, "" while it is none: what is typed may be anything."""
        figure = figures.parse_figure(self.share)
        sensible = figure is not None and not figure.multiplied and 0 <= figure.value <= 100
        return plain(figure.value) if figure is not None and sensible else ""


@dataclass(frozen=True)
class Limit:
    """A cap or a floor of the card: a row of the form."""

    key: str
    values: dict[str, str]
    errors: dict[str, str]
    says: list[Finding]

    @property
    def prefix(self) -> str:
        return f"x.{self.key}."


@dataclass
class Said:
    """Findings by the row they speak of: "items.seat_use", "categories.support", "exceptions.0", "green_from", ""."""

    by_row: dict[str, list[Finding]] = field(default_factory=lambda: defaultdict(list))

    @classmethod
    def of(cls, findings: Sequence[Finding]) -> "Said":
        said = cls()
        for finding in findings:
            said.by_row[row_of(finding)].append(finding)
        return said

    def at(self, row: str) -> list[Finding]:
        return self.by_row.get(row, [])


def row_of(finding: Finding) -> str:
    """The row of the form that a finding stands beside."""
    head, *rest = finding.place.split(".")
    if head in ("items", "categories", "exceptions"):
        return f"{head}.{rest[0]}" if rest else ""
    return head


def groups(
    typed: Typed,
    read: Read,
    *,
    kpis: Mapping[str, Kpi],
    base: Mapping[str, Any] | None,
    said: Said,
    opened: str = "",
) -> list[Group]:
    """Categories with their rows, in the order of the catalogue. base: the text that changes are shown against."""
    changes = {} if base is None else {one.key: one for one in differences(base, read.definition)}
    shares = shares_of(read.definition)
    items = {item["kpi"]: item for item in read.definition["items"]}
    rows: dict[str, list[Row]] = defaultdict(list)
    for code in typed.kpis:
        item = items[code]
        if "anchors" not in item:
            continue  # not a KPI of the catalogue; the form says so above
        row = _row(code, item, typed, read, kpis.get(code), shares, changes, said, opened)
        rows[row.category].append(row)
    return [
        Group(
            code=code,
            name=NAMES.get(code, code),
            share=share,
            error=read.errors.get(f"c.{code}", ""),
            rows=sorted(rows[code], key=lambda row: (row.kpi.position if row.kpi else 9999, row.name)),
            changed=f"categories.{code}" in changes,
            says=said.at(f"categories.{code}"),
        )
        for code, share in shares_typed(typed)
    ]


def _row(
    code: str,
    item: Mapping[str, Any],
    typed: Typed,
    read: Read,
    kpi: Kpi | None,
    shares: Mapping[str, float],
    changes: Mapping[str, Difference],
    said: Said,
    opened: str,
) -> Row:
    prefix = f"k.{code}."
    errors = {name.removeprefix(prefix): words for name, words in read.errors.items() if name.startswith(prefix)}
    anchors, weight, cadence = item["anchors"], typed.of("k", code, "weight"), typed.of("k", code, "cadence")
    is_corners = f"{prefix}{CORNERS}" in typed.fields or kpi is None
    return Row(
        code=code,
        name=kpi.name if kpi else code,
        kpi=kpi,
        category=item["category"],
        weight=weight,
        impacts=_with(IMPACTS, weight, f"{weight} of 3"),
        share=shares.get(f"items.{code}", 0.0),
        cadence=cadence,
        cadences=_with(CADENCES, cadence, f"Every {cadence} days"),
        expires=typed.of("k", code, "expires"),
        edges=[] if is_corners or kpi is None else _edges(typed, kpi, errors),
        corners=typed.of("k", code, CORNERS),
        is_corners=is_corners,
        ranges=ranges(anchors),
        path=_path(anchors),
        dated=len(item.get("ranges") or ()),
        changed=changes[f"items.{code}"].kind if f"items.{code}" in changes else "",
        errors=errors,
        says=said.at(f"items.{code}"),
        open=bool(set(errors) - {"weight"}) or code == opened,
    )


def _path(anchors: Sequence[Sequence[Any]]) -> str:
    """The small line of points; "" where the anchors make none."""
    corners = curve(anchors, width=SIDE, height=SIDE)
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in corners) if corners else ""


def _with(choices: Sequence[tuple[str, str]], value: str, label: str) -> list[tuple[str, str]]:
    """The usual choices, and the one that is in force if it is none of them."""
    known = list(choices)
    return known if value in dict(known) else [*known, (value, label)]


def _edges(typed: Typed, kpi: Kpi, errors: Mapping[str, str]) -> list[Edge]:
    found = []
    for name in frame_of(kpi).names:
        kind = name.partition("_")[0]
        points = {"worst": 0, "red": 50, "green": 75, "best": 100}[kind]
        value = typed.of("k", kpi.code, name)
        found.append(Edge(name, LABELS[name], value, errors.get(name, ""), points, _COLOURS[kind]))
    return found


def limits(typed: Typed, read: Read, kpis: Mapping[str, Kpi], said: Said) -> list[Limit]:
    """Caps and floors in their order; the KPI by its name."""
    found = []
    for place, key in enumerate(typed.rules):
        prefix = f"x.{key}."
        values = {name.removeprefix(prefix): text for name, text in typed.fields.items() if name.startswith(prefix)}
        code = values.get("kpi", "")
        values["kpi"] = kpis[code].name if code in kpis else code
        errors = {name.removeprefix(prefix): words for name, words in read.errors.items() if name.startswith(prefix)}
        found.append(Limit(key, values, errors, said.at(f"exceptions.{place}")))
    return found
