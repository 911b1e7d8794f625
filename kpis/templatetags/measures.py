"""KPI values as people say them: "85%", "13.9 h", "3 of 5", "−25%"."""

from typing import Any

from django import template

from core.templatetags.formats import UNKNOWN, decimal, number

register = template.Library()

JOINED = {"%": "%", "% change": "%"}
OUT_OF = {"0-100": "100", "score": "100", "1-5": "5", "1-7": "7"}
BARE = {"", "count", "ratio", "-100..100"}
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
def scale_words(unit: str) -> str:
    """A unit that stands alone, as in a column of units: "1 to 5" for a scale."""
    return SCALES.get(unit, unit)


@register.filter
def unit_words(unit: str) -> str:
    """What stands beside a bare number: nothing for plain figures, "of 5" for a scale."""
    if unit in OUT_OF:
        return f"of {OUT_OF[unit]}"
    return "" if unit in BARE else JOINED.get(unit, unit)
