"""Template helpers of the design system: icons, marks and formats. Pure: no query, no request."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from django import template
from django.conf import settings
from django.forms import BoundField
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from core.templatetags import controls, formats, marks, swarm

register = template.Library()

ICONS = Path(__file__).resolve().parents[2] / "static/vendor/lucide/1.62.0"

for _filter in (
    formats.number,
    formats.percent,
    formats.rate,
    formats.signed,
    formats.compact,
    formats.money,
    formats.compact_money,
    formats.day,
    formats.month,
    formats.due,
    formats.ago,
    formats.initials,
    formats.hue,
):
    register.filter(_filter.__name__, _filter)


@cache
def _drawings() -> dict[str, str]:
    """Inner markup of every vendored icon, read once per process."""
    drawings = {}
    for path in ICONS.glob("*.svg"):
        _, _, body = path.read_text(encoding="utf-8").partition("<svg")
        inner = body.partition(">")[2].rpartition("</svg>")[0]
        drawings[path.stem] = "".join(line.strip() for line in inner.splitlines())
    return drawings


@cache
def _svg(name: str, extra: str) -> SafeString:
    known = _drawings()
    if name not in known and settings.DEBUG:
        raise KeyError(f"No icon named {name} in {ICONS}")
    drawing = mark_safe(known.get(name, known["circle"]))  # noqa: S308  our own committed files
    classes = f"ic {extra}" if extra else "ic"
    return format_html('<svg class="{}" viewBox="0 0 24 24" aria-hidden="true">{}</svg>', classes, drawing)


@register.simple_tag
def icon(name: str, extra: str = "") -> SafeString:
    """An icon of the vendored set as inline SVG, hidden from readers; `extra` are classes such as 'lg flip'.

    A name that is not vendored is a plain circle for people and a KeyError in development.
    """
    return _svg(str(name), str(extra))


@register.simple_tag
def score(value: Any, band: str | None = None) -> SafeString:
    return marks.score(value, band)


@register.simple_tag
def band_chip(band: str | None, text: str = "") -> SafeString:
    return marks.band_chip(band, text)


@register.simple_tag
def glyph(band: str | None) -> SafeString:
    return marks.glyph(band)


@register.simple_tag
def delta(value: Any, unit: str = "", places: int | None = None, good: str = "up") -> SafeString:
    return marks.delta(value, unit=unit, places=places, good=good)


@register.simple_tag
def fingerprint(rows: Iterable[Any]) -> SafeString:
    return marks.fingerprint(rows)


@register.simple_tag
def sparkline(
    values: Sequence[Any] | None,
    band: str = "",
    label: str = "",
    width: int = 84,
    height: int = 28,
    low: Any = None,
    high: Any = None,
    reach: int = 1,
) -> SafeString:
    return marks.sparkline(values, width=width, height=height, band=band, label=label, low=low, high=high, reach=reach)


@register.simple_tag
def avatar(name: str, kind: str = "person", size: str = "") -> SafeString:
    return marks.avatar(name or "", kind=kind, size=size)


@register.simple_tag
def waterfall(rows: Iterable[Any], axis: Any = 100, signs: bool = False) -> list[marks.WaterfallStep]:
    return marks.waterfall(rows, axis=axis, signs=signs)


@register.simple_tag
def plot(points: Sequence[Any], low: Any = 0, high: Any = 100, bands: bool = True) -> marks.Plot:
    return marks.plot(list(points or ()), low=float(low), high=float(high), bands=bands)


@register.simple_tag
def reltime(value: date | datetime | None) -> SafeString:
    """'4 min ago' that keeps itself up to date; the full stamp is in the title."""
    if not value:
        return format_html('<span class="soft">{}</span>', formats.UNKNOWN)
    full = f"{formats.day(value)}, {value:%H:%M %Z}".rstrip() if isinstance(value, datetime) else formats.day(value)
    return format_html(
        '<pl-reltime><time datetime="{}" title="{}">{}</time></pl-reltime>',
        value.isoformat(),
        full,
        formats.ago(value),
    )


@register.filter
def extra(attrs: Any) -> SafeString:
    """The attributes a component was given and does not name itself, escaped; use instead of {{ attrs }}."""
    return marks.extra_attributes(attrs.attrs_dict() if hasattr(attrs, "attrs_dict") else {})


@register.filter
def get(mapping: Any, key: Any) -> Any:
    """mapping[key], or None."""
    return mapping.get(key) if hasattr(mapping, "get") else None


@register.simple_tag
def field_ids(name: str, id_: str = "", hint: str = "", errors: Any = None) -> controls.Control:
    return controls.control(name, id_, hint, errors)


@register.simple_tag
def error_list(errors: Any) -> list[str]:
    return controls.error_list(errors)


@register.simple_tag
def choices(options: Iterable[Any] | None, value: Any) -> list[controls.Choice]:
    return controls.choices(options, value)


@register.simple_tag
def widget(field: BoundField, hint: str = "", attrs: Any = None) -> SafeString:
    return controls.widget(field, hint, attrs.attrs_dict() if hasattr(attrs, "attrs_dict") else None)


@register.filter
def strip_space(text: Any) -> str:
    """The slot without white space around it, so that an empty slot is false."""
    if isinstance(text, SafeString):
        return mark_safe(text.strip())  # noqa: S308  it was safe before
    return str(text).strip()


@register.simple_tag
def step_marks(done: Any, total: Any) -> list[bool]:
    """One truth per step: done or not."""
    return [i < int(done or 0) for i in range(int(total or 0))]


@register.simple_tag
def category_rows(rows: Iterable[Any]) -> list[marks.CategoryRow]:
    return marks.category_rows(rows)


@register.simple_tag
def waterfall_total(total: Any, axis: Any = 100) -> str:
    """Length of the total bar in percent of the axis."""
    return marks.waterfall([("", total)], axis=axis)[0].width


@register.simple_tag
def plot_row(point: Any) -> tuple[Any, Any]:
    return marks.plot_row(point)


@register.simple_tag
def place_swarm(rows: Iterable[Any]) -> swarm.Swarm:
    return swarm.swarm(rows)


@register.simple_tag
def swarm_dots(placed: swarm.Swarm) -> SafeString:
    return swarm.dots(placed)
