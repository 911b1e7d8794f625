"""The small marks of a score as HTML and SVG: band, score, fingerprint, sparkline, waterfall geometry, line.

Every value arrives from stored data; None is drawn as a gap or a hatched bar and read out as unknown.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from html import escape
from math import isfinite
from typing import Any

from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe

from core.templatetags import formats

BANDS = {"green": "Green", "yellow": "Yellow", "red": "Red", "unknown": "Unknown"}  # of a KPI or a category
HEALTH = {"green": "Healthy", "yellow": "Watch", "red": "At risk", "unknown": "Unknown"}  # of an account
_SHAPES = {
    "green": '<circle cx="4" cy="4" r="3.2" fill="currentColor"/>',
    "yellow": '<path d="M4 .6 7.8 7.4H.2z" fill="currentColor"/>',
    "red": '<path d="M4 .2 7.8 4 4 7.8.2 4z" fill="currentColor"/>',
    "unknown": '<circle cx="4" cy="4" r="3" fill="none" stroke="currentColor" stroke-width="1.3" '
    'stroke-dasharray="2 1.15"/>',
}
_GLYPHS = {
    name: mark_safe(f'<svg class="glyph" viewBox="0 0 8 8" aria-hidden="true">{shape}</svg>')  # noqa: S308  constants
    for name, shape in _SHAPES.items()
}


def _markup(html: str) -> SafeString:
    """A mark put together from our own words and figures, with every other text through `_text`.

    A list shows hundreds of marks; format_html, which escapes the figures too, takes five times as long.
    """
    return SafeString(html)


def _text(value: Any) -> str:
    """Escaped, unless it is markup already."""
    return str(value.__html__()) if hasattr(value, "__html__") else escape(str(value))


def band_name(band: str | None) -> str:
    """One of the four names; anything else is unknown."""
    return band if band in BANDS else "unknown"


def glyph(band: str | None) -> SafeString:
    """The band's shape: disc, triangle, diamond or a dashed ring, so that colour is never alone."""
    return _GLYPHS[band_name(band)]


def score(value: Any, band: str | None) -> SafeString:
    """The score in whole points, rounded down, on its band's ground; a dash when there is none.

    Rounded down so that 74.9, which is yellow, does not stand there as the 75 that would be green.
    """
    band = band_name(band)
    known = formats.decimal(value)
    text = formats.UNKNOWN if known is None else formats.number(known.to_integral_value(ROUND_FLOOR))
    said = "no score" if known is None else HEALTH[band].lower()
    return _markup(
        f'<span class="score" data-band="{band}">{_GLYPHS[band]}{text}<span class="vh"> {said}</span></span>'
    )


def band_chip(band: str | None, text: str = "") -> SafeString:
    band = band_name(band)
    return format_html('<span class="tag band" data-band="{}">{}{}</span>', band, _GLYPHS[band], text or HEALTH[band])


def delta(value: Any, *, unit: str = "", places: int | None = None, good: str = "up") -> SafeString:
    """A signed change coloured by whether it is good; `good` is 'up', 'down' or 'none'."""
    known = formats.decimal(value)
    if known is None:
        return format_html('<span class="delta">{}<span class="vh"> no earlier value</span></span>', formats.UNKNOWN)
    text = formats.signed(known, places)
    rising = text.startswith("+")
    flat = not rising and not text.startswith(formats.MINUS)
    kind = "" if flat or good == "none" else " up" if rising == (good == "up") else " down"
    gap = " " if len(unit) > 1 and unit[0].isalpha() else ""
    return _markup(f'<span class="delta{kind}"><bdi dir="ltr">{text}{gap}{_text(unit)}</bdi></span>')


def read(row: Any, index: int, *names: str) -> Any:
    """A value of a tuple by place, of a dict or object by the first name it has."""
    if isinstance(row, tuple | list) and not hasattr(row, "_fields"):
        return row[index] if index < len(row) else None
    for name in names:
        found = row.get(name) if isinstance(row, dict) else getattr(row, name, None)
        if found is not None:
            return found
    return None


