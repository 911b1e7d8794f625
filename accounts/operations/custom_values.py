"""What is set in the tenant's own fields of a record, checked against the fields and who sets it."""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import PermissionDenied

from accounts import custom
from accounts.queries.custom import fields_seen, sets
from core.actor import Actor
from core.errors import DomainError


class NotAValue(DomainError):
    """A field of the tenant's own cannot say that; `field` is custom.<code>."""


def checked_values(*, given: Mapping[str, Any], by: Actor, record: str = custom.ACCOUNT) -> dict[str, custom.Value]:
    """Those of `given` that are named custom.<code>, as they are kept.

    Raises NotAValue for a field that is not there or that `by` may not see, and for what does not fit its kind;
    PermissionDenied for one that `by` may only see.
    """
    wanted = {name: value for name, value in given.items() if custom.is_own(name)}
    if not wanted:
        return {}
    fields = {f"{custom.PREFIX}{field.code}": field for field in fields_seen(by=by, record=record)}
    checked: dict[str, custom.Value] = {}
    for name, value in wanted.items():
        field = fields.get(name)
        if field is None:
            raise NotAValue(f"There is no field “{custom.code_of(name)}”.", field=name)
        if not sets(field, by):
            raise PermissionDenied(f"Your role does not allow you to change “{field.label}”.")
        try:
            checked[name] = custom.clean(field.kind, field.choices, value)
        except ValueError as wrong:
            raise NotAValue(str(wrong), field=name) from wrong
        if field.required and checked[name] is None:
            raise NotAValue(f"“{field.label}” is needed.", field=name)
    return checked


def missing_value(*, given: Mapping[str, Any], by: Actor, record: str = custom.ACCOUNT) -> None:
    """Raises NotAValue when a field that is needed, and that `by` may set, is not among `given`."""
    for field in fields_seen(by=by, record=record):
        if field.required and sets(field, by) and given.get(f"{custom.PREFIX}{field.code}") is None:
            raise NotAValue(f"“{field.label}” is needed.", field=f"{custom.PREFIX}{field.code}")
