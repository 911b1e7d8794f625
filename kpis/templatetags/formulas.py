"""What a computed value was made of, for the pages that lay a value open."""

from dataclasses import dataclass
from typing import Any

from django import template

from kpis.models import KpiValue
from kpis.queries.evidence import values_by_id
from kpis.queries.formulas import Input, computed_inputs

register = template.Library()


@dataclass(frozen=True)
class Made:
    """One input and the stored value it was read from; None for a field of the account and for what was unknown."""

    input: Input
    row: KpiValue | None


@register.simple_tag
def made_of(value: Any) -> list[Made]:
    """The inputs of a computed value as they were, each with its own row and so its own cell."""
    inputs = computed_inputs(value)
    rows = values_by_id([one.value_id for one in inputs if one.value_id])
    return [Made(one, rows.get(str(one.value_id))) for one in inputs]