def fingerprint(rows: Iterable[Any], *, plain: bool = False) -> SafeString:
    """Small bars, one per category, of rows (label, value 0..100 or None, band)."""
    bars, words = [], []
    for row in rows or ():
        label, value, band = (
            read(row, i, *names) for i, names in enumerate((("label", "name"), ("value", "score"), ("band",)))
        )
        known = formats.decimal(value)
        band = band_name(band) if known is not None else "unknown"
        height = 100 if known is None else max(0, min(100, float(known)))
        bars.append(f'<i class="{"none" if known is None else band}" style="--v:{height:.0f}"></i>')
        words.append(f"{label} {'unknown' if known is None else f'{formats.number(known, 0)} {BANDS[band].lower()}'}")
    inner = "".join(bars)
    if plain:
        return _markup(f'<span class="print" aria-hidden="true">{inner}</span>')
    said = escape(", ".join(words) or "No categories")
    return _markup(f'<span class="print" role="img" aria-label="{said}" title="{said}">{inner}</span>')


def _float(value: Any) -> float | None:
    """As formats.decimal; figures by the short way."""
    if isinstance(value, float):
        return value if isfinite(value) else None
    known = formats.decimal(value)
    return None if known is None else float(known)


def spark_runs(
    values: Sequence[Any], width: float, height: float, low: Any = None, high: Any = None, reach: int = 1
) -> list[list[tuple[float, float]]]:
    """Points of a sparkline in pixels, split into runs at gaps; scaled to the values unless low/high are given.

    reach: how many places on the next value is expected; 1 where every place has one, 3 for a quarterly figure among
    months. Two values further apart than that have a gap between them.
    """
    numbers = [_float(v) for v in values]
    seen = [n for n in numbers if n is not None]
    if not seen:
        return []
    bottom = float(low) if low is not None else min(seen)
    top = float(high) if high is not None else max(seen)
    pad, step = 3.0, (width - 4) / max(1, len(numbers) - 1)
    span = (top - bottom) or 1.0
    runs: list[list[tuple[float, float]]] = [[]]
    last = 0
    for i, value in enumerate(numbers):
        if value is None:
            continue
        if i - last > reach:
            runs.append([])
        last = i
        share = 0.5 if top == bottom else (value - bottom) / span
        runs[-1].append((round(i * step + 1, 1), round(height - pad - share * (height - 2 * pad), 1)))
    return [run for run in runs if run]


def _path(run: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in run)


def sparkline(
    values: Sequence[Any] | None,
    *,
    width: int = 84,
    height: int = 28,
    band: str = "",
    label: str = "",
    low: Any = None,
    high: Any = None,
    reach: int = 1,
) -> SafeString:
    """A small line with gaps where values are missing, see `spark_runs`; a dashed one when nothing is known."""
    runs = spark_runs(list(values or ()), width, height, low, high, reach)
    parts = []
    for run in runs:
        if len(run) > 1:
            parts.append(f'<path class="a" d="{_path(run)}L{run[-1][0]:g} {height}L{run[0][0]:g} {height}Z"/>')
            parts.append(f'<path class="l" d="{_path(run)}"/>')
        else:
            parts.append(f'<circle class="e" cx="{run[0][0]:g}" cy="{run[0][1]:g}" r="1.5"/>')
    if runs:
        x, y = runs[-1][-1]
        parts.append(f'<circle class="e" cx="{x:g}" cy="{y:g}" r="2.2"/>')
    else:
        parts.append(f'<path class="t" d="M1 {height / 2:g}H{width - 3}"/>')
    known = band_name(band) if band else ""
    box = f'width="{width:d}" height="{height:d}" viewBox="0 0 {width:d} {height:d}"'
    said = f'role="img" aria-label="{_text(label)}"' if label else 'aria-hidden="true"'
    drawn = f' data-band="{known}"' if known else ""
    return _markup(f'<svg class="spark" {box}{drawn} {said}>{"".join(parts)}</svg>')


@dataclass(frozen=True)
class WaterfallStep:
    """One row of a contribution table: `start` and `width` in percent of the axis, `sign` '', 'up' or 'down'."""

    label: str
    note: str
    points: Decimal | None
    start: str
    width: str
    sign: str
    url: str
    weight: Decimal | None


def waterfall(rows: Iterable[Any], *, axis: Any = 100, signs: bool = False) -> list[WaterfallStep]:
    """Where each contribution starts and how long it is on an axis 0..`axis`.

    Rows are (label, points, note, url, weight) or objects with those names; None points have no bar. With `signs`
    the points are pushes up and down from the running total.
    """
    steps, total, full = [], Decimal(0), formats.decimal(axis) or Decimal(100)
    names = (("label", "name"), ("points", "contribution"), ("note", "hint"), ("url",), ("weight",))
    for row in rows or ():
        label, raw, note, url, weight = (read(row, i, *known) for i, known in enumerate(names))
        points = formats.decimal(raw)
        length = points or Decimal(0)
        low = min(total, total + length)
        steps.append(
            WaterfallStep(
                label=label or "",
                note=note or "",
                points=points,
                start=f"{max(Decimal(0), low) * 100 / full:.2f}%",
                width=f"{abs(length) * 100 / full:.2f}%",
                sign=("up" if length >= 0 else "down") if signs else "",
                url=url or "",
                weight=formats.decimal(weight),
            )
        )
        total += length
    return steps


