"""Writes to accounts: create, edit, archive, bring a whole file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts import rules
from accounts.events import AccountArchived, AccountCreated, AccountEdited, AccountsImported
from accounts.models import Account
from core.actor import Actor
from core.audit import record
from core.errors import Conflict, DomainError
from core.rules import require
from users.models import User

EDITABLE = (
    "name", "key", "owner_id", "tier", "industry", "region", "stage", "arr", "currency", "renewal_on", "customer_since",
)  # fmt: skip


class NameTaken(DomainError):
    """Another account has exactly this name or number."""


class NotYourAccount(DomainError):
    """A CSM works on their own accounts and cannot give a new one to nobody."""


@transaction.atomic
def create_account(*, name: str, by: Actor, source: str = "page", **given: Any) -> Account:
    """Add one customer. `given` are fields of EDITABLE; without an owner a CSM becomes it.

    Emits AccountCreated. Raises NameTaken, PermissionDenied.
    """
    require(by, rules.CREATE)
    fields = _known(given)
    if fields.get("owner_id") is None and not by.sees_all:
        fields["owner_id"] = by.user_id
    account = Account(name=name.strip(), **fields)
    _refuse_taken(account)
    account.save(force_insert=True)
    record(AccountCreated(account.pk, source=source), by=by)
    return account


@transaction.atomic
def edit_account(*, account_id: UUID, expected_version: int, changes: Mapping[str, Any], by: Actor) -> Account:
    """Change fields of one account; `changes` holds only what the person changed.

    Emits AccountEdited with old and new values. Raises Conflict when somebody else saved in the meantime,
    NameTaken, PermissionDenied, Account.DoesNotExist when `by` cannot see it.
    """
    account = Account.objects.visible_to(by).select_for_update(of=("self",)).get(pk=account_id)
    require(by, rules.EDIT, account)
    if account.version != expected_version:
        raise Conflict(
            "Somebody else changed this account since you opened it. Look at their version, then save again."
        )
    fields = {name: value for name, value in _known(changes).items() if getattr(account, name) != value}
    if not fields:
        return account
    before = {name: _plain(getattr(account, name)) for name in fields}
    for name, value in fields.items():
        setattr(account, name, value)
    _refuse_taken(account)
    account.version += 1
    account.save(update_fields=[*fields, "version"])
    record(AccountEdited(account.pk, changes={n: [before[n], _plain(v)] for n, v in fields.items()}), by=by)
    return account


@transaction.atomic
def archive_account(*, account_id: UUID, by: Actor, at: datetime, restore: bool = False) -> Account:
    """Take an account out of every list without losing anything, or bring it back. Emits AccountArchived."""
    account = Account.objects.visible_to(by).select_for_update(of=("self",)).get(pk=account_id)
    require(by, rules.ARCHIVE, account)
    wanted = None if restore else at
    if bool(account.archived_at) == bool(wanted):
        return account
    account.archived_at = wanted
    account.version += 1
    account.save(update_fields=["archived_at", "version"])
    record(AccountArchived(account.pk, restored=restore), by=by)
    return account


@dataclass(frozen=True)
class Imported:
    """What a file of accounts did; `refused` are (line, reason)."""

    created: int
    updated: int
    unchanged: int
    refused: list[tuple[int, str]]


@transaction.atomic
def import_accounts(*, rows: Sequence[tuple[int, Mapping[str, Any]]], sha256: str, by: Actor) -> Imported:
    """Bring a file of accounts: (line, fields) pairs, known accounts found by number, then by exact name.

    All rows that can be taken are taken together or not at all; a row that cannot be taken is refused with
    its reason and changes nothing. One trail entry for the file.
    """
    require(by, rules.IMPORT)
    owners = {user.email.lower(): user.pk for user in User.objects.filter(is_active=True)}
    keys = {fields["key"] for _, fields in rows if fields.get("key")}
    names = {fields["name"] for _, fields in rows if fields.get("name")}
    known = list(Account.objects.filter(key__in=keys)) + list(Account.objects.filter(name__in=names))
    merge = _Merge(
        owners={**owners}, by_key={a.key: a for a in known if a.key}, by_name={a.name: a for a in known}, by=by
    )
    for line, fields in rows:
        merge.take(line, dict(fields))
    Account.objects.bulk_create(merge.new, batch_size=1000)
    if merge.changed:
        Account.objects.bulk_update(merge.changed.values(), [*EDITABLE, "version"], batch_size=500)
    result = Imported(len(merge.new), len(merge.changed), merge.unchanged, merge.refused)
    if result.created or result.updated:
        record(AccountsImported(None, result.created, result.updated, len(result.refused), sha256), by=by)
    return result


class _Merge:
    """The rows of one file against the accounts that are there."""

    def __init__(
        self, *, owners: dict[str, UUID], by_key: dict[str, Account], by_name: dict[str, Account], by: Actor
    ) -> None:
        self.owners, self.by_key, self.by_name, self.by = owners, by_key, by_name, by
        self.new: list[Account] = []
        self.changed: dict[UUID, Account] = {}
        self.unchanged = 0
        self.refused: list[tuple[int, str]] = []
        self._seen: set[str] = set()

    def take(self, line: int, fields: dict[str, Any]) -> None:
        reason = self._refusal(fields)
        if reason:
            self.refused.append((line, reason))
            return
        self._seen.add(fields["name"])
        owner = fields.pop("owner_email", "")
        if owner:
            fields["owner_id"] = self.owners[owner.lower()]
        account = (self.by_key.get(fields["key"]) if fields.get("key") else None) or self.by_name.get(fields["name"])
        if account is None:
            if not self.by.sees_all:
                fields.setdefault("owner_id", self.by.user_id)
            self.new.append(Account(**fields))
            return
        self._update(account, fields)

    def _update(self, account: Account, fields: dict[str, Any]) -> None:
        fresh = {n: v for n, v in fields.items() if v not in (None, "") and getattr(account, n) != v}
        if not fresh:
            self.unchanged += 1
            return
        for name, value in fresh.items():
            setattr(account, name, value)
        account.version += 1
        self.changed[account.pk] = account

    def _refusal(self, fields: dict[str, Any]) -> str:
        if not fields.get("name"):
            return "The account has no name."
        if fields["name"] in self._seen:
            return f"“{fields['name']}” stands in this file twice; the first one counts."
        owner = fields.get("owner_email")
        if owner and owner.lower() not in self.owners:
            return f"Nobody here has the e-mail {owner}."
        by_key, by_name = self.by_key.get(fields.get("key") or ""), self.by_name.get(fields["name"])
        if by_key and by_name and by_key.pk != by_name.pk:
            return f"Number {fields['key']} belongs to “{by_key.name}”, not to “{fields['name']}”."
        found = by_key or by_name
        if found and not self.by.sees_all and found.owner_id != self.by.user_id:
            return f"“{fields['name']}” is not one of your accounts."
        return ""


def _known(given: Mapping[str, Any]) -> dict[str, Any]:
    unknown = set(given) - set(EDITABLE)
    if unknown:
        raise TypeError(f"not fields of an account that may be set: {sorted(unknown)}")
    fields = dict(given)
    if "key" in fields:
        fields["key"] = fields["key"] or None  # two accounts without a number do not clash
    return fields


def _refuse_taken(account: Account) -> None:
    others = Account.objects.exclude(pk=account.pk)
    if others.filter(name=account.name).exists():
        raise NameTaken(f"There is already an account called “{account.name}”.", field="name")
    if account.key and others.filter(key=account.key).exists():
        raise NameTaken(f"Number {account.key} already belongs to another account.", field="key")


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal | UUID):
        return str(value)
    return value.isoformat() if isinstance(value, date) else value
