"""Reference ranges as people think of them: the edges between red, yellow and green, made into anchors and read back.

Worst is worth 0 points, the edge of red and yellow 50, the edge of yellow and green 75, best 100. An edge belongs to
the better band. A two-sided KPI has the four of them on each side of its plateau.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from kpis.catalogue.anchors import BEST, GREEN_EDGE, HUNDRED, RED_EDGE, WORST, Anchors

Edges = Mapping[str, Decimal | None]

ONE_SIDED = ("worst", "red", "green", "best")
TWO_SIDED = (
    "worst_low", "red_low", "green_low", "best_low", "best_high", "green_high", "red_high", "worst_high",
)  # fmt: skip
LABELS = {
    "worst": "Worst",
    "red": "Red to yellow",
    "green": "Yellow to green",
    "best": "Best",
    "worst_low": "Worst, low side",
    "red_low": "Red to yellow, low side",
    "green_low": "Yellow to green, low side",
    "best_low": "Best from",
    "best_high": "Best up to",
    "green_high": "Green to yellow, high side",
    "red_high": "Yellow to red, high side",
    "worst_high": "Worst, high side",
}
POINTS = {"worst": WORST, "red": RED_EDGE, "green": GREEN_EDGE, "best": BEST}


class BadEdges(ValueError):
    """Edges that make no range; `problems`: name of the edge -> what is wrong, worded for a person."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("; ".join(problems.values()))
        self.problems = dict(problems)


@dataclass(frozen=True)
class Frame:
    """What a KPI says before any range: direction up, down or band; hard limits, None where there is none."""

    direction: str
    unit: str = ""
    minimum: Decimal | None = None
    maximum: Decimal | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The edges that a range of this KPI has, along its values from low to high."""
        if self.direction == "band":
            return TWO_SIDED
        return ONE_SIDED if self.direction == "up" else ONE_SIDED[::-1]

    def clamp(self, value: Decimal) -> Decimal:
        if self.minimum is not None:
            value = max(value, self.minimum)
        return value if self.maximum is None else min(value, self.maximum)


@dataclass(frozen=True)
class NewRange:
    """A range to be: the KPI's code, its edges, and what a source says of it."""

    kpi: str
    edges: Edges
    never_red: bool = False
    source: str = ""
    source_year: int | None = None
    note: str = ""


def anchors_of(edges: Edges, frame: Frame, *, never_red: bool = False) -> Anchors:
    """Anchors, sorted by value, of the edges that are given; worst and best may be left out and follow by the rule.

    never_red: values beyond the red edge keep 50 points. On the low side of a two-sided KPI the red edge may be left
    out: yellow then reaches down to the smallest possible value. Raises BadEdges with every problem at its edge.
    """
    problems = dict(_out_of_limits(edges, frame))
    given = {name: edges.get(name) for name in frame.names}
    for name in frame.names:
        needed = name.partition("_")[0] in ("red", "green") and name != "red_low"
        if needed and given[name] is None:
            problems[name] = "This edge is needed."
    if problems:
        raise BadEdges(problems)
    points = _band(given, frame) if frame.direction == "band" else _flank(given, frame, never_red)
    _in_order(points, frame)
    made = {value: worth for _, value, worth in points}
    return tuple(sorted(made.items()))


Corner = tuple[str, Decimal, int]  # name of the edge, value, points


def _flank(given: Edges, frame: Frame, never_red: bool) -> list[Corner]:
    """One-sided: worst, red, green, best, in this order."""
    red, green = _known(given["red"]), _known(given["green"])
    if red == green:
        raise BadEdges({"green": "Red and green cannot begin at the same value: nothing would be yellow."})
    if (green > red) != (frame.direction == "up"):
        side = "Higher" if frame.direction == "up" else "Lower"
        word = "above" if frame.direction == "up" else "below"
        raise BadEdges({"green": f"{side} is better for this KPI, so green has to begin {word} {_text(red)}."})
    width = green - red
    worst, best = given.get("worst"), given.get("best")
    corners: list[Corner] = [("red", red, RED_EDGE), ("green", green, GREEN_EDGE)]
    if not never_red:
        low = frame.clamp(red - 2 * width) if worst is None else worst
        if low != red or worst is not None:  # a red edge on the limit: no value is red
            corners.insert(0, ("worst", low, WORST))
    high = _ceiling(frame, green, green + width) if best is None else best
    if high == green and best is None:
        raise BadEdges({"green": f"Nothing can be better than {_text(green)}, so green has to begin before it."})
    return [*corners, ("best", high, BEST)]


