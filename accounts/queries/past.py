"""Any record as it stood at the end of a past day: people, contracts, tasks and the tenant's own records.

What changed comes from PastChange, for own records from the trail. A change that the trail knows of and whose values
nobody kept makes its fields unknown around it.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.urls import reverse

from accounts import custom, past_fields
from accounts.as_of import Change, Then, alike, value_at
from accounts.conditions.fields import Kind
from accounts.models import (
    Account,
    Contact,
    ContactRole,
    Contract,
    CustomField,
    CustomRecord,
    PastChange,
    SubscriptionLine,
    Task,
)
from accounts.queries.as_of import Line, end_of
from accounts.queries.custom import fields_seen
from accounts.queries.objects import fields_key
from core.actor import Actor
from core.models import Entry
from core.templatetags import formats
from users.models import User

LOST = "\x00lost"  # a value that nobody kept; no form can hold it
_EVENTS = {
    "contact": ("contact_id", ("accounts.contact_edited", "accounts.contact_archived")),
    "contract": ("contract_id", ("accounts.contract_changed",)),
    "task": ("task_id", ("accounts.task_changed",)),
    "record": ("record_id", ("accounts.record_changed",)),
}
_CLOSING = ("done_at", "dropped", "snoozed_until")
_MAY: dict[str, tuple[str, ...]] = {  # what may have changed beside what an entry names
    "activated": ("state",),
    "cancelled": ("ends_on", "cancelled_on", "auto_renews", "end_reason"),
    "ended": ("state", "ends_on", "end_reason"),
    "renewed": ("state", "ends_on"),
    "unpaid": ("unpaid_since",),
    "paid": ("unpaid_since",),
    "done": _CLOSING,
    "dropped": _CLOSING,
    "reopened": _CLOSING,
    "snoozed": ("snoozed_until",),
    "woken": ("snoozed_until",),
}
_FIRST = ("created", "made", "added")  # what makes a record changes none
_OF_LINES = ("line_added", "line_changed", "line_corrected", "line_removed")


@dataclass(frozen=True)
class Subject:
    """A record whose past is asked for. own: its fields of the tenant's own that the reader sees."""

    kind: str
    record: Any
    title: str
    what: str
    began: datetime
    url: str
    own: Sequence[CustomField]


def subject(kind: str, record_id: UUID, *, by: Actor) -> Subject:
    """Raises KeyError for a kind that has no past, ObjectDoesNotExist for a record that `by` does not see."""
    models: dict[str, Any] = {"contact": Contact, "contract": Contract, "task": Task, "record": CustomRecord}
    found = models[kind].objects.visible_to(by).get(pk=record_id)
    match kind:
        case "contact":
            url, own, what = reverse("accounts:contact", args=[found.pk]), custom.CONTACT, "Contact"
        case "contract":
            url, own, what = reverse("accounts:contracts", args=[found.account_id]), custom.CONTRACT, "Contract"
        case "task":
            url, own, what = reverse("accounts:task", args=[found.pk]), "", "Task"
        case _:
            url = reverse("accounts:record", args=[found.object.code, found.pk])
            own, what = fields_key(found.object), found.object.name
    fields = fields_seen(by=by, record=own) if own else []
    return Subject(kind, found, str(found), what, found.created_at, url, fields)


def lines_at(one: Subject, *, on: date, by: Actor) -> list[Line]:
    """Every field that `by` may see at the end of a day on which the record was there."""
    now = past_fields.state(one.kind, one.record)
    changes, moment = _changes(one, set(now) | {f"{custom.PREFIX}{field.code}" for field in one.own}), end_of(on)
    labels = {name: label for name, (label, _) in past_fields.OF[one.kind].items()}
    labels |= {f"{custom.PREFIX}{field.code}": field.label for field in one.own}
    then = {name: _then(moment, changes.get(name, []), now.get(name)) for name in labels}
    say = _Words.of(one, [*(found.value for found in then.values()), *now.values()], by).say
    found = []
    for name, label in labels.items():
        was, current = then[name], now.get(name)
        said = say(name, was.value) if was.known else formats.UNKNOWN
        differs = was.known and not alike(was.value, current)
        found.append(Line(name, label, was.known, said, say(name, current), differs, was.last))
    return found


def _then(moment: datetime, changes: list[Change], now: Any) -> Then:
    found = value_at(moment, changes, now)
    return Then(False, None, found.last) if found.value == LOST else found


