"""The columns a list of accounts can have: the usual ones, and every field that a condition can speak of."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from accounts.conditions import Field, Kind, every_field, fields_named
from accounts.models import Account
from core.actor import Actor

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


def chosen(codes: Sequence[str], *, by: Actor, fields: Mapping[str, Field] | None = None) -> list[Column]:
    """Those that there are, in this order; the usual ones when none is named. A field that is gone is left out.

    fields: those of these names, if they were looked up already.
    """
    if not codes or tuple(codes) == USUAL:
        return usual()
    known = {one.code: one for one in usual()}
    fields = fields_named(codes, by=by) if fields is None else fields
    others = {code: field for code, field in fields.items() if code not in known and code not in _ALWAYS}
    known |= {code: Column(code, field.label, field) for code, field in others.items()}
    return [known[code] for code in dict.fromkeys(codes) if code in known] or usual()


def fields_of(columns: Iterable[Column]) -> list[Field]:
    return [column.field for column in columns if column.field is not None]


def asked_of(columns: Sequence[Column]) -> dict[str, Any]:
    """Annotations under which a list reads the columns that are fields; `values_of` finds them again."""
    return {f"column_{at}": field.expression() for at, field in enumerate(fields_of(columns))}


def values_of(account: Account, columns: Sequence[Column]) -> dict[str, Any]:
    """code of a column -> its value, None where it is not known; of an account that was read with `asked_of`."""
    return {field.code: getattr(account, f"column_{at}") for at, field in enumerate(fields_of(columns))}
