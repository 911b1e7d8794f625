"""Charts of reports as SVG text with literal colours: the PDF engine knows no CSS variables inside SVG."""

from collections.abc import Sequence
from dataclasses import dataclass

INK, LINE, GRID, SOFT = "#1b2430", "#2359c4", "#d8dde5", "#5b6676"
BAND_COLOURS = {"green": "#2e9e6b", "yellow": "#e0a021", "red": "#d6453d", "unknown": "#9aa4b2"}
ZONES = ((75, 100, "#eaf6f0"), (50, 75, "#fdf5e3"), (0, 50, "#fcebea"))


@dataclass(frozen=True)
class Point:
    """One month of the trend: a short label and the score in points, None when there was not enough data."""

    label: str
    score: float | None


def trend_chart(points: Sequence[Point], *, width: int = 640, height: int = 190) -> str:
    """The score over months on its bands; unknown months are gaps, single known months are dots."""
    left, right, top, bottom = 30, 12, 8, 22
    inner_w, inner_h = width - left - right, height - top - bottom
    step = inner_w / max(len(points) - 1, 1)

    def x(i: int) -> float:
        return left + i * step

    def y(score: float) -> float:
        return top + inner_h * (1 - score / 100)

    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="100%">']
    for low, high, colour in ZONES:
        parts.append(_rect(left, y(high), inner_w, y(low) - y(high), colour))
    for mark in (0, 50, 75, 100):
        parts.append(f'<line x1="{left}" x2="{width - right}" y1="{y(mark):.1f}" y2="{y(mark):.1f}" stroke="{GRID}"/>')
        parts.append(_text(left - 6, y(mark) + 3, str(mark), anchor="end"))
    for run in _runs(points):
        line = " ".join(f"{x(i):.1f},{y(score):.1f}" for i, score in run)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{LINE}" stroke-width="2"/>')
        parts.extend(f'<circle cx="{x(i):.1f}" cy="{y(s):.1f}" r="2.6" fill="{LINE}"/>' for i, s in run)
    for i, point in enumerate(points):
        if i % 2 == (len(points) - 1) % 2:
            parts.append(_text(x(i), height - 6, point.label, anchor="middle"))
    return "".join([*parts, "</svg>"])


def _runs(points: Sequence[Point]) -> list[list[tuple[int, float]]]:
    """Neighbouring months with a score, as lists of (index, score)."""
    runs: list[list[tuple[int, float]]] = [[]]
    for i, point in enumerate(points):
        if point.score is None:
            runs.append([])
        else:
            runs[-1].append((i, point.score))
    return [run for run in runs if run]


def bar(share: float | None, band: str, *, width: int = 150) -> str:
    """A horizontal bar of 0..100; None is an empty track."""
    filled = "" if share is None else _rect(0, 0, width * share / 100, 7, BAND_COLOURS[band])
    track = _rect(0, 0, width, 7, "#eceff3")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} 7" width="{width}" height="7">'
        f"{track}{filled}</svg>"
    )


def _rect(x: float, y: float, width: float, height: float, colour: str) -> str:
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{colour}"/>'


def _text(x: float, y: float, text: str, *, anchor: str) -> str:
    """`text` is a figure or a month of ours, never a person's words."""
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="9" fill="{SOFT}" text-anchor="{anchor}">{text}</text>'
