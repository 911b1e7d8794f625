"""How a list of accounts is ordered and grouped by any field.

Keys are never null, so that pages can be cut between any two accounts; what is not known comes last either way.
"""

from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Case, DateField, DecimalField, Func, IntegerField, TextField, Value, When
from django.db.models.functions import Cast, Coalesce, Lower, NullIf
from django.db.models.lookups import Exact

from accounts.conditions import Field, Kind
from kpis.models import Band

BEYOND = Decimal(10) ** 19  # no figure of a list is as large
UNKNOWN = (
    "999"  # what the key of a group begins with: 000 to 997 in the order of the choices, then what is none of them
)
_OTHER = "998"
_NUMBER = DecimalField(max_digits=32, decimal_places=10)
GROUPS = ("tier", "region", "industry", "owner", "stage", "band")  # beside the tenant's own choice fields
_WORST_FIRST = (Band.RED, Band.YELLOW, Band.GREEN, Band.UNKNOWN)


def sort_key(field: Field, *, down: bool) -> Any:
    """An expression that orders by the field: choices as they are listed, text without regard to capitals."""
    value = field.expression()
    match field.kind:
        case Kind.NUMBER:
            return Coalesce(Cast(value, _NUMBER), Value(-BEYOND if down else BEYOND, output_field=_NUMBER))
        case Kind.DATE:
            return Coalesce(Cast(value, DateField()), Value(date.min if down else date.max))
        case Kind.YES:
            said = Case(When(Exact(value, Value(True)), then=1), When(Exact(value, Value(False)), then=0))
            return Coalesce(said, Value(-1 if down else 2), output_field=IntegerField())
        case Kind.CHOICE if field.choices:
            places = [When(Exact(value, Value(code)), then=at) for at, (code, _) in enumerate(field.choices)]
            return Case(*places, default=Value(-1 if down else 9_999), output_field=IntegerField())
    known, unknown = ("1", "0") if down else ("0", "1")
    known, unknown = ("1", "0") if down else ("0", "1")
    return Coalesce(_joined(Value(known), Lower(_said(value))), Value(unknown), output_field=TextField())


def _said(value: Any) -> Any:
    """Text, null when it is empty."""
    return NullIf(Cast(value, TextField()), Value("", output_field=TextField()))


def _joined(*parts: Any) -> Func:
    """Null when a part of it is null, other than Concat."""
    return Func(*parts, template="(%(expressions)s)", arg_joiner=" || ", output_field=TextField())


def groups(field: Field | None) -> bool:
    """Whether a list can be grouped by it: one of GROUPS, or a choice of the tenant's own."""
    return field is not None and (field.code in GROUPS or (field.kind is Kind.CHOICE and bool(field.choices)))


def group_key(field: Field) -> Any:
    """The place of an account's group among the groups and then its value as text; UNKNOWN without a value."""
    value = field.expression()
    choices = [code for code, _ in field.choices]
    if field.code == "band":
        value, choices = Coalesce(value, Value(Band.UNKNOWN)), [band.value for band in _WORST_FIRST]
    places = [When(Exact(value, Value(code)), then=Value(f"{at:03}")) for at, code in enumerate(choices)]
    place = Case(*places, default=Value(_OTHER if choices else "000"), output_field=TextField())
    return Coalesce(_joined(place, _said(value)), Value(UNKNOWN), output_field=TextField())


def group_name(field: Field, key: str) -> str:
    """The heading of the group with that key."""
    if key == UNKNOWN:
        return "Nobody" if field.code == "owner" else "Unknown"
    value = key[3:]
    return dict(field.choices).get(value, value)
