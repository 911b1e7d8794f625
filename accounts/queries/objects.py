"""Reads of the tenant's own objects and their records; what conditions can ask of the records of an account."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import UUID

from django.db.models import OuterRef, QuerySet
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Lower, Upper
from django.utils.timezone import localdate

from accounts import custom, rules
from accounts.conditions import Field, Kind, Many, matching, read
from accounts.conditions.fields import column
from accounts.models import (
    Account,
    Contact,
    ContactRole,
    Contract,
    CustomField,
    CustomObject,
    CustomRecord,
    Location,
    Task,
)
from accounts.queries.custom import fields_of, fields_seen, own_field_of
from core.actor import Actor
from core.rules import ADMIN, allowed

# What else a condition, a file or a page calls by one word.
TAKEN_WORDS = frozenset(
    word
    for one in ("account", "contact", "person", "contract", "task", "activity", "document", "outcome", "renewal")
    for word in (one, f"{one}s")
) | {"people", "activities"}


def fields_key(kind: CustomObject) -> str:
    """CustomField.record of the object's fields."""
    return f"{custom.OBJECT}{kind.code}"


def objects_seen(*, by: Actor) -> QuerySet[CustomObject]:
    """The objects in use that `by` may know of, by plural."""
    found: QuerySet[CustomObject] = CustomObject.objects.visible_to(by).filter(active=True)
    return found


def changes(kind: CustomObject, by: Actor) -> bool:
    """Whether the object's roles let `by` change its records; they also need the right to edit the account."""
    return by.is_system or by.role == ADMIN or not kind.edit_roles or by.role in kind.edit_roles


def may_change(kind: CustomObject, account: Account | None, *, by: Actor) -> bool:
    return allowed(by, rules.EDIT, account) and changes(kind, by)


@dataclass(frozen=True)
class Wanted:
    """What is asked of a list of records. said: code of a choice or yes-or-no field -> the value it is to have.

    deleted: those that were deleted instead of the others.
    """

    q: str = ""
    account_id: UUID | None = None
    where: str = ""
    said: Mapping[str, str] = field(default_factory=dict)
    deleted: bool = False


def records(kind: CustomObject, wanted: Wanted, *, by: Actor) -> QuerySet[CustomRecord]:
    """Those that `by` sees, with sort_name. Raises ConditionError for a condition that cannot be read."""
    found: QuerySet[CustomRecord] = CustomRecord.objects.visible_to(by).filter(object=kind)
    found = found.filter(archived_at__isnull=not wanted.deleted, account__archived_at=None)
    found = found.select_related("account", "object").annotate(sort_name=Lower("name"))
    for word in wanted.q.replace("\x00", "").split()[:5]:
        found = found.filter(name__icontains=word)
    if wanted.account_id:
        found = found.filter(account_id=wanted.account_id)
    for code, value in wanted.said.items():
        found = found.annotate(**{f"said_{code}": KeyTextTransform(code, "custom")}).filter(**{f"said_{code}": value})
    if wanted.where.strip():
        found = found.filter(matching(read(wanted.where, by=by, of=many_of(kind)), today=localdate()))
    return found


def choosable(kind: CustomObject, *, by: Actor) -> list[CustomField]:
    """Fields that a list offers as filters of their own."""
    return [one for one in fields_seen(by=by, record=fields_key(kind)) if one.kind in (Kind.CHOICE, Kind.YES)]


@dataclass(frozen=True)
class ObjectAt:
    """An object and its records at one account. more: how many are not among `rows`."""

    kind: CustomObject
    rows: Sequence[CustomRecord]
    more: int
    may_change: bool


def records_at(account: Account, *, by: Actor, most: int) -> list[ObjectAt]:
    """Every object that `by` sees with the newest records at an account. Two queries."""
    kinds = list(objects_seen(by=by))
    if not kinds:
        return []
    rows = CustomRecord.objects.filter(account=account, object__in=kinds, archived_at=None).order_by("-created_at")
    by_kind: dict[UUID, list[CustomRecord]] = {kind.pk: [] for kind in kinds}
    for row in rows:
        by_kind[row.object_id].append(row)
    return [
        ObjectAt(kind, found[:most], max(len(found) - most, 0), may_change(kind, account, by=by))
        for kind in kinds
        for found in [by_kind[kind.pk]]
    ]


