"""The tenant's own objects: add, change, retire, bring back."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts import custom, rules
from accounts.events import CustomObjectChanged
from accounts.models import CustomObject
from accounts.queries.objects import TAKEN_WORDS
from core.actor import Actor
from core.audit import record
from core.errors import Conflict, DomainError
from core.rules import require
from tenants.context import take_lock
from users.models import Role

MOST_OBJECTS = 30  # in use
LONGEST_CODE = 28  # letters of the name that the code is made of
MAY_CHANGE = ("name", "plural", "description", "view_roles", "edit_roles")


class NotAnObject(DomainError):
    """An object cannot be like this."""


@transaction.atomic
def add_object(*, name: str, plural: str, by: Actor, **given: Any) -> CustomObject:
    """Add an object; its code comes from the name and never changes. `given`: description, view_roles, edit_roles.

    Emits CustomObjectChanged. Raises NotAnObject, PermissionDenied.
    """
    require(by, rules.KEEP_FIELDS)
    take_lock("custom objects")
    known = list(CustomObject.objects.all())
    if sum(one.active for one in known) >= MOST_OBJECTS:
        raise NotAnObject(f"There are {MOST_OBJECTS} objects already. Retire one first.", field="name")
    made = CustomObject()
    _put(made, {"name": name, "plural": plural, **given}, known)
    made.code = custom.code_from(made.name[:LONGEST_CODE], {one.code for one in known})
    made.save(force_insert=True)
    record(CustomObjectChanged(None, made.pk, made.code, "added"), by=by)
    return made


@transaction.atomic
def change_object(*, object_id: UUID, expected_version: int, changes: Mapping[str, Any], by: Actor) -> CustomObject:
    """Change what MAY_CHANGE names. Emits CustomObjectChanged. Raises NotAnObject, Conflict, PermissionDenied."""
    require(by, rules.KEEP_FIELDS)
    take_lock("custom objects")
    found: CustomObject = CustomObject.objects.select_for_update().get(pk=object_id)
    if found.version != expected_version:
        raise Conflict("Somebody else changed this object since you opened it. Nothing of theirs was overwritten.")
    before = {name: getattr(found, name) for name in changes}
    _put(found, changes, list(CustomObject.objects.exclude(pk=found.pk)))
    changed = {name: [old, getattr(found, name)] for name, old in before.items() if getattr(found, name) != old}
    if changed:
        found.version += 1
        found.save(update_fields=[*changed, "version"])
        record(CustomObjectChanged(None, found.pk, found.code, "changed", changed), by=by)
    return found


@transaction.atomic
def retire_object(*, object_id: UUID, by: Actor, restore: bool = False) -> CustomObject:
    """Take an object out of use everywhere; its fields and records are kept and there again when it comes back.

    Emits CustomObjectChanged. Raises NotAnObject when another object has its name by now, PermissionDenied.
    """
    require(by, rules.KEEP_FIELDS)
    take_lock("custom objects")
    found: CustomObject = CustomObject.objects.select_for_update().get(pk=object_id)
    if found.active == restore:
        return found
    if restore:
        _refuse_taken(found, list(CustomObject.objects.filter(active=True)))
    found.active = restore
    found.version += 1
    found.save(update_fields=["active", "version"])
    record(CustomObjectChanged(None, found.pk, found.code, "brought back" if restore else "retired"), by=by)
    return found


def _put(found: CustomObject, given: Mapping[str, Any], others: list[CustomObject]) -> None:
    if unknown := set(given) - set(MAY_CHANGE):
        raise TypeError(f"not parts of an object that may be set: {sorted(unknown)}")
    for name, value in given.items():
        setattr(found, name, " ".join(value.split()) if isinstance(value, str) else value)
    if not found.name:
        raise NotAnObject("An object needs a name.", field="name")
    if not found.plural:
        raise NotAnObject("Say how several of them are called.", field="plural")
    _refuse_taken(found, [one for one in others if one.active])
    roles = set(Role.objects.values_list("code", flat=True))
    for name in ("view_roles", "edit_roles"):
        wanted = set(getattr(found, name))
        if missing := wanted - roles:
            raise NotAnObject(f"There is no role {sorted(missing)[0]}.", field=name)
        setattr(found, name, sorted(wanted))


def _refuse_taken(found: CustomObject, others: list[CustomObject]) -> None:
    """In conditions and files an object is called by its name, so that no two things may have one."""
    taken = {word for one in others for word in (one.name.casefold(), one.plural.casefold())} | TAKEN_WORDS
    for name in ("name", "plural"):
        if getattr(found, name).casefold() in taken:
            raise NotAnObject(f"There is something called “{getattr(found, name)}” already.", field=name)
