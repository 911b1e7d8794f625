"""Charts of reports as SVG text with literal colours: the PDF engine knows no CSS variables inside SVG."""

from collections.abc import Sequence
from dataclasses import dataclass

LINE, GRID, SOFT, INK, TRACK = "#2457c5", "#d5dae3", "#5a6474", "#171c26", "#e9ecf1"
BAND_COLOURS = {"green": "#2f9e68", "yellow": "#dd9d1e", "red": "#d3423a", "unknown": "#9aa4b2"}
ZONES = ((75, 100, "#eef7f2"), (50, 75, "#fdf6e6"), (0, 50, "#fcefee"))
FONT = "Inter, Inter Ext, DejaVu Sans, sans-serif"


@dataclass(frozen=True)
class Point:
    """One month of the trend: a short label and the score in points, None when there was not enough data."""

    label: str
    score: float | None


@dataclass(frozen=True)
class _Frame:
    """Where points of the chart lie, in its own units."""

    count: int
    width: int = 430
    height: int = 150
    left: int = 4
    right: int = 34
    top: int = 8
    bottom: int = 20

    @property
    def inner(self) -> tuple[int, int]:
        return self.width - self.left - self.right, self.height - self.top - self.bottom

    def x(self, i: int) -> float:
        return self.left + self.inner[0] * i / max(self.count - 1, 1)

    def y(self, score: float) -> float:
        return self.top + self.inner[1] * (1 - score / 100)


def trend_chart(points: Sequence[Point]) -> str:
    """The score over months on its bands; unknown months are gaps, single known months are dots."""
    frame = _Frame(len(points))
    edge = frame.width - frame.right
    parts = [
        _rect(frame.left, frame.y(high), frame.inner[0], frame.y(low) - frame.y(high), c) for low, high, c in ZONES
    ]
    for mark in (0, 50, 75, 100):
        at = frame.y(mark)
        parts.append(
            f'<line x1="{frame.left}" x2="{edge}" y1="{at:.1f}" y2="{at:.1f}" stroke="{GRID}" stroke-width=".6"/>'
        )
        parts.append(_text(edge + 6, at + 3, str(mark), anchor="start"))
    for run in _runs(points):
        line = " ".join(f"{frame.x(i):.1f},{frame.y(score):.1f}" for i, score in run)
        parts.append(
            f'<polyline points="{line}" fill="none" stroke="{LINE}" stroke-width="1.8" stroke-linejoin="round"/>'
        )
        dots = run if len(run) == 1 else run[-1:]
        parts += [f'<circle cx="{frame.x(i):.1f}" cy="{frame.y(s):.1f}" r="2.8" fill="{LINE}"/>' for i, s in dots]
    for i, point in enumerate(points):
        if (len(points) - 1 - i) % 3 == 0:
            last = i == len(points) - 1
            parts.append(_text(frame.x(i), frame.height - 6, point.label, anchor="end" if last else "middle"))
    return _svg(frame.width, frame.height, _words(points), "".join(parts))


def _words(points: Sequence[Point]) -> str:
    """The chart for those who do not see it: every month with its score."""
    said = [f"{point.label} {'no score' if point.score is None else f'{point.score:.1f}'}" for point in points]
    return f"Health score by month: {', '.join(said)}"


def _runs(points: Sequence[Point]) -> list[list[tuple[int, float]]]:
    """Neighbouring months with a score, as lists of (index, score)."""
    runs: list[list[tuple[int, float]]] = [[]]
    for i, point in enumerate(points):
        if point.score is None:
            runs.append([])
        else:
            runs[-1].append((i, point.score))
    return [run for run in runs if run]


def bar(share: float | None, band: str, *, width: int = 120) -> str:
    """A horizontal bar of 0..100; None is an empty track."""
    filled = "" if share is None else _rect(0, 0, width * share / 100, 6, BAND_COLOURS[band], round_by=3)
    words = "no score" if share is None else f"{share:.1f} of 100"
    return _svg(width, 6, words, _rect(0, 0, width, 6, TRACK, round_by=3) + filled)


def _svg(width: int, height: int, words: str, content: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 {width} {height}" width="{width}"'
        f' height="{height}"><title>{words}</title>{content}</svg>'
    )


def _rect(x: float, y: float, width: float, height: float, colour: str, *, round_by: int = 0) -> str:
    corners = f' rx="{round_by}"' if round_by else ""
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{colour}"{corners}/>'


def _text(x: float, y: float, text: str, *, anchor: str) -> str:
    """`text` is a figure or a month of ours, never a person's words."""
    style = f'font-family="{FONT}" font-size="8" fill="{SOFT}" text-anchor="{anchor}"'
    return f'<text x="{x:.1f}" y="{y:.1f}" {style}>{text}</text>'
