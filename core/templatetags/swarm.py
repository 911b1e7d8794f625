"""Every account as one mark on the health axis, placed so that marks do not cover each other.

A beeswarm by greedy placement: the largest first, each at the free height nearest the middle line. Geometry is in
pixels of a plot WIDTH × HEIGHT; `x` is then given in percent so that the plot may stretch.
"""

from bisect import insort
from collections.abc import Iterable
from dataclasses import dataclass
from math import sqrt
from typing import Any

from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from core.templatetags import formats, marks

WIDTH, HEIGHT = 960.0, 104.0
SMALLEST, LARGEST = 8.0, 28.0
GAP = 0.6
EDGES = (("At risk", 0, 50), ("Watch", 50, 75), ("Healthy", 75, 100))


@dataclass(frozen=True)
class Dot:
    """One account: place in percent and pixels, diameter in pixels."""

    label: str
    score: str
    band: str
    url: str
    x: float
    y: float
    diameter: float


@dataclass(frozen=True)
class Swarm:
    """Dots, axis figures and band edges (name, place in percent); `missing` counts accounts without a score."""

    dots: list[Dot]
    ticks: list[int]
    edges: list[tuple[str, str]]
    missing: int

    @property
    def words(self) -> str:
        counts = [(name, sum(dot.band == key for dot in self.dots)) for key, name in marks.HEALTH.items()]
        return ", ".join(f"{count} {name.lower()}" for name, count in counts if count) or "no account has a score"


def swarm(rows: Iterable[Any]) -> Swarm:
    """Rows are (label, score or None, band, size or None, url) or objects with those names."""
    names = (("label", "name"), ("score", "value"), ("band",), ("size", "arr"), ("url",))
    read = [tuple(marks.read(row, i, *n) for i, n in enumerate(names)) for row in rows or ()]
    known = [(*row, float(figure)) for row in read if (figure := formats.decimal(row[1])) is not None]
    low = int(min((row[-1] for row in known), default=0) // 20 * 20)
    low = min(low, 80)
    sizes = [float(formats.decimal(row[3]) or 0) for row in known]
    most = max(sizes, default=0) or 1.0
    diameters = [SMALLEST + (LARGEST - SMALLEST) * sqrt(max(0.0, size) / most) for size in sizes]
    places = [(row[-1] - low) / (100 - low) * WIDTH for row in known]
    heights = _pack(places, diameters)
    dots = [
        Dot(
            label=str(row[0]),
            score=formats.number(row[1], 0),
            band=marks.band_name(row[2]),
            url=str(row[4] or ""),
            x=place * 100 / WIDTH,
            y=HEIGHT / 2 + height,
            diameter=diameter,
        )
        for row, place, height, diameter in zip(known, places, heights, diameters, strict=True)
    ]
    edges = [(name, f"{(max(start, low) - low) * 100 / (100 - low):.2f}%") for name, start, end in EDGES if end > low]
    return Swarm(dots, list(range(low, 101, 20)), edges, len(read) - len(known))


def _pack(places: list[float], diameters: list[float]) -> list[float]:
    """Distance of each mark from the middle line."""
    heights = [0.0] * len(places)
    placed: list[tuple[float, float, float]] = []  # (x, y, radius), ordered by x
    reach = LARGEST / 2
    for index in sorted(range(len(places)), key=lambda i: (-diameters[i], places[i])):
        x, radius = places[index], diameters[index] / 2
        blocked = []
        for other_x, other_y, other_radius in placed:
            if other_x < x - radius - reach - GAP:
                continue
            if other_x > x + radius + reach + GAP:
                break
            apart = (radius + other_radius + GAP) ** 2 - (x - other_x) ** 2
            if apart > 0:
                half = sqrt(apart)
                blocked.append((other_y - half, other_y + half))
        edge = HEIGHT / 2 - radius
        heights[index] = max(-edge, min(edge, _nearest_free(blocked)))
        insort(placed, (x, heights[index], radius))
    return heights


def _nearest_free(blocked: list[tuple[float, float]]) -> float:
    """The height nearest 0 outside all `blocked` intervals; upwards where both ways are equally far."""
    below = above = 0.0
    for start, end in sorted(blocked):
        if start < above < end:
            above = end
    for start, end in sorted(blocked, key=lambda interval: -interval[1]):
        if start < below < end:
            below = start
    return below if -below <= above else above


def dots(swarm_: Swarm) -> SafeString:
    """Links for the mouse; the table below the plot is the way for keyboard and readers."""
    return format_html_join(
        "",
        '<a href="{}" tabindex="-1" title="{}, {}" data-band="{}" style="--x:{}%;--y:{}px;--d:{}px"></a>',
        (
            (d.url, d.label, d.score, d.band, f"{d.x:.2f}", f"{d.y:.1f}", f"{d.diameter:.1f}")
            for d in sorted(swarm_.dots, key=lambda d: -d.diameter)
        ),
    )