def found_by_words(words: Iterable[str], *, by: Actor) -> QuerySet[CustomRecord]:
    """Records whose name holds every word, for the search."""
    found: QuerySet[CustomRecord] = CustomRecord.objects.visible_to(by).filter(archived_at=None)
    found = found.filter(account__archived_at=None).annotate(capitals=Upper("name"))
    for word in words:
        found = found.filter(capitals__contains=word.upper())
    return found.select_related("object", "account").order_by(Lower("name"), "pk")


# What conditions ask ------------------------------------------------------------------------------------------


def many_of(kind: CustomObject) -> Many:
    """The object's records as conditions have them."""
    rows = partial(_rows, kind.pk)
    name, plural, key = kind.name.lower(), kind.plural.lower(), fields_key(kind)
    return Many(kind.code, name, plural, rows, partial(_field_of, key), partial(_fields_of, key))


def _rows(object_id: UUID) -> QuerySet[CustomRecord]:
    found: QuerySet[CustomRecord] = CustomRecord.objects.filter(object_id=object_id, archived_at=None)
    return found.filter(account=OuterRef("pk"))


_COMMON = (column("name", "Name", Kind.TEXT), column("account", "Account", Kind.TEXT, "account__name"))


def _field_of(record: str, name: str, by: Actor | None) -> Field | None:
    """By code, with or without "custom." before it."""
    plain = custom.code_of(name.lower())
    found = next((one for one in _COMMON if one.code == name.lower()), None)
    if found is None and (kept := fields_of(record).filter(code=plain).first()):
        found = own_field_of(kept, plain)
    return found if found is not None and found.seen_by(by) else None


def _fields_of(record: str, by: Actor | None) -> list[Field]:
    made = [own_field_of(one, one.code) for one in fields_of(record)]
    return [*_COMMON, *(one for one in made if one.seen_by(by))]


def object_sets(by: Actor | None) -> list[Many]:
    """The tenant's own objects; nobody in particular knows those of every role."""
    known = CustomObject.objects.filter(active=True)
    seen = known.filter(view_roles=[]) if by is None else known.visible_to(by)
    return [many_of(kind) for kind in seen]


def _set(code: str, plural: str, rows: Any, record: str, fields: Sequence[Field]) -> Many:
    """Records that every tenant has, with the tenant's own fields of them."""

    def every(by: Actor | None) -> list[Field]:
        made = [own_field_of(one, f"{custom.PREFIX}{one.code}") for one in fields_of(record)] if record else []
        return [*fields, *(one for one in made if one.seen_by(by))]

    def find(name: str, by: Actor | None) -> Field | None:
        return next((one for one in every(by) if one.code == name.lower()), None)

    return Many(code, code, plural, rows, find, every)


def _contacts() -> QuerySet[Contact]:
    here = ContactRole.objects.filter(account=OuterRef(OuterRef("pk")), ends_on=None)
    return Contact.objects.filter(archived_at=None, pk__in=here.values("contact_id"))


BUILT_IN: tuple[Many, ...] = (
    _set(
        "contact", "contacts", _contacts, custom.CONTACT,
        (column("name", "Name", Kind.TEXT), column("email", "E-mail", Kind.TEXT), column("title", "Title", Kind.TEXT)),
    ),
    _set(
        "contract", "contracts", lambda: Contract.objects.filter(account=OuterRef("pk")), custom.CONTRACT,
        (
            column("name", "Name", Kind.TEXT), column("number", "Number", Kind.TEXT),
            column("state", "State", Kind.CHOICE, choices=tuple(Contract.State.choices)),
            column("starts_on", "Starts", Kind.DATE), column("ends_on", "Ends", Kind.DATE),
            column("auto_renews", "Renews by itself", Kind.YES), column("currency", "Currency", Kind.TEXT),
        ),
    ),
    _set(
        "task", "tasks", lambda: Task.objects.filter(account=OuterRef("pk"), done_at=None, private=False), "",
        (
            column("title", "Title", Kind.TEXT), column("due_on", "Due", Kind.DATE),
            column("assignee", "Who", Kind.TEXT, "assignee__name"),
        ),
    ),
    _set(
        "site", "sites", lambda: Location.objects.filter(account=OuterRef("pk")), "",
        (
            column("name", "Name", Kind.TEXT), column("region", "Region", Kind.TEXT),
            column("country", "Country", Kind.TEXT), column("address", "Address", Kind.TEXT),
        ),
    ),
)  # fmt: skip


def built_in_sets(by: Actor | None) -> Sequence[Many]:
    return BUILT_IN
