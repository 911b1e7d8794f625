"""Rows of accounts: hundreds at once, with the tenant's own fields and the account above."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q

from accounts import columns, custom, rules
from accounts.events import AccountArchived, AccountImported
from accounts.models import Account
from accounts.operations.accounts import EDITABLE, as_plain, edit_account
from accounts.operations.record_kinds.names import LOOKS_LIKE, Held, likeness
from accounts.operations.record_kinds.shape import Column, Kind, Run, Taken, unchanged, yes
from accounts.queries import above_of
from accounts.queries.contracts import BY_CONTRACTS, refusal_by_contracts, with_contracts
from core.actor import Actor
from core.audit import record, record_many
from core.errors import DomainError
from users.models import User

Rows = Sequence[dict[str, Any]]


def take_accounts(rows: Rows, key: str, run: Run) -> list[Taken | DomainError]:
    """The rows in the order of the file, but one whose parent stands further down comes behind it."""
    try:
        with transaction.atomic():
            return _Chunk.of(rows, key, run).save()
    except IntegrityError:  # somebody made one of them at this very moment
        if len(rows) == 1:
            return [Held("Somebody made this account at the same moment. Bring the row again.", field="name")]
        return [take_accounts([row], key, run)[0] for row in rows]


@dataclass
class _Chunk:
    run: Run
    key: str
    by_key: dict[str, Account]
    by_name: dict[str, Account]
    owners: dict[str, UUID]
    answers: list[Taken | DomainError | None]
    new: dict[UUID, Account] = field(default_factory=dict)
    changed: dict[UUID, Account] = field(default_factory=dict)
    changes: dict[UUID, dict[str, list[Any]]] = field(default_factory=dict)
    led: set[UUID] = field(default_factory=set)  # accounts whose figures their contracts say

    @classmethod
    def of(cls, rows: Rows, key: str, run: Run) -> "_Chunk":
        keys = {row["key"] for row in rows if row.get("key")}
        names = {row[name] for row in rows for name in ("name", "parent") if row.get(name)} | keys
        wanted = Q(key__in=keys | {row["parent"] for row in rows if row.get("parent")}) | Q(name__in=names)
        found = list(Account.objects.filter(wanted).order_by("pk").select_for_update(of=("self",)))
        emails = {row["owner_email"].lower() for row in rows if row.get("owner_email")}
        people = User.objects.filter(is_active=True) if emails else User.objects.none()
        owners = {user.email.lower(): user.pk for user in people if user.email.lower() in emails}
        keyed, named = {one.key: one for one in found if one.key}, {one.name: one for one in found}
        made = cls(run, key, keyed, named, owners, [None] * len(rows))
        if any(name in row for row in rows for name in BY_CONTRACTS):
            made.led = with_contracts([one.pk for one in found])
        made._take_all(rows)
        return made

    def _take_all(self, rows: Rows) -> None:
        """Rows whose parent is in another row that was not taken yet wait for it, as long as anything moves."""
        waiting = list(range(len(rows)))
        while waiting:
            ahead = {rows[at].get("name") or rows[at].get("key") for at in waiting}
            ready = [at for at in waiting if rows[at].get("parent") not in ahead] or waiting
            for at in ready:
                try:
                    self.answers[at] = self._take(dict(rows[at]))
                except DomainError as refusal:
                    self.answers[at] = refusal
            waiting = [at for at in waiting if self.answers[at] is None]

    def _take(self, given: dict[str, Any]) -> Taken:
        distinct = given.pop("distinct", False)
        account = self._found(given, distinct)
        fields = self._fields(given, account)
        if account is None:
            return self._add(fields)
        if not self.run.by.sees_all and account.owner_id != self.run.by.user_id and account.pk not in self.new:
            raise Held("It belongs to an account that is not yours.", field=self.key)
        if account.archived_at:
            raise Held(f"“{account.name}” is archived. Bring it back first.", field=self.key)
        return self._change(account, fields)

    def _found(self, given: dict[str, Any], distinct: bool) -> Account | None:
        """The account of the row; None for a new one. Raises Held when a person has to say which."""
        said = given[self.key]
        found = (self.by_key if self.key == "key" else self.by_name).get(said)
        name = given.get("name") or given.get("key", "")
        if found is not None or distinct:
            return found
        if self.key == "key" and name in self.by_name:
            other = self.by_name[name]
            if other.key:
                raise Held(f"“{name}” has the number {other.key} here, not {said}.", field="key")
            return other
        match = self.run.names.said(name)
        if match is not None:
            return self.by_name.get(match.account.name, match.account) if match.account else None
        near = self.run.names.same(name)
        score = likeness(near, name) if near else 0
        if not near or score < LOOKS_LIKE:
            return None
        fix = f"Say on this page whether it is “{near}”, or write “yes” in a column “New account”."
        raise Held(f"It looks like “{near}” ({score} %).", field="name", fix=fix, asks=name)

    def _fields(self, given: dict[str, Any], account: Account | None) -> dict[str, Any]:
        fields = dict(given)
        owner, parent = fields.pop("owner_email", ""), fields.pop("parent", "")
        if owner and owner.lower() not in self.owners:
            raise Held(f"Nobody here has the e-mail {owner}.", field="owner_email")
        if owner:
            fields["owner_id"] = self.owners[owner.lower()]
        if parent:
            fields["parent_id"] = self._parent(parent, account)
        if account is not None and self.key == "name":
            fields.pop("name", None)  # the file's spelling is another one where a person said so
        return fields

    def _parent(self, text: str, account: Account | None) -> UUID | None:
        parent = self.by_key.get(text) or self.by_name.get(text)
        if parent is None:
            if self.run.dry and text in self.run.made:
                return None
            parent = self.run.names.account(text, field="parent")
        hidden = not self.run.by.sees_all and parent.owner_id != self.run.by.user_id
        if hidden or parent.archived_at:
            raise Held(f"No account is called “{text}”, so it cannot be the parent.", field="parent", asks=text)
        if account is not None and account.pk not in self.new and account.pk in {parent.pk, *self._above(parent)}:
            raise Held(f"“{text}” is below this account, so it cannot be its parent.", field="parent")
        return parent.pk

    def _above(self, parent: Account) -> set[UUID]:
        fresh = {parent.pk, *([parent.parent_id] if parent.parent_id else [])}
        return fresh | set().union(*(above_of(pk) for pk in fresh if pk not in self.new))

    def _add(self, fields: dict[str, Any]) -> Taken:
        name = fields.setdefault("name", fields.get("key", ""))
        if not name:
            raise Held("A new account needs a name.", field="name")
        if name in self.by_name or (fields.get("key") and fields["key"] in self.by_key):
            raise Held("Another account has this name or number.", field="name")
        if not self.run.by.sees_all:
            fields.setdefault("owner_id", self.run.by.user_id)
        account = Account()
        _put(account, fields)
        if self.run.dry:
            said = self.run.made.get(str(fields["key"]) if self.key == "key" else name)
            if said is not None:
                return Taken("same" if said == hash(str(fields)) else "update", account.pk)
            for text in {name, fields.get("key") or name}:
                self.run.made[text] = hash(str(fields))
        self.new[account.pk] = account
        self.by_name[name] = account
        if account.key:
            self.by_key[account.key] = account
        return Taken("create", account.pk, version=1)

    def _change(self, account: Account, fields: dict[str, Any]) -> Taken:
        fresh = {n: v for n, v in fields.items() if v not in (None, "") and custom.held(account, n) != v}
        if not fresh:
            return Taken("same", account.pk, version=account.version)
        if name := refusal_by_contracts(account.pk, fresh, self.led):
            raise Held(BY_CONTRACTS[name], field=name, fix="Leave the cell empty.")
        taken = fresh.get("name"), fresh.get("key")
        if taken[0] in self.by_name or taken[1] in self.by_key:
            raise Held("Another account has this name or number.", field="name" if taken[0] else "key")
        before = {name: as_plain(custom.held(account, name)) for name in fresh}
        for name, value in fresh.items():
            self.changes.setdefault(account.pk, {})[name] = [before[name], as_plain(value)]
        _put(account, fresh)
        if account.key:
            self.by_key[account.key] = account
        self.by_name[account.name] = account
        account.version += 1
        if account.pk not in self.new:
            self.changed[account.pk] = account
        return Taken("update", account.pk, before, account.version)

    def save(self) -> list[Taken | DomainError]:
        """Accounts above others first, so that the database finds them."""
        if self.changed:
            named = [*EDITABLE, "custom", "version"]
            Account.objects.bulk_create(
                self.changed.values(), update_conflicts=True, unique_fields=["id"], update_fields=named
            )
        Account.objects.bulk_create(self.new.values())
        said = [AccountImported(pk, created=True) for pk in self.new]
        said += [AccountImported(pk, changes=self.changes[pk]) for pk in self.changed]
        record_many(said, by=self.run.by)
        self.run.names.remember(list(self.new.values()))
        return [answer for answer in self.answers if answer is not None]


def _put(account: Account, fields: dict[str, Any]) -> None:
    for name, value in fields.items():
        custom.put(account, name, value)


def undo_account(row: Any, *, by: Actor, at: Any, expected: int | None) -> int:
    account = Account.objects.visible_to(by).select_for_update(of=("self",)).get(pk=row.record_id)
    unchanged(account.version, expected, account.name)
    if row.action == "update":
        back = {name: _python(name, value) for name, value in row.before.items()}
        version: int = edit_account(
            account_id=account.pk, expected_version=account.version, changes=back, by=by
        ).version
        return version
    account.archived_at = at
    account.version += 1
    account.save(update_fields=["archived_at", "version"])
    record(AccountArchived(account.pk), by=by)
    return account.version


def _python(name: str, value: Any) -> Any:
    return value if custom.is_own(name) else Account._meta.get_field(name).to_python(value)  # type: ignore[union-attr]


_SHAPES = {"arr": "amount", "renewal_on": "day", "customer_since": "day"}


def _columns() -> dict[str, Column]:
    fields = {name: label for name, label in columns.FIELDS.items() if not name.endswith("ed_on")}
    known = {
        name: Column(
            label,
            columns.READERS.get(name, columns.read_words),
            columns.ALIASES.get(name, ()),
            shape=_SHAPES.get(name, "words"),
            longest=columns.LONGEST.get(name, 250),
        )
        for name, label in {**fields, "parent": "Parent"}.items()
    }
    return known | {
        "distinct": Column("New account", yes, ("new account", "is new"), hint="yes: no known one is meant")
    }


ACCOUNTS = Kind(
    "accounts", "Accounts", rules.IMPORT, _columns(), ("name", "key"), undo_account, many=take_accounts,
    own=custom.ACCOUNT,
)  # fmt: skip
