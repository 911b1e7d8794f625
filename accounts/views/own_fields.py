"""The tenant's own fields in a posted form, the same at every kind of record."""

from typing import Any

from accounts import custom
from accounts.queries.custom import HasOwn, OwnValue, own_values
from core.http import Request


def settable(request: Request, holder: HasOwn | None, record: str) -> list[OwnValue]:
    """The fields that this person may set, with what the holder says in them."""
    return [one for one in own_values(holder, by=request.actor, record=record) if one.may_set]


def posted_own(request: Request, holder: HasOwn | None, record: str) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """What was posted in the fields that this person may set, as it is kept, and what of it does not fit.

    What reads as it is kept is left out: it may be a choice that there is no more.
    """
    values: dict[str, Any] = {}
    errors: dict[str, list[str]] = {}
    for one in settable(request, holder, record):
        typed = request.POST.get(one.name)
        if typed is None or (holder is not None and typed.strip() == one.text):
            continue
        try:
            values[one.name] = custom.clean(one.field.kind, one.field.choices, typed)
        except ValueError as wrong:
            errors[one.name] = [str(wrong)]
            continue
        if one.field.required and values[one.name] is None:
            errors[one.name] = [f"“{one.field.label}” is needed."]
    return values, errors
