"""The line of points of a range as a drawing: corners in a square, marks in per cent, figures that do not overlap."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kpis.catalogue.ranges import Range, curve, number_text, ranges

SIDE = 1000.0  # of the square drawing of points, in its own units
APART = 9.0  # per cent of the width that two figures below the drawing need between them


@dataclass(frozen=True)
class Drawing:
    """line: corners of the line in a drawing of SIDE x SIDE. corners: (value, points)."""

    line: list[tuple[float, float]]
    corners: list[tuple[float, int]]
    parts: tuple[Range, ...]

    @property
    def path(self) -> str:
        """What an SVG path says; "" without a line."""
        return "M" + " L".join(f"{x:g} {y:g}" for x, y in self.line) if self.line else ""

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


def drawing(anchors: Sequence[Sequence[Any]]) -> Drawing:
    """The drawing of a range; without anchors it has no line."""
    line = curve(anchors, width=SIDE, height=SIDE)
    corners = [(float(value), int(points)) for value, points in anchors] if line else []
    return Drawing(line, corners, ranges(anchors))
