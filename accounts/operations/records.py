"""Records of the tenant's own objects: add, edit, delete, restore."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction

from accounts import custom, rules
from accounts.events import RecordChanged
from accounts.models import Account, CustomObject, CustomRecord
from accounts.operations.custom_values import checked_values, missing_value
from accounts.queries.objects import changes, fields_key
from core.actor import Actor
from core.audit import record
from core.errors import Conflict, DomainError
from core.rules import require

MOST_AT_ONE_ACCOUNT = 500  # records of one object


@transaction.atomic
def create_record(
    *, code: str, account_id: UUID, name: str, by: Actor, at: datetime, source: str = "page", **given: Any
) -> CustomRecord:
    """Add a record of the object `code` to an account; `given` are "custom.<code>" of its fields.

    Emits RecordChanged. Raises DomainError, PermissionDenied, CustomObject.DoesNotExist, Account.DoesNotExist.
    """
    kind = CustomObject.objects.visible_to(by).get(code=code, active=True)
    account = Account.objects.visible_to(by).active().select_for_update(of=("self",)).get(pk=account_id)
    _may_change(kind, account, by)
    _room(kind, account)
    fields = _known(kind, {"name": name, **given}, by)
    if source in ("page", "api"):
        missing_value(given=fields, by=by, record=fields_key(kind))
    made = CustomRecord(object=kind, account=account, created_at=at, created_by=by.label[:160])
    for field, value in fields.items():
        custom.put(made, field, value)
    made.save(force_insert=True)
    first = {field: [None, value] for field, value in fields.items() if value is not None}
    record(RecordChanged(account.pk, made.pk, kind.code, "added", first, source), by=by)
    return made


@transaction.atomic
def edit_record(*, record_id: UUID, expected_version: int, changes: Mapping[str, Any], by: Actor) -> CustomRecord:
    """Change the name and fields "custom.<code>"; `changes` holds only what the person changed.

    Emits RecordChanged. Raises Conflict when somebody else saved meanwhile, DomainError, PermissionDenied,
    CustomRecord.DoesNotExist.
    """
    found = _locked(record_id, by)
    if found.archived_at is not None:
        raise DomainError("It is deleted. Bring it back first.")
    _not_archived(found.account)
    if found.version != expected_version:
        raise Conflict("Somebody else changed this since you opened it. Nothing of theirs was overwritten.")
    given = _known(found.object, changes, by)
    fields = {name: value for name, value in given.items() if custom.held(found, name) != value}
    if not fields:
        return found
    said = {name: [custom.held(found, name), value] for name, value in fields.items()}
    for name, value in fields.items():
        custom.put(found, name, value)
    found.version += 1
    found.save(update_fields=[*custom.columns_of(fields), "version"])
    record(RecordChanged(found.account_id, found.pk, found.object.code, "edited", said), by=by)
    return found


@transaction.atomic
def archive_record(*, record_id: UUID, by: Actor, at: datetime, restore: bool = False) -> CustomRecord:
    """Delete a record so that it can be brought back, or bring it back. A second time nothing happens.

    Emits RecordChanged. Raises DomainError for an archived account, and for one that has as many as it may have;
    PermissionDenied, CustomRecord.DoesNotExist.
    """
    found = _locked(record_id, by)
    wanted = None if restore else at
    if bool(found.archived_at) == bool(wanted):
        return found
    _not_archived(found.account)
    if restore:
        _room(found.object, found.account)
    found.archived_at = wanted
    found.version += 1
    found.save(update_fields=["archived_at", "version"])
    what = "restored" if restore else "deleted"
    record(RecordChanged(found.account_id, found.pk, found.object.code, what), by=by)
    return found


def _locked(record_id: UUID, by: Actor) -> CustomRecord:
    """The account is locked first, as by `create_record`, so that two people do not both take its last place."""
    rows = CustomRecord.objects.visible_to(by).select_related("object", "account")
    Account.objects.visible_to(by).select_for_update(of=("self",)).get(pk=rows.get(pk=record_id).account_id)
    found: CustomRecord = rows.select_for_update(of=("self",)).get(pk=record_id)
    _may_change(found.object, found.account, by)
    return found


def _room(kind: CustomObject, account: Account) -> None:
    if CustomRecord.objects.filter(object=kind, account=account, archived_at=None).count() >= MOST_AT_ONE_ACCOUNT:
        raise DomainError(f"One account has at most {MOST_AT_ONE_ACCOUNT} {kind.plural}.", field="name")


def _not_archived(account: Account) -> None:
    if account.archived_at is not None:
        raise DomainError(f"“{account.name}” is archived. Bring it back first.")


def _may_change(kind: CustomObject, account: Account, by: Actor) -> None:
    require(by, rules.EDIT, account)
    if not changes(kind, by):
        raise PermissionDenied(f"Your role does not allow you to change {kind.plural}.")


def _known(kind: CustomObject, given: Mapping[str, Any], by: Actor) -> dict[str, Any]:
    """The given fields as they are kept. TypeError for a field that nobody may set."""
    if unknown := {name for name in given if not custom.is_own(name)} - {"name"}:
        raise TypeError(f"not fields of a record that may be set: {sorted(unknown)}")
    fields = {**given, **checked_values(given=given, by=by, record=fields_key(kind))}
    if "name" in fields:
        fields["name"] = " ".join(str(fields["name"]).split())
        if not fields["name"]:
            raise DomainError("It needs a name.", field="name")
    return fields
