"""Reads of the fields that the tenant added to its records: which there are, who may see and set them."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import BooleanField, DateField, DecimalField, QuerySet
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast

from accounts import columns, custom
from accounts.columns import Cell, OwnColumn
from accounts.conditions.fields import Field, Kind
from accounts.custom import ACCOUNT
from accounts.models import Account, Contact, Contract, CustomField, CustomObject, CustomRecord
from core.actor import Actor
from core.rules import ADMIN

HasOwn = Account | Contact | Contract | CustomRecord  # what can have fields of the tenant's own


def sees(field: CustomField, by: Actor) -> bool:
    """Whether `by` may know of the field. Admins keep the fields, so they know of all."""
    return by.is_system or by.role == ADMIN or not field.view_roles or by.role in field.view_roles


def sets(field: CustomField, by: Actor) -> bool:
    """Whether `by` may set it at a record they may edit: whoever sees it and is not left out."""
    allowed = by.is_system or by.role == ADMIN or not field.edit_roles or by.role in field.edit_roles
    return allowed and sees(field, by)


def fields_of(record: str) -> QuerySet[CustomField]:
    """The fields in use of one kind of record, in the order of the page."""
    found: QuerySet[CustomField] = CustomField.objects.filter(record=record, active=True)
    return found


def has_fields(record: str) -> bool:
    """Whether there is such a kind of record: what every tenant has, or an object of the tenant's own in use."""
    code = record.removeprefix(custom.OBJECT)
    return record in custom.RECORDS or (record != code and CustomObject.objects.filter(code=code, active=True).exists())


def fields_seen(*, by: Actor, record: str = ACCOUNT) -> list[CustomField]:
    """Those of `fields_of` that `by` sees."""
    return [field for field in fields_of(record) if sees(field, by)]


def every_field_seen(*, by: Actor) -> list[CustomField]:
    """Those in use that `by` sees, of every kind of record that they may know of."""
    objects = CustomObject.objects.visible_to(by).filter(active=True).values_list("code", flat=True)
    kinds = {*custom.RECORDS, *(f"{custom.OBJECT}{code}" for code in objects)}
    return [one for one in CustomField.objects.filter(active=True) if one.record in kinds and sees(one, by)]


@dataclass(frozen=True)
class OwnValue:
    """A field and what a record says in it (None: unknown). may_set: whether the reader may change it."""

    field: CustomField
    value: Any
    may_set: bool

    @property
    def name(self) -> str:
        return f"{custom.PREFIX}{self.field.code}"

    @property
    def text(self) -> str:
        return custom.shown(self.field.kind, self.value)

    @property
    def day(self) -> date | None:
        return date.fromisoformat(self.value) if self.value else None

    @property
    def number(self) -> Decimal | None:
        return Decimal(self.value) if self.value else None

    @property
    def options(self) -> list[tuple[str, str]]:
        """What a select offers; a choice that is none any more stays while it is kept."""
        if self.field.kind == Kind.YES:
            return [("yes", "Yes"), ("no", "No")]
        gone = [self.text] if self.text and self.text not in self.field.choices else []
        return [(choice, choice) for choice in (*self.field.choices, *gone)]


def own_values(holder: HasOwn | None, *, by: Actor, record: str = ACCOUNT) -> list[OwnValue]:
    """Every field that `by` sees with what the holder, a record of that kind, says; of none yet, all unknown."""
    kept = holder.custom if holder else {}
    return [OwnValue(field, kept.get(field.code), sets(field, by)) for field in fields_seen(by=by, record=record)]


def own_in_reports(account: Account) -> list[OwnValue]:
    """The fields that reports show, as far as the account says something. A report goes to anybody, so that only fields
    that every role sees are among them."""
    chosen = [field for field in fields_of(ACCOUNT).filter(in_reports=True) if not field.view_roles]
    values = [OwnValue(field, account.custom.get(field.code), False) for field in chosen]
    return [one for one in values if one.value is not None]


def own_columns(*, by: Actor, record: str = ACCOUNT) -> list[OwnColumn]:
    """What columns of a file can become beside the usual: the fields that `by` may set."""
    return [_own_column(field) for field in fields_seen(by=by, record=record) if sets(field, by)]


def _own_column(field: CustomField) -> OwnColumn:
    def read(cell: Cell) -> custom.Value:
        given = columns.as_day(cell) if field.kind == Kind.DATE else cell
        return custom.clean(field.kind, field.choices, given)

    name = f"{custom.PREFIX}{field.code}"
    titles = tuple(columns.plain(title) for title in (name, field.label, field.code))
    return OwnColumn(name, field.label, titles, read)


def own_dict(holder: HasOwn, fields: Sequence[CustomField]) -> dict[str, Any]:
    """The record's values of these fields by code; None: unknown."""
    return {field.code: holder.custom.get(field.code) for field in fields}


def own_field(name: str, record: str = ACCOUNT) -> Field | None:
    """What a condition calls custom.<code>."""
    if not custom.is_own(name.lower()):
        return None
    found = fields_of(record).filter(code=custom.code_of(name.lower())).first()
    return own_field_of(found) if found else None


def own_fields(names: Collection[str] | None = None, *, record: str = ACCOUNT) -> Iterator[Field]:
    """Every one in use, or those of these names."""
    fields = fields_of(record)
    if names is not None:
        codes = [custom.code_of(name) for name in names if custom.is_own(name)]
        fields = fields.filter(code__in=codes) if codes else fields.none()
    return (own_field_of(one) for one in fields)


def own_field_of(one: CustomField, name: str = "") -> Field:
    """With its type: figures compare as figures and days as days; what is not there is null. name: how conditions call
    it, custom.<code> unless said."""
    roles = (ADMIN, *one.view_roles) if one.view_roles else ()
    choices = tuple((choice, choice) for choice in one.choices)
    code = name or f"{custom.PREFIX}{one.code}"
    return Field(code, one.label, Kind(one.kind), lambda: _expression(one), one.unit, choices, roles)


def _expression(one: CustomField) -> Any:
    text = KeyTextTransform(one.code, "custom")
    match one.kind:
        case Kind.NUMBER:
            return Cast(text, DecimalField(max_digits=custom.DIGITS, decimal_places=custom.DECIMALS))
        case Kind.DATE:
            return Cast(text, DateField())
        case Kind.YES:
            return Cast(text, BooleanField())
    return text
