"""The columns a list of accounts can have: the usual ones, and every field that a condition can speak of."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Count, QuerySet, Sum

from accounts.conditions import Field, Kind, every_field
from accounts.models import Account
from core.actor import Actor
from core.money import CURRENCIES

USUAL = ("health", "health_change", "trend", "coverage", "arr", "renewal_on", "owner")
_DRAWN = {
    "health": "Health",
    "health_change": "28 days",
    "trend": "12 months",
    "coverage": "Coverage",
    "arr": "ARR",
    "renewal_on": "Renewal",
    "owner": "Owner",
}
_ALWAYS = frozenset({"name"})  # every line begins with it


@dataclass(frozen=True)
class Column:
    """field None: one of the usual columns, which has a drawing of its own."""

    code: str
    label: str
    field: Field | None = None

    @property
    def numeric(self) -> bool:
        return self.code in ("health_change", "arr") or (self.field is not None and self.field.kind is Kind.NUMBER)


def usual() -> list[Column]:
    return [Column(code, _DRAWN[code]) for code in USUAL]


def every_column(*, by: Actor) -> dict[str, Column]:
    """All that `by` can choose from by code, the usual ones first."""
    found = {column.code: column for column in usual()}
    for field in every_field(by=by):
        if field.code not in found and field.code not in _ALWAYS:
            found[field.code] = Column(field.code, field.label, field)
    return found


def chosen(codes: Sequence[str], *, by: Actor) -> list[Column]:
    """Those that there are, in this order; the usual ones when none is named. A field that is gone is left out."""
    if not codes or tuple(codes) == USUAL:
        return usual()
    known = {one.code: one for one in usual()} if set(codes) <= set(USUAL) else every_column(by=by)
    return [known[code] for code in dict.fromkeys(codes) if code in known] or usual()


def fields_of(columns: Iterable[Column]) -> list[Field]:
    return [column.field for column in columns if column.field is not None]


def values_of(account_ids: Sequence[UUID], columns: Sequence[Column]) -> dict[UUID, dict[str, Any]]:
    """account -> code of a column -> its value, None where it is not known; of the columns that are fields."""
    fields = fields_of(columns)
    if not fields or not account_ids:
        return {}
    asked = {f"column_{number}": field.expression() for number, field in enumerate(fields)}
    rows = Account.objects.filter(pk__in=account_ids).annotate(**asked).values_list("pk", *asked)
    return {pk: {f.code: v for f, v in zip(fields, values, strict=True)} for pk, *values in rows}


@dataclass(frozen=True)
class Total:
    """What a column of numbers adds up to. how: sum or mean; currency: of a sum of money; unknown: accounts."""

    how: str
    value: Decimal | float | None
    currency: str
    unknown: int


def totals_of(accounts: QuerySet[Account], columns: Sequence[Column]) -> dict[str, Total]:
    """Of the columns that are fields and numbers, in one query: counts and money are added up, the rest is a mean."""
    fields = [field for field in fields_of(columns) if field.kind is Kind.NUMBER]
    if not fields:
        return {}
    asked: dict[str, Any] = {"accounts": Count("pk")}
    for number, field in enumerate(fields):
        asked |= {f"n_{number}": Count(field.expression()), f"sum_{number}": Sum(field.expression())}
    found = accounts.order_by().aggregate(**asked)
    return {
        field.code: _total(field, found["accounts"], found[f"n_{number}"], found[f"sum_{number}"])
        for number, field in enumerate(fields)
    }


def _total(field: Field, accounts: int, known: int, added: Any) -> Total:
    if field.unit in CURRENCIES or field.unit == "count":
        return Total("sum", added, field.unit if field.unit in CURRENCIES else "", accounts - known)
    return Total("mean", added / known if known else None, "", accounts - known)
