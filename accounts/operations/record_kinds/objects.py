"""Rows of the tenant's own objects: which record of which account a row is says its name there."""

from functools import partial
from typing import Any

from accounts import custom, rules
from accounts.models import CustomObject, CustomRecord
from accounts.operations.record_kinds.names import Held
from accounts.operations.record_kinds.people import ACCOUNT
from accounts.operations.record_kinds.shape import Column, Kind, Run, Taken, plain, unchanged
from accounts.operations.records import archive_record, create_record, edit_record
from accounts.queries.objects import changes, fields_key, objects_seen
from core.actor import Actor
from core.errors import DomainError


def object_kinds(by: Actor) -> list[Kind]:
    """The objects whose records `by` may change."""
    return [_kind(one) for one in objects_seen(by=by) if changes(one, by)]


def object_kind(code: str, by: Actor) -> Kind:
    """The record type of "object:<code>". KeyError for one that is not there or that `by` may not change."""
    return {kind.code: kind for kind in object_kinds(by)}[code]


def _kind(one: CustomObject) -> Kind:
    return Kind(
        fields_key(one),
        one.plural,
        rules.EDIT,
        {
            "account": ACCOUNT,
            "name": Column("Name", aliases=("name", one.name.casefold(), f"{one.name.casefold()} name"), required=True),
        },
        ("name",),
        _undo,
        take=partial(_take, one),
        own=fields_key(one),
        hint=one.description,
    )


def _take(one: CustomObject, fields: dict[str, Any], key: str, run: Run) -> Taken:
    given = dict(fields)
    account = run.names.account(given.pop("account"))
    name = " ".join(str(given.pop("name")).split())
    here = CustomRecord.objects.filter(object=one, account=account, archived_at=None, name__iexact=name)
    if len(found := list(here[:2])) > 1:
        raise Held(f"{account.name} has several {one.plural} called “{name}”.", field="name")
    if not found:
        made = create_record(
            code=one.code, account_id=account.pk, name=name, by=run.by, at=run.at, source="import", **given
        )
        return Taken("create", made.pk, version=made.version)
    before = {n: plain(custom.held(found[0], n)) for n, value in given.items() if custom.held(found[0], n) != value}
    done = edit_record(record_id=found[0].pk, expected_version=found[0].version, changes=given, by=run.by)
    return Taken("update" if before else "same", done.pk, before, done.version)


def _undo(row: Any, *, by: Actor, at: Any, expected: int | None) -> int:
    found = CustomRecord.objects.visible_to(by).filter(pk=row.record_id).first()
    if found is None:
        raise DomainError("It is not there any more.")
    unchanged(found.version, expected, found.name)
    if row.action == "update":
        done = edit_record(record_id=found.pk, expected_version=found.version, changes=row.before, by=by)
    else:
        done = archive_record(record_id=found.pk, by=by, at=at)
    return int(done.version)