def _changes(one: Subject, names: set[str]) -> dict[str, list[Change]]:
    """Field -> its changes, oldest first. Two queries."""
    found: dict[str, list[Change]] = defaultdict(list)
    kept: set[datetime] = set()
    for past in PastChange.objects.filter(record_id=one.record.pk, record_kind=one.kind).order_by("at", "pk"):
        kept.add(past.at)
        for name, (old, new) in past.changes.items():
            found[name].append(Change(past.at, past.who, old, new))
    key, events = _EVENTS[one.kind]
    about = Entry.objects.filter(event__in=events, **{f"data__{key}": str(one.record.pk)})
    for entry in about.order_by("seq"):
        what = entry.data.get("what", "")
        if what in _FIRST or what in _OF_LINES or entry.at in kept:
            continue
        for name, (old, new) in _told(one.kind, entry, names).items():
            found[name].append(Change(entry.at, entry.actor_label, old, new))
    return {name: sorted(changes, key=lambda change: change.at) for name, changes in found.items()}


def _told(kind: str, entry: Entry, names: set[str]) -> dict[str, tuple[Any, Any]]:
    """What an entry alone says: of own records everything, of others which fields changed, or that any may have."""
    data = entry.data
    if kind == "record":
        if data["what"] in ("deleted", "restored"):
            gone = data["what"] == "deleted"
            return {"archived_at": (not gone, gone)}
        return {name: (old, new) for name, (old, new) in data["changes"].items()}
    if entry.event == "accounts.contact_archived":
        return {"archived_at": (bool(data.get("restored")), not data.get("restored"))}
    lost = {*data.get("fields", ()), *data.get("changes", ()), *_MAY.get(data.get("what", ""), ())} & names
    return dict.fromkeys(lost or names, (LOST, LOST))


def facts_at(one: Subject, *, on: date, by: Actor) -> list[tuple[str, list[str]]]:
    """What hangs on the record and has days of its own: a person's roles, a contract's lines. Heading -> lines."""
    if one.kind == "contact":
        held = ContactRole.objects.visible_to(by).filter(contact=one.record, starts_on__lte=on)
        held = held.filter(Q(ends_on=None) | Q(ends_on__gt=on)).select_related("account").order_by("starts_on")
        roles = [(role.get_role_display(), role.account.name, formats.day(role.starts_on)) for role in held]
        return [("Roles that day", [f"{role} at {where}, since {since}" for role, where, since in roles])]
    if one.kind == "contract":
        lines = SubscriptionLine.objects.filter(contract=one.record, recorded_at__lte=end_of(on))
        lines = lines.filter(Q(superseded_at=None) | Q(superseded_at__gt=end_of(on))).select_related("product")
        paid = [
            (line.product or line.description or "Line", formats.money(line.amount, one.record.currency), line.billing)
            for line in lines.order_by("starts_on", "pk")
        ]
        return [("Lines as they were entered", [f"{what}: {amount} {billing}" for what, amount, billing in paid])]
    return []


@dataclass(frozen=True)
class _Words:
    one: Subject
    people: dict[str, str]
    accounts: dict[str, str]

    @classmethod
    def of(cls, one: Subject, values: Sequence[Any], by: Actor) -> "_Words":
        ids = {value for value in values if isinstance(value, str) and len(value) == 36 and _is_uuid(value)}
        people = {str(user.pk): str(user) for user in User.objects.filter(pk__in=ids)} if ids else {}
        seen = Account.objects.visible_to(by).filter(pk__in=ids).values_list("pk", "name") if ids else []
        return cls(one, people, {str(pk): name for pk, name in seen})

    def say(self, name: str, value: Any) -> str:
        if value in (None, ""):
            return "nothing"
        how = self._how(name)
        if isinstance(value, bool) or how in ("yes", "there"):
            return "yes" if value else "no"
        if how == "person":
            return self.people.get(str(value), "somebody who is not here")
        if how == "account":
            return self.accounts.get(str(value), "another account")
        if how == "day":
            return formats.day(date.fromisoformat(str(value)[:10]))
        if how == "choice":
            choices = dict(type(self.one.record)._meta.get_field(name).choices or ())
            return str(choices.get(value, value))
        return str(value)

    def _how(self, name: str) -> str:
        if not custom.is_own(name):
            return past_fields.OF[self.one.kind][name][1]
        kind = next((field.kind for field in self.one.own if field.code == custom.code_of(name)), "")
        return {Kind.DATE.value: "day", Kind.YES.value: "yes"}.get(kind, "text")


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
