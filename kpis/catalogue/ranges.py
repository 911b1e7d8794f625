"""Anchors as a person reads them: bands along the values, in words and as shares of a scale, and the line of points."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kpis.catalogue.anchors import GREEN_EDGE, RED_EDGE

Pairs = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Range:
    """One stretch of values of one band; `low` or `high` None: open to that side. An edge has the better band.

    start, width: where it lies on the scale from the first to the last anchor, in per cent.
    """

    band: str
    low: float | None
    high: float | None
    start: float
    width: float

    @property
    def text(self) -> str:
        if self.low is None and self.high is None:
            return "any value"
        if self.low is None:
            return f"{'<' if self.band == 'red' else 'up to'} {number_text(self.high)}"
        if self.high is None:
            return f"{'>' if self.band == 'red' else 'from'} {number_text(self.low)}"
        return f"{number_text(self.low)} to {number_text(self.high)}"


def ranges(anchors: Sequence[Sequence[float]]) -> tuple[Range, ...]:
    """Bands of a KPI along its values, ascending. () for anchors that make no line: see `_line`.

    anchors: (value, points 0..100), at least two, ascending in value.
    """
    pairs = _line(anchors)
    if not pairs:
        return ()
    low, high = pairs[0][0], pairs[-1][0]
    edges = [low, *sorted(set(_crossings(pairs)) - {low, high}), high]
    bands = [_band(_points(pairs, (one + other) / 2)) for one, other in zip(edges, edges[1:], strict=False)]
    found: list[Range] = []
    for i, band in enumerate(bands):
        one, other = edges[i], edges[i + 1]
        found.append(
            Range(
                band,
                None if i == 0 else one,
                None if i == len(bands) - 1 else other,
                100 * (one - low) / (high - low),
                100 * (other - one) / (high - low),
            )
        )
    return tuple(found)


def curve(anchors: Sequence[Sequence[float]], *, width: float, height: float) -> list[tuple[float, float]]:
    """The line of points for a drawing of `width` x `height`: values run right, 100 points are at the top (y = 0)."""
    pairs = _line(anchors)
    if not pairs:
        return []
    low, high = pairs[0][0], pairs[-1][0]
    return [
        (round(width * (value - low) / (high - low), 2), round(height * (100 - points) / 100, 2))
        for value, points in pairs
    ]


def _line(anchors: Sequence[Sequence[float]]) -> list[tuple[float, float]]:
    """The corners as numbers; [] where they make no line: none, one, or all at the same value. Drafts may say so."""
    pairs = [(float(value), float(points)) for value, points in anchors]
    return pairs if len(pairs) >= 2 and pairs[0][0] < pairs[-1][0] else []


def _crossings(pairs: Pairs) -> Iterator[float]:
    """Values at which the points pass the edge between two bands."""
    for (x, a), (z, b) in zip(pairs, pairs[1:], strict=False):
        for edge in (RED_EDGE, GREEN_EDGE):
            if a != b and min(a, b) <= edge <= max(a, b):
                yield round(x + (z - x) * (edge - a) / (b - a), 6)


def _points(pairs: Pairs, value: float) -> float:
    for (x, a), (z, b) in zip(pairs, pairs[1:], strict=False):
        if x <= value <= z:
            return a + (b - a) * (value - x) / (z - x)
    return pairs[-1][1]


def _band(points: float) -> str:
    return "green" if points >= GREEN_EDGE else "yellow" if points >= RED_EDGE else "red"


def number_text(value: float | None) -> str:
    """1,250 or −0.5; no zeros at the end. "" for None."""
    if value is None:
        return ""
    text = f"{value:,.2f}".rstrip("0").rstrip(".")
    return text.replace("-", "−")
