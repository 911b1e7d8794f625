"""What can come from a file: each record type with its fields, how a row becomes a record, and how that is undone."""

from dataclasses import replace
from typing import Any

from accounts import custom
from accounts.conditions.fields import Kind as FieldKind
from accounts.models import CustomField
from accounts.operations.record_kinds.accounts import ACCOUNTS
from accounts.operations.record_kinds.contracts import CONTRACTS
from accounts.operations.record_kinds.names import Held, Names
from accounts.operations.record_kinds.objects import object_kind, object_kinds
from accounts.operations.record_kinds.people import CONTACTS, OUTCOMES
from accounts.operations.record_kinds.products import PRODUCTS
from accounts.operations.record_kinds.shape import Column, Kind, Run, Taken
from accounts.operations.record_kinds.work import ACTIVITIES, TASKS
from accounts.queries.custom import fields_seen, sets
from core.actor import Actor

__all__ = ["KINDS", "Column", "Held", "Kind", "Names", "Run", "Taken", "kind_for", "kinds_for", "label_of"]

KINDS = {kind.code: kind for kind in (ACCOUNTS, CONTACTS, CONTRACTS, ACTIVITIES, TASKS, OUTCOMES, PRODUCTS)}
_SHAPES = {FieldKind.NUMBER.value: "number", FieldKind.DATE.value: "day"}


def kind_for(code: str, by: Actor) -> Kind:
    """The record type with the tenant's own fields that `by` may set. KeyError for one that is not there."""
    kind = object_kind(code, by) if code.startswith(custom.OBJECT) else KINDS[code]
    if not kind.own:
        return kind
    own = [field for field in fields_seen(by=by, record=kind.own) if sets(field, by)]
    return replace(kind, columns={**kind.columns, **{f"{custom.PREFIX}{one.code}": _own(one) for one in own}})


def kinds_for(by: Actor) -> list[Kind]:
    """The record types that `by` may bring, the tenant's own objects last."""
    known = [*KINDS.values(), *object_kinds(by)]
    return [kind for kind in known if by.is_system or kind.permission in by.permissions]


def label_of(code: str) -> str:
    """How the records of a type are called, also of one that is not there any more."""
    return KINDS[code].label if code in KINDS else code.removeprefix(custom.OBJECT).replace("_", " ").capitalize()


def _own(field: CustomField) -> Column:
    def read(cell: Any) -> custom.Value:
        return custom.clean(field.kind, field.choices, cell)

    aliases = (" ".join(field.label.casefold().split()), field.code.replace("_", " "))
    return Column(field.label, read, aliases, shape=_SHAPES.get(field.kind, "words"), longest=custom.LONGEST_TEXT)