@dataclass(frozen=True)
class CategoryRow:
    """A category as a bar: value 0..100 or None, change or None."""

    label: str
    value: Decimal | None
    band: str
    delta: Any
    url: str


def category_rows(rows: Iterable[Any]) -> list[CategoryRow]:
    """Rows of (label, value, band, delta, url) or objects with those names."""
    names = (("label", "name"), ("value", "score"), ("band",), ("delta", "change"), ("url",))
    known = []
    for row in rows or ():
        label, value, band, change, url = (read(row, i, *n) for i, n in enumerate(names))
        figure = formats.decimal(value)
        known.append(
            CategoryRow(label or "", figure, band_name(band) if figure is not None else "unknown", change, url or "")
        )
    return known


def plot_row(point: Any) -> tuple[Any, Any]:
    """Label and value of a point of a plot."""
    return read(point, 0, "label", "name"), read(point, 1, "value", "score")


@dataclass(frozen=True)
class Plot:
    """Geometry of a line in a 1000 × 1000 box whose labels are HTML, so that text never scales."""

    lines: list[str]
    areas: list[str]
    dots: list[tuple[str, str]]
    grid: list[tuple[str, str]]
    ticks: list[tuple[str, str]]
    zones: list[tuple[str, str, str]]


def plot(points: Sequence[Any], *, low: float = 0, high: float = 100, bands: bool = True) -> Plot:
    """A line over (label, value or None) points between `low` and `high`, with the band zones of a score 0..100."""
    pairs = [plot_row(p) for p in points]
    runs = spark_runs([value for _, value in pairs], 1004, 1006, low, high)
    runs = [[(x - 1, max(0.0, min(1000.0, y - 3))) for x, y in run] for run in runs]
    span = high - low

    def top(value: float) -> str:
        return f"{(high - max(low, min(high, value))) * 100 / span:.1f}%"

    last = max(1, len(pairs) - 1)
    every = max(1, -(-len(pairs) // 6))
    ticks = [(f"{i * 100 / last:.1f}%", str(label)) for i, (label, _) in enumerate(pairs) if (last - i) % every == 0]
    zones = [
        ("yellow", top(75), f"{25 * 100 / span:.1f}%"),
        ("red", top(50), f"{(50 - low) * 100 / span:.1f}%"),
    ]
    return Plot(
        lines=[_path(run) for run in runs if len(run) > 1],
        areas=[f"{_path(run)}L{run[-1][0]:g} 1000L{run[0][0]:g} 1000Z" for run in runs if len(run) > 1],
        dots=[(f"{x / 10:.1f}%", f"{y / 10:.1f}%") for run in runs for x, y in (run if len(run) == 1 else run[-1:])],
        grid=[
            (top(v), formats.number(v))
            for v in ((0, 25, 50, 75, 100) if bands else (low, (low + high) / 2, high))
            if low <= v <= high
        ],
        ticks=ticks,
        zones=zones if bands else [],
    )


def avatar(name: str, *, kind: str = "person", size: str = "") -> SafeString:
    """Initials on a hue of the name. Decoration beside the printed name, so it is hidden from readers."""
    person, text = kind == "person", formats.initials(name)
    classes = ("face" if person else "mono") + (f" {_text(size)}" if size else "")
    shown = _text(text if person else text[0])
    return _markup(f'<span class="{classes}" style="--h:{formats.hue(name)}" aria-hidden="true">{shown}</span>')


def extra_attributes(values: dict[str, Any]) -> SafeString:
    """Attributes passed through a component, every value escaped; False and None leave the attribute out."""
    parts = []
    for name, value in values.items():
        if value is True:
            parts.append(name)
        elif value is not False and value is not None:
            text = conditional_escape(value).replace('"', "&quot;")
            parts.append(f'{name}="{text}"')
    return mark_safe(" ".join(parts))  # noqa: S308  every value was escaped above
