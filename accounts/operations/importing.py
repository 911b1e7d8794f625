"""Bring a whole file of accounts, and keep the file between looking at it and bringing it in."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction
from django.db.models import Q

from accounts import custom, rules
from accounts.events import AccountImported, AccountsImported
from accounts.models import Account
from accounts.operations.accounts import EDITABLE, as_plain
from accounts.operations.outcomes import Said, new_outcomes, outcome_problem, save_outcomes, take_outcomes
from accounts.queries.contracts import BY_CONTRACTS, refusal_by_contracts, with_contracts
from accounts.queries.custom import own_columns
from core.actor import Actor
from core.audit import record, record_many
from core.errors import DomainError
from core.rules import require
from tenants.context import tenant_path
from users.models import User


@dataclass(frozen=True)
class Imported:
    """What a file of accounts did; `refused` are (line, reason), `outcomes` new ones (churned, renewed)."""

    created: int
    updated: int
    unchanged: int
    refused: list[tuple[int, str]]
    outcomes: int = 0


@transaction.atomic
def import_accounts(*, rows: Sequence[tuple[int, Mapping[str, Any]]], sha256: str, by: Actor, at: datetime) -> Imported:
    """Bring a file of accounts: (line, fields) pairs, known accounts found by number, then by exact name.

    All rows that can be taken are taken together or not at all; a row that cannot be taken is refused with
    its reason and changes nothing; an empty cell changes nothing. Days in "Churned on" and "Renewed on" become
    outcomes and change nothing else. Emits one AccountsImported for the file, and OutcomeRecorded per outcome.
    Raises DomainError when an account of the same name is made elsewhere at the same moment.
    """
    require(by, rules.IMPORT)
    merge = _Merge.of(rows, by=by, at=at)
    try:
        with transaction.atomic():
            merge.save()
    except IntegrityError as error:
        raise DomainError("Somebody made an account of this file at the same moment. Bring it again.") from error
    result = merge.result
    if result.created or result.updated:
        record(AccountsImported(None, result.created, result.updated, len(result.refused), sha256), by=by)
    record_many(merge.said, by=by)
    if merge.happened:
        save_outcomes(said=merge.happened, by=by, at=at)
    return result


@transaction.atomic
def check_import(*, rows: Sequence[tuple[int, Mapping[str, Any]]], by: Actor, at: datetime) -> Imported:
    """What `import_accounts` would do with these rows now; nothing is changed."""
    require(by, rules.IMPORT)
    return _Merge.of(rows, by=by, at=at).result


@dataclass
class _Merge:
    """The rows of one file against the accounts that were there before it."""

    by: Actor
    at: datetime
    owners: dict[str, UUID]
    by_key: dict[str, Account]
    by_name: dict[str, Account]
    new: list[Account] = field(default_factory=list)
    changed: dict[UUID, Account] = field(default_factory=dict)
    unchanged: int = 0
    refused: list[tuple[int, str]] = field(default_factory=list)
    happened: list[Said] = field(default_factory=list)
    led: set[UUID] = field(default_factory=set)  # accounts whose figures their contracts say
    own: frozenset[str] = frozenset()  # names of the tenant's own fields that `by` may set
    changes: dict[UUID, dict[str, list[Any]]] = field(default_factory=dict)  # of those in `changed`: old and new
    _names: set[str] = field(default_factory=set)
    _keys: set[str] = field(default_factory=set)
    _met: set[UUID] = field(default_factory=set)
    _fresh: dict[str, Account] = field(default_factory=dict)  # those in `new` by name
    _parents: list[tuple[int, Account, str]] = field(default_factory=list)  # line, account, name of its parent

    @classmethod
    def of(cls, rows: Sequence[tuple[int, Mapping[str, Any]]], *, by: Actor, at: datetime) -> "_Merge":
        """The rows merged, unsaved. Locks the accounts they speak of, so that nobody's edit is lost under the file."""
        keys = {fields["key"] for _, fields in rows if fields.get("key")}
        names = {fields[column] for _, fields in rows for column in ("name", "parent") if fields.get(column)}
        found = Account.objects.filter(Q(key__in=keys) | Q(name__in=names))
        known = list(found.order_by("pk").select_for_update(of=("self",)))
        owners = {user.email.lower(): user.pk for user in User.objects.filter(is_active=True)}
        merge = cls(by, at, owners, {a.key: a for a in known if a.key}, {a.name: a for a in known})
        if any(custom.is_own(name) for _, fields in rows for name in fields):
            merge.own = frozenset(one.field for one in own_columns(by=by))
        merge.led = with_contracts([account.pk for account in known])
        for line, fields in rows:
            merge._take(line, dict(fields))
        merge._place()
        if merge.happened:
            require(by, rules.RECORD_OUTCOME)
            merge.happened = new_outcomes(merge.happened)
        return merge

    @property
    def result(self) -> Imported:
        return Imported(len(self.new), len(self.changed), self.unchanged, self.refused, len(self.happened))

    @property
    def said(self) -> list[AccountImported]:
        """What the trail says of each account: which are new, and old and new of what changed."""
        new = [AccountImported(account.pk, created=True) for account in self.new]
        return new + [AccountImported(pk, changes=self.changes.get(pk, {})) for pk in self.changed]

    def save(self) -> None:
        """Known accounts by way of "insert, or update where the id is there": twenty times as fast as bulk_update."""
        fields = [*EDITABLE, "custom", "version"]
        changed = self.changed.values()
        if changed:
            Account.objects.bulk_create(
                changed, update_conflicts=True, unique_fields=["id"], update_fields=fields, batch_size=1000
            )
        Account.objects.bulk_create(self.new, batch_size=1000)

    def _take(self, line: int, fields: dict[str, Any]) -> None:
        account = self.by_key.get(fields.get("key") or "") or self.by_name.get(fields.get("name") or "")
        said = take_outcomes(fields)
        since = fields.get("customer_since") or (account.customer_since if account else None)
        reason = self._twice(fields) or self._not_here(fields, account) or outcome_problem(said, since, self.at)
        reason = reason or self._by_contracts(fields, account)
        if reason:
            self.refused.append((line, reason))
            return
        self._names.add(fields["name"])
        self._keys.add(fields.get("key") or "")
        owner = fields.pop("owner_email", "")
        if owner:
            fields["owner_id"] = self.owners[owner.lower()]
        parent = fields.pop("parent", "")
        if account is None:
            account = self._add(fields)
        else:
            self._met.add(account.pk)
            self._update(account, fields)
        if parent:
            self._parents.append((line, account, parent))
        self.happened += [Said(account, kind, on) for kind, on in said.items()]

    def _by_contracts(self, fields: dict[str, Any], account: Account | None) -> str:
        """Why a figure of the row cannot be: the account's contracts say another one."""
        if account is None:
            return ""
        others = {n for n in BY_CONTRACTS if fields.get(n) not in (None, "", getattr(account, n))}
        name = refusal_by_contracts(account.pk, others, self.led)
        return f"“{account.name}”: {BY_CONTRACTS[name]} Leave this column out, or the cell empty." if name else ""

    def _add(self, fields: dict[str, Any]) -> Account:
        if not self.by.sees_all:
            fields.setdefault("owner_id", self.by.user_id)
        account = Account()
        for name, value in fields.items():
            custom.put(account, name, value)
        self.new.append(account)
        self._fresh[account.name] = account
        return account

    def _place(self) -> None:
        """Put accounts below their parents, which may come in another row of the file. A row whose parent cannot be is
        refused as a whole, and then those below it that the file would have made."""
        if not self._parents:
            return
        above = dict(Account.objects.exclude(parent=None).values_list("pk", "parent_id"))
        for line, account, name in self._parents:
            reason = self._set_parent(account, name, above)
            if reason:
                self._refuse(line, account, reason)
        gone: list[Any] = [None]
        while gone:
            there = {account.pk for account in (*self._fresh.values(), *self.by_name.values())}
            gone = [one for one in self._parents if self._is_new(one[1]) and one[1].parent_id not in there]
            for line, account, name in gone:
                self._refuse(line, account, f"Its parent “{name}” was refused.")
        self.new = [account for account in self.new if self._is_new(account)]

    def _is_new(self, account: Account) -> bool:
        return self._fresh.get(account.name) is account

    def _set_parent(self, account: Account, name: str, above: dict[UUID, UUID]) -> str:
        """Why not, or nothing once it is done. above: account -> its parent, kept up to date."""
        parent = self._fresh.get(name) or self.by_name.get(name)
        hidden = parent is not None and not self.by.sees_all and parent.owner_id != self.by.user_id
        if parent is None or hidden or parent.archived_at is not None:
            return f"No account is called “{name}”, so it cannot be the parent."
        higher: UUID | None = parent.pk
        while higher is not None:
            if higher == account.pk:
                return f"“{name}” is below this account, so it cannot be its parent."
            higher = above.get(higher)
        if account.parent_id != parent.pk:
            self._note(account, "parent_id", parent.pk)
            account.parent_id = parent.pk
            above[account.pk] = parent.pk
            if not self._is_new(account) and account.pk not in self.changed:
                self.unchanged -= 1
                account.version += 1
                self.changed[account.pk] = account
        return ""

    def _refuse(self, line: int, account: Account, reason: str) -> None:
        if self._is_new(account):
            del self._fresh[account.name]
        elif self.changed.pop(account.pk, None) is None:
            self.unchanged -= 1
        self.happened = [one for one in self.happened if one.account is not account]
        self.refused.append((line, reason))

    def _note(self, account: Account, name: str, value: Any) -> None:
        ends = [as_plain(custom.held(account, name)), as_plain(value)]
        self.changes.setdefault(account.pk, {})[name] = ends

    def _update(self, account: Account, fields: dict[str, Any]) -> None:
        fresh = {n: v for n, v in fields.items() if v not in (None, "") and custom.held(account, n) != v}
        if not fresh:
            self.unchanged += 1
            return
        for name, value in fresh.items():
            self._note(account, name, value)
            custom.put(account, name, value)
        account.version += 1
        self.changed[account.pk] = account

    def _twice(self, fields: dict[str, Any]) -> str:
        """What this row says that an earlier row of the file has said already, or lacks."""
        name, key, owner = fields.get("name"), fields.get("key"), fields.get("owner_email")
        if not name:
            return "This row names no account."
        if strange := next((own for own in fields if custom.is_own(own) and own not in self.own), ""):
            return f"There is no field “{custom.code_of(strange)}” that you may set."
        if name in self._names:
            return f"“{name}” stands in this file twice; the first one counts."
        if key and key in self._keys:
            return f"Number {key} stands in this file twice; the first one counts."
        if owner and owner.lower() not in self.owners:
            return f"Nobody here has the e-mail {owner}."
        return ""

    def _not_here(self, fields: dict[str, Any], account: Account | None) -> str:
        """Why the account that is there cannot become what the row says. Names no account that `by` does not see."""
        name, key = fields["name"], fields.get("key")
        if account is None:
            return ""
        named = self.by_name.get(name)
        if not self.by.sees_all and any(a.owner_id != self.by.user_id for a in (account, named or account)):
            return f"“{name}” or its number belongs to an account that is not yours."
        if account.pk in self._met:
            return f"An earlier row of this file speaks of “{account.name}” already; the first one counts."
        if named and named.pk != account.pk:
            return f"Number {key} belongs to “{account.name}”, and “{name}” is another account."
        if key and account.key and account.key != key:
            return f"“{name}” has the number {account.key} here, not {key}."
        return f"“{account.name}” is archived. Bring it back first." if account.archived_at else ""


def keep_file(*, data: bytes, by: Actor) -> str:
    """Put a checked file away until its owner says "bring it in"; one per person. Returns its ticket."""
    require(by, rules.IMPORT)
    forget_file(by=by)
    default_storage.save(_path(by), ContentFile(data))
    return hashlib.sha256(data).hexdigest()


def kept_file(*, ticket: str, by: Actor) -> bytes | None:
    """The file that was put away under this ticket, or None when it is another one by now."""
    try:
        with default_storage.open(_path(by)) as file:
            data: bytes = file.read()
    except FileNotFoundError:
        return None
    return data if hashlib.sha256(data).hexdigest() == ticket else None


def forget_file(*, by: Actor) -> None:
    default_storage.delete(_path(by))


def _path(by: Actor) -> str:
    return tenant_path("imports", str(by.user_id))
