"""The tenant's own fields of its records: add, change, put in order, retire, bring back."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts import custom, rules
from accounts.events import CustomFieldChanged
from accounts.models import CustomField, CustomObject
from accounts.queries.custom import fields_of, has_fields
from core.actor import Actor
from core.audit import record
from core.errors import Conflict, DomainError
from core.rules import require
from tenants.context import take_lock
from users.models import Role

MOST_FIELDS = 100  # in use, of one kind of record
MAY_CHANGE = ("label", "unit", "choices", "required", "in_reports", "view_roles", "edit_roles")


class NotAField(DomainError):
    """A field cannot be like this."""


class FieldChanged(Conflict):
    """Somebody else changed the field meanwhile."""


@transaction.atomic
def add_field(*, label: str, kind: str, by: Actor, record: str = custom.ACCOUNT, **given: Any) -> CustomField:
    """Add a field at the end; its code comes from the label and never changes. record: as CustomField.record. `given`:
    unit, choices, required, in_reports, view_roles, edit_roles. Emits CustomFieldChanged. Raises NotAField,
    PermissionDenied."""
    require(by, rules.KEEP_FIELDS)
    take_lock("custom fields")
    if not has_fields(record):
        raise NotAField("There is no such kind of record.", field="record")
    known = list(CustomField.objects.filter(record=record))
    if sum(one.active for one in known) >= MOST_FIELDS:
        raise NotAField(f"There are {MOST_FIELDS} fields already. Retire one first.", field="label")
    if kind not in custom.KINDS:
        raise NotAField(f"Choose one of: {', '.join(custom.KINDS.values())}.", field="kind")
    made = CustomField(record=record, kind=kind, position=max((one.position for one in known), default=-1) + 1)
    _put(made, {"label": label, **given}, known)
    made.code = custom.code_from(made.label, {one.code for one in known})
    made.save(force_insert=True)
    _tell(made, "added", by)
    return made


@transaction.atomic
def change_field(*, field_id: UUID, expected_version: int, changes: Mapping[str, Any], by: Actor) -> CustomField:
    """Change what MAY_CHANGE names; the kind stays, or values would lose their meaning. Values that are no choice any
    more stay as they are until somebody changes them. Emits CustomFieldChanged. Raises NotAField, FieldChanged."""
    require(by, rules.KEEP_FIELDS)
    take_lock("custom fields")
    found = CustomField.objects.select_for_update().get(pk=field_id)
    if found.version != expected_version:
        raise FieldChanged("Somebody else changed this field since you opened it. Look at it again before you save.")
    before = {name: getattr(found, name) for name in changes}
    _put(found, changes, list(CustomField.objects.filter(record=found.record).exclude(pk=found.pk)))
    changed = {name: [old, getattr(found, name)] for name, old in before.items() if getattr(found, name) != old}
    if changed:
        found.version += 1
        found.save(update_fields=[*changed, "version"])
        _tell(found, "changed", by, changed)
    return found


@transaction.atomic
def move_field(*, field_id: UUID, up: bool, by: Actor) -> CustomField:
    """Change places with the neighbour among the fields in use; at an end it stays. Emits CustomFieldChanged."""
    require(by, rules.KEEP_FIELDS)
    take_lock("custom fields")
    kind = CustomField.objects.get(pk=field_id, active=True).record
    fields = list(CustomField.objects.filter(record=kind, active=True).select_for_update())
    here = next(number for number, one in enumerate(fields) if one.pk == field_id)
    there, moved = here + (-1 if up else 1), fields[here]
    if not 0 <= there < len(fields):
        return moved
    fields[here], fields[there] = fields[there], fields[here]
    for number, one in enumerate(fields):
        one.position = number
    CustomField.objects.bulk_update(fields, ["position"])
    _tell(moved, "moved up" if up else "moved down", by)
    return moved


@transaction.atomic
def retire_field(*, field_id: UUID, by: Actor, restore: bool = False) -> CustomField:
    """Take a field out of use everywhere; its values are kept and there again when it comes back. Emits
    CustomFieldChanged. Raises NotAField when another field has its label by now."""
    require(by, rules.KEEP_FIELDS)
    take_lock("custom fields")
    found = CustomField.objects.select_for_update().get(pk=field_id)
    if found.active == restore:
        return found
    if restore:
        _refuse_taken(found.label, fields_of(found.record))
    found.active = restore
    found.version += 1
    found.save(update_fields=["active", "version"])
    _tell(found, "brought back" if restore else "retired", by)
    return found


def _tell(field: CustomField, what: str, by: Actor, changes: Mapping[str, Any] | None = None) -> None:
    record(CustomFieldChanged(None, field.pk, field.code, what, dict(changes or {}), field.record), by=by)


def _put(field: CustomField, given: Mapping[str, Any], others: Sequence[CustomField]) -> None:
    unknown = set(given) - set(MAY_CHANGE)
    if unknown:
        raise TypeError(f"not parts of a field that may be set: {sorted(unknown)}")
    for name, value in given.items():
        setattr(field, name, value)
    field.label = " ".join(field.label.split())
    if not field.label:
        raise NotAField("A field needs a name.", field="label")
    _refuse_taken(field.label, [one for one in others if one.active])
    field.choices = _choices(field)
    roles = set(Role.objects.values_list("code", flat=True))
    for name in ("view_roles", "edit_roles"):
        wanted = list(dict.fromkeys(getattr(field, name)))
        if missing := set(wanted) - roles:
            raise NotAField(f"There is no role {sorted(missing)[0]}.", field=name)
        setattr(field, name, sorted(wanted))
    if field.in_reports and field.view_roles:
        raise NotAField("A report goes to anybody: only what every role sees can stand in it.", field="in_reports")
    of = CustomObject.objects.filter(code=field.record.removeprefix(custom.OBJECT)).exclude(view_roles=[])
    if field.in_reports and field.record.startswith(custom.OBJECT) and of.exists():
        raise NotAField("A report goes to anybody: some roles may not know of these records.", field="in_reports")


def _choices(field: CustomField) -> list[str]:
    if field.kind != "choice":
        return []
    found: dict[str, str] = {}
    for choice in (" ".join(str(one).split()) for one in field.choices):
        if len(choice) > custom.LONGEST_CHOICE:
            raise NotAField(f"A choice has at most {custom.LONGEST_CHOICE} characters.", field="choices")
        if choice:
            found.setdefault(choice.casefold(), choice)
    if not 1 <= len(found) <= custom.MOST_CHOICES:
        raise NotAField(f"Write at least one choice and at most {custom.MOST_CHOICES}.", field="choices")
    return list(found.values())


def _refuse_taken(label: str, others: Any) -> None:
    if any(one.label.casefold() == label.casefold() for one in others):
        raise NotAField(f"There is a field called “{label}” already.", field="label")
