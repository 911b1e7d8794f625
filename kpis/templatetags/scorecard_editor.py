"""Words of the scorecard editor: bands, findings beside rows, and what two texts say of one row."""

from collections.abc import Mapping
from typing import Any

from django import template

from core.templatetags.formats import UNKNOWN, compact_money, number
from kpis.models import Band
from kpis.queries.portfolio import Sums
from kpis.scoring.document import Difference
from kpis.scoring.findings import Finding
from kpis.serializers.scorecard_form import NAMES, ONCE
from kpis.views.scorecard_rows import Said

register = template.Library()

FIGURES = {"green_from": "Healthy from", "yellow_from": "Watch from", "minimum_coverage": "No score below"}
PARTS = {"weight": "impact", "cadence_days": "expected every", "expires_days": "gone after", "category": "in"}


@register.filter
def said_at(said: Said, row: str) -> list[Finding]:
    """What the checker says of one row of the form."""
    return said.at(row)


@register.filter
def band_words(band: str) -> str:
    return str(Band(band).label)


@register.simple_tag
def sums(arr: Sums) -> str:
    """Revenue in short, the largest currency first; a dash when no amount is known."""
    shown = [compact_money(amount, currency) for amount, currency in arr.largest_first[:2]]
    return " + ".join(shown) + (" + …" if len(arr.largest_first) > 2 else "") or UNKNOWN


@register.filter
def before_bracket(name: str) -> str:
    """A KPI's name without its explanation in brackets."""
    return name.partition(" (")[0]


@register.filter
def row_words(row: Difference, names: Mapping[str, str]) -> str:
    """What a row of the text is called on the page."""
    if row.group == "items":
        return before_bracket(names.get(row.code, row.code))
    if row.group == "categories":
        return f"Weight of {NAMES.get(row.code, row.code)}"
    if row.group == "exceptions":
        code, _, rest = row.code.partition(" ")
        return f"{rest.partition(' ')[0].capitalize()} by {before_bracket(names.get(code, code))}"
    return FIGURES.get(row.code, row.code)


@register.filter
def side_words(row: Difference, side: str) -> str:
    """What one side says of a row, as far as the two differ; "not there" when it has none."""
    value, other = (row.before, row.after) if side == "before" else (row.after, row.before)
    if value is None:
        return "not there"
    if row.group == "exceptions":
        return f"{value.get('op')} {value.get('value')}: {value.get('kind')} {value.get('limit')}"
    if not isinstance(value, Mapping):
        return number(value)
    if other is None:
        return f"impact {number(value['weight'])}, in {NAMES.get(value['category'], value['category'])}"
    return "; ".join(_part(name, value.get(name)) for name in value if value.get(name) != other.get(name)) or "the same"


def _part(name: str, value: Any) -> str:
    if name in ("anchors", "ranges"):
        return "ranges " + (_corners(value) if name == "anchors" else "dated")
    if name == "cadence_days":
        return f"expected every {value} days" if value else f"expected {ONCE}"
    words = NAMES.get(value, value) if name == "category" else value
    return f"{PARTS.get(name, name)} {'—' if words is None else words}"


def _corners(anchors: Any) -> str:
    return ", ".join(f"{number(value)}: {points}" for value, points in anchors)
