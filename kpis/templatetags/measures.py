"""KPI values as people say them: "85%", "13.9 h", "3 of 5", "−25%"."""

from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from core.templatetags.formats import UNKNOWN, decimal, number
from core.templatetags.ui import icon
from kpis.catalogue.metrics import BY_SLUG
from kpis.models import ScorecardVersion
from kpis.queries.scorecard_versions import live_words as words_of_live
from users.trail import who

register = template.Library()

JOINED = {"%": "%", "% change": "%"}
OUT_OF = {"0-100": "100", "score": "100", "1-5": "5", "1-7": "7"}
BARE = {"", "count", "ratio", "-100..100"}
SOURCES = {  # origin of a value: icon, word, what it means
    "upload": ("file-spreadsheet", "File", "read from a cell of a file"),
    "edit": ("pencil-line", "Edited", "set by a person"),
    "api": ("braces", "API", "set through the API"),
    "sample": ("flask-conical", "Sample", "openly made up"),
    "formula": ("sigma", "Formula", "computed from other values"),
    "sync": ("refresh-cw", "Sync", "brought by a connected system"),
    "event": ("zap", "Event", "counted from events"),
}
SCALES = {"0-100": "0 to 100", "score": "0 to 100", "1-5": "1 to 5", "1-7": "1 to 7", "-100..100": "−100 to 100"}


@register.filter
def in_unit(value: Any, unit: str) -> str:
    """The value with its unit; an em dash when there is none."""
    if decimal(value) is None:
        return UNKNOWN
    text = number(value)
    if unit in JOINED:
        return text + JOINED[unit]
    if unit in OUT_OF:
        return f"{text} of {OUT_OF[unit]}"
    return text if unit in BARE else f"{text} {unit}"


@register.filter
def live_words(version: ScorecardVersion) -> str:
    """The days a version was live, see `queries.scorecard_versions.live_words`."""
    return words_of_live(version)


@register.filter
def scale_words(unit: str) -> str:
    """A unit that stands alone, as in a column of units: "1 to 5" for a scale."""
    return SCALES.get(unit, unit)


@register.filter
def unit_words(unit: str) -> str:
    """What stands beside a bare number: nothing for plain figures, "of 5" for a scale."""
    if unit in OUT_OF:
        return f"of {OUT_OF[unit]}"
    return "" if unit in BARE else JOINED.get(unit, unit)


@register.simple_tag
def source_badge(value: Any, words: Any = "") -> SafeString:
    """The mark of where a value came from, with its words for readers and on hover; nothing without a value."""
    if value is None:
        return format_html("")
    drawn, word, meaning = SOURCES.get(value.origin, ("circle-dashed", value.origin, "of unknown origin"))
    where = _where(value)
    said = f"{word}: {meaning}{', ' + where if where else ''}"
    if words:
        return format_html(
            '<span class="origin" data-origin="{}" title="{}">{}{}</span>', value.origin, said, icon(drawn), word
        )
    return format_html(
        '<span class="origin" data-origin="{}" role="img" aria-label="{}" title="{}">{}</span>',
        value.origin,
        said,
        said,
        icon(drawn),
    )


def _where(value: Any) -> str:
    if value.address:
        return f"{value.sheet}!{value.address}" if value.sheet else str(value.address)
    return f"by {value.by_label}" if value.by_label and value.origin in ("edit", "api") else ""


@register.filter
def exact(value: Any) -> str:
    """The number as it is typed: no separators, no zeros at the end."""
    known = decimal(value)
    if known is None:
        return ""
    text = f"{known:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


@register.filter
def actor_words(label: str) -> str:
    """Who did it, as people read it."""
    return who(label)


@register.simple_tag
def metric(slug: str, label: str = "") -> SafeString:
    """A word beside a figure that leads to the figure's card. Raises KeyError for a figure without one."""
    known = BY_SLUG[slug.replace("_", "-")]
    return format_html(
        '<a class="metric" href="/metrics/{}/" title="{}">{}</a>', known.slug, known.says, label or known.name
    )
