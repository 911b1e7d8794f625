"""Rows of a scorecard's text as a person reads them, side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from kpis.catalogue.ranges import Range, number_text, ranges
from kpis.scoring.document import Difference

NOTHING = "—"
PARTS = {
    "value": "",
    "weight": "Weight",
    "category": "Category",
    "anchors": "Points",
    "ranges": "Dated ranges",
    "cadence_days": "Expected every",
    "expires_days": "Gone after",
    "outcome_like": "Outcome",
    "kpi": "KPI",
    "kind": "Kind",
    "limit": "Limit",
    "op": "When",
    "reason": "Reason",
    "order": "Order",
}
OPERATORS = {"<=": "is at most", ">=": "is at least", "<": "is below", ">": "is above"}
FIGURES = {"green_from": "Healthy from", "yellow_from": "Watch from", "minimum_coverage": "Least coverage"}


@dataclass(frozen=True)
class Line:
    """One part of a row: what it is called, before and after; NOTHING where there is none."""

    label: str
    before: str
    after: str


@dataclass(frozen=True)
class Row:
    """A difference in words. kind: added, removed, changed. share_before, share_after: per cent, None = none."""

    name: str
    kind: str
    lines: tuple[Line, ...]
    share_before: float | None
    share_after: float | None
    kpi: str

    @property
    def moves(self) -> bool:
        """Whether the share is another as it is printed."""
        return round(self.share_before or 0, 1) != round(self.share_after or 0, 1)

    @property
    def shift(self) -> float | None:
        """Percentage points of the score by which it decides more; what is not on a card decides nothing there."""
        if self.share_before is None and self.share_after is None:
            return None
        return (self.share_after or 0) - (self.share_before or 0)


def row_of(one: Difference, names: Mapping[str, str]) -> Row:
    """names: code of a KPI or category -> its name."""
    named = one.after if one.after is not None else one.before
    kpi = named["kpi"] if isinstance(named, Mapping) else ""
    return Row(
        name=row_name(one.key, named, names),
        kind=one.kind,
        lines=_lines(one, names),
        share_before=one.share_before,
        share_after=one.share_after,
        kpi=kpi if one.group == "items" else "",
    )


def row_name(key: str, row: Any, names: Mapping[str, str]) -> str:
    """What a row is called: the KPI, the category, the figure, or "Cap at 60: Champion status <= 0"."""
    head, dot, code = key.partition(".")
    if not dot:
        return FIGURES.get(key, key)
    if head == "exceptions" and isinstance(row, Mapping):
        return exception_text(row, names)
    if head == "items" and isinstance(row, Mapping):
        code = row["kpi"]
    return names.get(code, code.replace("_", " "))


def exception_text(rule: Mapping[str, Any], names: Mapping[str, str]) -> str:
    code, kind = str(rule.get("kpi", "")), str(rule.get("kind", ""))
    operator = OPERATORS.get(str(rule.get("op", "")), str(rule.get("op", "")))
    condition = f"{names.get(code, code).partition(' (')[0]} {operator} {part_text('value', rule.get('value'), names)}"
    return f"{kind.capitalize()} at {part_text('limit', rule.get('limit'), names)} when {condition}"


def _lines(one: Difference, names: Mapping[str, str]) -> tuple[Line, ...]:
    if one.group == "figures" or not isinstance(one.after or one.before, Mapping):
        label = "Weight" if one.group == "categories" else ""
        name = one.key if one.group == "figures" else "weight"
        return (Line(label, part_text(name, one.before, names), part_text(name, one.after, names)),)
    before, after = one.before or {}, one.after or {}
    shown = one.parts if one.kind == "changed" else ("weight", "anchors") if one.group == "items" else ("reason",)
    return tuple(
        Line(
            PARTS.get(part, part.replace("_", " ").capitalize()) or "Value",
            part_text(part, before.get(part), names) if one.before is not None else NOTHING,
            part_text(part, after.get(part), names) if one.after is not None else NOTHING,
        )
        for part in shown
    )


def part_text(part: str, value: Any, names: Mapping[str, str]) -> str:
    """One figure of a row in words."""
    match part:
        case "cadence_days":
            return "once, never fades" if value is None else f"{value} days"
        case "expires_days":
            return "as its cadence says" if value is None else f"{value} days"
        case "outcome_like":
            return "yes" if value else "no"
        case "op":
            return OPERATORS.get(value, str(value))
        case "category" | "kpi":
            return names.get(value, str(value))
        case "anchors":
            return anchors_text(value or [])
        case "ranges":
            return dated_text(value or [])
        case "minimum_coverage":
            return NOTHING if value is None else f"{number_text(round(float(value) * 100, 2))}%"
    if isinstance(value, int | float) and not isinstance(value, bool):
        return number_text(value)
    return NOTHING if value in (None, "") else str(value)


def anchors_text(anchors: Sequence[Sequence[float]]) -> str:
    """The pairs as they stand: "0 gives 0, 50 gives 50"."""
    return ", ".join(f"{number_text(value)} gives {number_text(points)}" for value, points in anchors) or NOTHING


def dated_text(dated: Sequence[Mapping[str, Any]]) -> str:
    """ "from 1 Jan 2026: 0 gives 0, …"; a day that is none reads as it stands."""
    return "; ".join(f"from {_day(one['from'])}: {anchors_text(one['anchors'])}" for one in dated) or "none"


def _day(text: str) -> str:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return text
    return f"{day.day} {day:%b %Y}"


def ranges_or_none(anchors: Sequence[Sequence[float]]) -> tuple[Range, ...]:
    """Bands along the values; () where the anchors of a draft do not make any yet."""
    try:
        return ranges(anchors)
    except (ValueError, TypeError, ZeroDivisionError, IndexError):
        return ()
