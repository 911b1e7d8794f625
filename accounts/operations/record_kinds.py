"""What can come from a file: each record type with its fields, how a row becomes a record, and how that is undone."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.contrib.postgres.search import TrigramSimilarity

from accounts import columns, rules
from accounts.events import AccountArchived, ContactArchived
from accounts.matching import compare, read_name
from accounts.models import Account, Contact, ContactRole, Outcome
from accounts.operations.accounts import create_account, edit_account
from accounts.operations.outcomes import record_outcome, withdraw_outcome
from accounts.operations.people import create_contact, edit_contact
from accounts.operations.roles import open_role
from core.actor import Actor
from core.audit import record
from core.errors import DomainError
from users.models import User

LOOKS_LIKE = 95  # from this likeness on, a new account waits until a person says that it is another one


class Held(DomainError):
    """The row waits. fix: what would help, in a sentence."""

    def __init__(self, words: str, *, field: str = "", fix: str = "") -> None:
        super().__init__(words, field=field)
        self.fix = fix


@dataclass(frozen=True)
class Column:
    label: str
    read: Callable[[Any], Any] = columns.read_words
    aliases: tuple[str, ...] = ()
    required: bool = False


@dataclass(frozen=True)
class Taken:
    """What a row did. action: create, update, same. before: fields as they were; version: of the record afterwards."""

    action: str
    record_id: UUID
    before: dict[str, Any] = field(default_factory=dict)
    version: int | None = None


@dataclass(frozen=True)
class Kind:
    """A record type. keys: the fields that can say which record a row is, the usual one first."""

    code: str
    label: str
    permission: str
    columns: Mapping[str, Column]
    keys: tuple[str, ...]
    take: Callable[..., Taken]
    undo: Callable[..., None]


def _yes(cell: Any) -> bool:
    return columns.cell_text(cell).casefold() in ("yes", "y", "true", "1", "x", "ja", "new")


def _one_of(choices: Any) -> Callable[[Any], str]:
    known = {label.casefold(): value for value, label in choices} | {value.casefold(): value for value, _ in choices}

    def read(cell: Any) -> str:
        text = columns.cell_text(cell)
        if text.casefold() not in known:
            raise ValueError(f"“{text[:40]}” is none of: {', '.join(label for _, label in choices)}.")
        return str(known[text.casefold()])

    return read


def account_named(*, text: str, by: Actor) -> Account:
    """The account with this number or name. Raises Held, with the account that looks most like it."""
    seen = Account.objects.visible_to(by)
    found: Account | None = seen.filter(key=text).first() or seen.filter(name=text).first()
    if found is None:
        near = lookalike(name=text, by=by)
        fix = f"“{near[0].name}” looks like it ({near[1]} %). Write that name if it is the one." if near else ""
        raise Held(f"No account is called “{text}” or has that number.", field="account", fix=fix)
    if found.archived_at:
        raise Held(f"“{found.name}” is archived. Bring it back first.", field="account")
    return found


def lookalike(*, name: str, by: Actor) -> tuple[Account, int] | None:
    """The account whose name is most like this one, with the score, if it is alike enough to be proposed."""
    near = Account.objects.visible_to(by).active().annotate(near=TrigramSimilarity("name", name)).filter(near__gte=0.25)
    scored = [(one, compare(read_name(one.name), read_name(name)).score) for one in near.order_by("-near")[:20]]
    best = max(scored, key=lambda pair: pair[1], default=None)
    return best if best and best[1] >= 80 else None


def _take_account(fields: dict[str, Any], key: str, *, by: Actor, at: datetime) -> Taken:
    given = dict(fields)
    distinct, owner, parent = given.pop("distinct", False), given.pop("owner_email", ""), given.pop("parent", "")
    if owner:
        user = User.objects.filter(email__iexact=owner, is_active=True).first()
        if user is None:
            raise Held(f"Nobody here has the e-mail {owner}.", field="owner_email")
        given["owner_id"] = user.pk
    if parent:
        given["parent_id"] = account_named(text=parent, by=by).pk
    found = Account.objects.filter(**{key: fields[key]}).first()
    if found is None:
        near = None if distinct else lookalike(name=given.get("name", ""), by=by)
        if near and near[1] >= LOOKS_LIKE:
            fix = f"Write “{near[0].name}” if it is that one, or “yes” in a column “New account”."
            raise Held(f"It looks like “{near[0].name}” ({near[1]} %).", field="name", fix=fix)
        if "name" not in given:
            raise Held("A new account needs a name.", field="name")
        made = create_account(**given, by=by, source="import")
        return Taken("create", made.pk, version=made.version)
    if not Account.objects.visible_to(by).filter(pk=found.pk).exists():
        raise Held("It belongs to an account that is not yours.", field=key)
    if found.archived_at:
        raise Held(f"“{found.name}” is archived. Bring it back first.", field=key)
    before = {name: _plain(getattr(found, name)) for name, value in given.items() if getattr(found, name) != value}
    done = edit_account(account_id=found.pk, expected_version=found.version, changes=given, by=by)
    return Taken("update" if before else "same", done.pk, before, done.version)


def _undo_account(row: Any, *, by: Actor, at: datetime) -> None:
    account = Account.objects.visible_to(by).select_for_update(of=("self",)).get(pk=row.record_id)
    _unchanged(account.version, row, account.name)
    if row.action == "update":
        back = {name: Account._meta.get_field(name).to_python(value) for name, value in row.before.items()}  # type: ignore[union-attr]
        edit_account(account_id=account.pk, expected_version=account.version, changes=back, by=by)
        return
    account.archived_at = at
    account.version += 1
    account.save(update_fields=["archived_at", "version"])
    record(AccountArchived(account.pk), by=by)


def _take_contact(fields: dict[str, Any], key: str, *, by: Actor, at: datetime) -> Taken:
    given = dict(fields)
    place, role = given.pop("account", ""), given.pop("role", ContactRole.Role.USER.value)
    account = account_named(text=place, by=by) if place else None
    same = Contact.objects.visible_to(by).filter(archived_at=None, **{f"{key}__iexact": str(given[key])})
    if len(found := list(same[:2])) > 1:
        raise Held(f"Several people have this {key}: {given[key]}.", field=key)
    if not found:
        place_of = {"account_id": account.pk, "role": role} if account else None
        made = create_contact(**given, by=by, at=at, role=place_of, source="import")
        opened = list(made.roles.values_list("pk", flat=True))
        return Taken("create", made.pk, {"roles": [str(one) for one in opened]}, made.version)
    before: dict[str, Any] = {n: getattr(found[0], n) for n, v in given.items() if getattr(found[0], n) != v}
    done = edit_contact(contact_id=found[0].pk, expected_version=found[0].version, changes=given, by=by)
    if account and not done.roles.filter(account=account, role=role, ends_on=None).exists():
        opened_role = open_role(contact_id=done.pk, account_id=account.pk, role=role, by=by, at=at)
        before["roles"] = [str(opened_role.pk)]
        done.refresh_from_db()
    return Taken("update" if before else "same", done.pk, before, done.version)


def _undo_contact(row: Any, *, by: Actor, at: datetime) -> None:
    contact = Contact.objects.visible_to(by).select_for_update(of=("self",)).get(pk=row.record_id)
    _unchanged(contact.version, row, contact.name)
    back = {name: value for name, value in row.before.items() if name != "roles"}
    ContactRole.objects.filter(contact=contact, pk__in=row.before.get("roles", [])).delete()
    if row.action == "update":
        edit_contact(contact_id=contact.pk, expected_version=contact.version, changes=back, by=by)
        return
    contact.archived_at = at
    contact.version += 1
    contact.save(update_fields=["archived_at", "version"])
    record(ContactArchived(None, contact.pk), by=by)


def _take_outcome(fields: dict[str, Any], key: str, *, by: Actor, at: datetime) -> Taken:
    account = account_named(text=fields["account"], by=by)
    there = Outcome.objects.filter(account=account, kind=fields["kind"], on=fields["on"], withdrawn_at=None).first()
    if there:
        return Taken("same", there.pk)
    given = {name: fields[name] for name in ("amount", "reason") if name in fields}
    made = record_outcome(account_id=account.pk, kind=fields["kind"], on=fields["on"], **given, by=by, at=at)
    return Taken("create", made.pk)


def _undo_outcome(row: Any, *, by: Actor, at: datetime) -> None:
    withdraw_outcome(outcome_id=row.record_id, by=by, at=at)


def _unchanged(version: int, row: Any, name: str) -> None:
    if version != row.after_version:
        raise DomainError(f"Somebody changed “{name}” since. It stays as it is.")


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, UUID | Decimal | date) else value


def _account_columns() -> dict[str, Column]:
    fields = {name: label for name, label in columns.FIELDS.items() if not name.endswith("ed_on")}
    known = {
        name: Column(label, columns.READERS.get(name, columns.read_words), columns.ALIASES.get(name, ()))
        for name, label in {**fields, "parent": "Parent"}.items()
    }
    return known | {"distinct": Column("New account", _yes, ("new account", "is new"))}


_ACCOUNT = Column("Account", aliases=("account", "account name", "company", "customer", "client", "account id"))
KINDS = {
    kind.code: kind
    for kind in (
        Kind("accounts", "Accounts", rules.IMPORT, _account_columns(), ("name", "key"), _take_account, _undo_account),
        Kind(
            "contacts",
            "People",
            rules.EDIT_CONTACT,
            {
                "name": Column("Name", aliases=("name", "full name", "contact", "contact name"), required=True),
                "email": Column("E-mail", aliases=("email", "e mail", "mail", "email address")),
                "phone": Column("Phone", aliases=("phone", "telephone", "mobile")),
                "title": Column("Title", aliases=("title", "job title", "position", "function")),
                "note": Column("Note", aliases=("note", "notes", "comment")),
                "account": _ACCOUNT,
                "role": Column("Role", _one_of(ContactRole.Role.choices), ("role",)),
            },
            ("email", "name"),
            _take_contact,
            _undo_contact,
        ),
        Kind(
            "outcomes",
            "Outcomes",
            rules.RECORD_OUTCOME,
            {
                "account": Column(_ACCOUNT.label, aliases=_ACCOUNT.aliases, required=True),
                "kind": Column("What happened", _one_of(Outcome.Kind.choices), ("kind", "outcome", "event"), True),
                "on": Column("Day", columns.read_day, ("on", "day", "date"), True),
                "amount": Column("Amount", columns.read_amount, ("amount", "value", "arr")),
                "reason": Column("Reason", aliases=("reason", "why", "note")),
            },
            ("account",),
            _take_outcome,
            _undo_outcome,
        ),
    )
}
