"""Rows of people, and of what happened to accounts."""

from typing import Any

from accounts import columns, custom, rules
from accounts.events import ContactArchived
from accounts.models import Contact, ContactRole, Outcome
from accounts.operations.outcomes import record_outcome, withdraw_outcome
from accounts.operations.people import create_contact, edit_contact
from accounts.operations.record_kinds.names import Held
from accounts.operations.record_kinds.shape import Column, Kind, Run, Taken, one_of, unchanged
from accounts.operations.roles import open_role
from core.actor import Actor
from core.audit import record

ACCOUNT = Column(
    "Account",
    aliases=("account", "account name", "company", "customer", "client", "account id", "customer id", "customerid"),
    required=True,
)


def _take_contact(fields: dict[str, Any], key: str, run: Run) -> Taken:
    given, by, at = dict(fields), run.by, run.at
    place, role = given.pop("account", ""), given.pop("role", ContactRole.Role.USER.value)
    account = run.names.account(place) if place else None
    same = Contact.objects.visible_to(by).filter(archived_at=None, **{f"{key}__iexact": str(given[key])})
    if len(found := list(same[:2])) > 1:
        raise Held(f"Several people have this {key}: {given[key]}.", field=key)
    if not found:
        place_of = {"account_id": account.pk, "role": role} if account else None
        made = create_contact(**given, by=by, at=at, role=place_of, source="import")
        opened = list(made.roles.values_list("pk", flat=True))
        return Taken("create", made.pk, {"roles": [str(one) for one in opened]}, made.version)
    before: dict[str, Any] = {n: custom.held(found[0], n) for n, v in given.items() if custom.held(found[0], n) != v}
    done = edit_contact(contact_id=found[0].pk, expected_version=found[0].version, changes=given, by=by)
    if account and not done.roles.filter(account=account, role=role, ends_on=None).exists():
        opened_role = open_role(contact_id=done.pk, account_id=account.pk, role=role, by=by, at=at)
        before["roles"] = [str(opened_role.pk)]
        done.refresh_from_db()
    return Taken("update" if before else "same", done.pk, before, done.version)


def _undo_contact(row: Any, *, by: Actor, at: Any, expected: int | None) -> int:
    contact = Contact.objects.visible_to(by).select_for_update(of=("self",)).get(pk=row.record_id)
    unchanged(contact.version, expected, contact.name)
    back = {name: value for name, value in row.before.items() if name != "roles"}
    ContactRole.objects.filter(contact=contact, pk__in=row.before.get("roles", [])).delete()
    if row.action == "update":
        changed = edit_contact(contact_id=contact.pk, expected_version=contact.version, changes=back, by=by)
        return int(changed.version)
    contact.archived_at = at
    contact.version += 1
    contact.save(update_fields=["archived_at", "version"])
    record(ContactArchived(None, contact.pk), by=by)
    return int(contact.version)


def _take_outcome(fields: dict[str, Any], key: str, run: Run) -> Taken:
    account = run.names.account(fields["account"])
    there = Outcome.objects.filter(account=account, kind=fields["kind"], on=fields["on"], withdrawn_at=None).first()
    if there:
        return Taken("same", there.pk)
    given = {name: fields[name] for name in ("amount", "reason") if name in fields}
    made = record_outcome(account_id=account.pk, kind=fields["kind"], on=fields["on"], **given, by=run.by, at=run.at)
    return Taken("create", made.pk)


def _undo_outcome(row: Any, *, by: Actor, at: Any, expected: int | None) -> None:
    withdraw_outcome(outcome_id=row.record_id, by=by, at=at)


CONTACTS = Kind(
    "contacts",
    "People",
    rules.EDIT_CONTACT,
    {
        "name": Column("Name", aliases=("name", "full name", "contact", "contact name"), required=True),
        "email": Column("E-mail", aliases=("email", "e mail", "mail", "email address")),
        "phone": Column("Phone", aliases=("phone", "telephone", "mobile")),
        "title": Column("Title", aliases=("title", "job title", "position", "function")),
        "note": Column("Note", aliases=("note", "notes", "comment")),
        "account": Column(ACCOUNT.label, aliases=ACCOUNT.aliases),
        "role": Column("Role", one_of(ContactRole.Role.choices), ("role",)),
    },
    ("email", "name"),
    _undo_contact,
    take=_take_contact,
    own=custom.CONTACT,
)
OUTCOMES = Kind(
    "outcomes",
    "Outcomes",
    rules.RECORD_OUTCOME,
    {
        "account": ACCOUNT,
        "kind": Column("What happened", one_of(Outcome.Kind.choices), ("kind", "outcome", "event"), required=True),
        "on": Column("Day", columns.read_day, ("on", "day", "date"), required=True, shape="day"),
        "amount": Column("Amount", columns.read_amount, ("amount", "value", "arr"), shape="amount"),
        "reason": Column("Reason", aliases=("reason", "why", "note")),
    },
    ("account",),
    _undo_outcome,
    take=_take_outcome,
)