def _ceiling(frame: Frame, green: Decimal, best: Decimal) -> Decimal:
    """The best that follows by the rule: within the limits, and of a percentage 100 where green begins below it."""
    if frame.unit == "%" and frame.direction == "up" and green < HUNDRED:
        best = min(best, HUNDRED)
    return frame.clamp(best)


def _band(given: Edges, frame: Frame) -> list[Corner]:
    """Two-sided, along the values: rising flank, plateau, falling flank."""
    green_low, green_high, red_high = (_known(given[name]) for name in ("green_low", "green_high", "red_high"))
    red_low = given["red_low"]
    floor = frame.minimum if red_low is None else red_low
    if floor is None:
        raise BadEdges({"red_low": "This edge is needed: the KPI has no smallest possible value to reach down to."})
    if green_high <= green_low:
        raise BadEdges({"green_high": f"Green has to end above {_text(green_low)}, where it begins."})
    shoulder = (green_high - green_low) / 4
    rise, fall = green_low - floor, red_high - green_high
    corners: list[Corner] = [("red_low", floor, RED_EDGE), ("green_low", green_low, GREEN_EDGE)]
    if red_low is not None:
        worst = given["worst_low"]
        low = frame.clamp(floor - 2 * rise) if worst is None else worst
        if low != floor or worst is not None:
            corners.insert(0, ("worst_low", low, WORST))
    best_low, best_high, worst_high = given["best_low"], given["best_high"], given["worst_high"]
    corners.append(("best_low", green_low + min(rise, shoulder) if best_low is None else best_low, BEST))
    corners.append(("best_high", green_high - min(fall, shoulder) if best_high is None else best_high, BEST))
    corners += [("green_high", green_high, GREEN_EDGE), ("red_high", red_high, RED_EDGE)]
    high = frame.clamp(red_high + 2 * fall) if worst_high is None else worst_high
    if high != red_high or worst_high is not None:
        corners.append(("worst_high", high, WORST))
    return corners


def _out_of_limits(edges: Edges, frame: Frame) -> Iterator[tuple[str, str]]:
    for name in frame.names:
        value = edges.get(name)
        if value is None:
            continue
        if not value.is_finite() or abs(value) >= Decimal(10) ** 14:
            yield name, "Enter a number."
        elif frame.minimum is not None and value < frame.minimum:
            yield name, f"Impossible: this KPI is never below {_text(frame.minimum)}."
        elif frame.maximum is not None and value > frame.maximum:
            yield name, f"Impossible: this KPI is never above {_text(frame.maximum)}."


def _in_order(corners: Sequence[Corner], frame: Frame) -> None:
    """Each corner lies beyond the one before it, the way its KPI goes; equal values would be worth two things."""
    falling = frame.direction == "down"
    problems: dict[str, str] = {}
    for (_, before, points), (name, value, worth) in zip(corners, corners[1:], strict=False):
        plateau = points == worth == BEST
        beyond = value < before if falling else value > before
        if not beyond and not (plateau and value == before):
            problems.setdefault(name, f"Has to lie {'below' if falling else 'above'} {_text(before)}.")
    if problems:
        raise BadEdges(problems)


def edges_of(anchors: Sequence[Sequence[Any]], direction: str) -> dict[str, Decimal | None]:
    """The edges that anchors were made of; an edge they do not have is None. {} for a KPI without anchors."""
    pairs = [(Decimal(str(value)), int(points)) for value, points in anchors]
    if len(pairs) < 2:
        return {}
    if direction != "band":
        worth = {points: value for value, points in pairs}
        return {name: worth.get(points) for name, points in POINTS.items()}
    best = [place for place, (_, points) in enumerate(pairs) if points == BEST]
    middle = best[0] if best else len(pairs) // 2
    low = {points: value for value, points in pairs[: middle + 1]}
    high = {points: value for value, points in reversed(pairs[middle:])}
    found = {f"{name}_low": low.get(points) for name, points in POINTS.items()}
    found |= {f"{name}_high": high.get(points) for name, points in POINTS.items()}
    found["best_high"] = pairs[best[-1]][0] if best else None
    if WORST not in low and low.get(RED_EDGE) == pairs[0][0]:
        found["red_low"] = None  # no red on the low side
    return {name: found[name] for name in TWO_SIDED}


def is_never_red(anchors: Sequence[Sequence[Any]], direction: str) -> bool:
    """Whether a one-sided KPI keeps at least 50 points everywhere."""
    return direction != "band" and len(anchors) > 1 and all(points >= RED_EDGE for _, points in anchors)


def _known(value: Decimal | None) -> Decimal:
    if value is None:
        raise BadEdges({"red": "This edge is needed."})
    return value


def _text(value: Decimal) -> str:
    text = f"{value:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text).replace("-", "−")
