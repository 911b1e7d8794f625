"""What a person types into a cell of the KPI grid: "85", "3,5", "85 %", "12 hours"."""

from decimal import Decimal
from typing import Any

from rest_framework import serializers

from kpis.models import Kpi
from kpis.operations import NotAValue
from kpis.workbook import figures
from kpis.workbook.units import NoConversion, convert, plain


class TypedCorrection(serializers.Serializer[Any]):
    """One cell as it was typed. expected: the value the person was looking at, empty for an empty cell."""

    new = serializers.CharField(
        max_length=60,
        error_messages={
            "blank": "Enter a number.",
            "required": "Enter a number.",
            "max_length": "Enter a number.",
            "null": "Enter a number.",
        },
    )
    reason = serializers.CharField(
        max_length=400,
        error_messages={
            "blank": "Say why, in a few words.",
            "required": "Say why, in a few words.",
            "max_length": "Keep it below 400 characters.",
        },
    )
    expected = serializers.UUIDField(required=False, allow_null=True, default=None)

    def to_internal_value(self, data: Any) -> Any:
        """A form sends "" for an empty cell."""
        given = {name: data[name] for name in ("new", "reason", "expected") if name in data}
        return super().to_internal_value({**given, "expected": given.get("expected") or None})


def typed_number(text: str, kpi: Kpi) -> Decimal:
    """The number in the unit of the KPI. Raises NotAValue, worded for the cell.

    A point is a decimal point, as the grid itself writes numbers. A comma is a decimal comma too ("3,5"), but
    "1,234" may mean either: then the limits of the KPI decide, or the person is asked.
    """
    figure = figures.parse_figure(text)
    if figure is None:
        raise NotAValue("Enter a number, such as 85 or 3.5.", field="new")
    number = figure.value
    if figure.grouped is not None and figure.separator == ",":
        number = _meant(figure.value, figure.grouped, kpi)
    try:
        return convert(number, figure.unit, kpi.unit).value
    except NoConversion as refusal:
        raise NotAValue(f"{str(refusal).capitalize()}. Leave the unit out.", field="new") from None


def _meant(fraction: Decimal, thousands: Decimal, kpi: Kpi) -> Decimal:
    possible = [number for number in (fraction, thousands) if within(number, kpi)]
    if len(possible) == 1:
        return possible[0]
    raise NotAValue(f"Write {plain(thousands)} or {plain(fraction)}: with a comma it may mean either.", field="new")


def within(number: Decimal, kpi: Kpi) -> bool:
    """Whether the number lies within the hard limits of the KPI."""
    return (kpi.minimum is None or number >= kpi.minimum) and (kpi.maximum is None or number <= kpi.maximum)
