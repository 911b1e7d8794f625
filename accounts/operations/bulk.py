"""One change of many accounts: done by the worker row by row, and taken back as one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from accounts import custom, rules
from accounts.events import AccountArchived, AccountEdited, BulkChangeStarted, BulkChangeUndone
from accounts.models import Account, BulkChange, BulkRow
from accounts.queries.contracts import BY_CONTRACTS, refusal_by_contracts, with_contracts
from accounts.queries.typed import Reader, as_kept, as_stored
from core.actor import Actor
from core.audit import Event, record, record_many
from core.errors import DomainError
from core.jobs import cancel, start_job
from core.rules import allowed, require
from users.models import User

FIELDS = {"owner_id": "Owner", "tier": "Tier", "industry": "Industry", "region": "Region", "stage": "Stage"}
ARCHIVED = "archived_at"  # chosen like a field, without a value: from the start of the change on
CHANGE, UNDO = "accounts.change_many", "accounts.undo_many"
MOST = 20_000  # accounts at once
CHUNK = 500
_LENGTHS = {"tier": 40, "industry": 80, "region": 80}
GONE = "It is not among your accounts any more, or in the archive."
NOT_ALLOWED = "Your role does not allow you to edit it."
CHANGED_SINCE = "Somebody changed it since; it was left as it is."


class NotAChange(DomainError):
    """Many accounts cannot be changed like this."""


@dataclass(frozen=True)
class Look:
    """What a change would do. same: accounts that say so already; refused: those that `by` may not edit."""

    accounts: int
    same: int
    refused: int

    @property
    def changing(self) -> int:
        return self.accounts - self.same - self.refused


def checked(*, changes: Mapping[str, str], by: Actor) -> dict[str, Any]:
    """field -> new value: as text, empty for nothing; of own fields (custom.<code>) as an account keeps it.

    Raises NotAChange, NotACell for a text that an own field does not take, PermissionDenied for one that `by` sees and
    may not set.
    """
    known = {name: value.replace("\0", "").strip() for name, value in changes.items() if name in FIELDS}
    if ARCHIVED in changes:
        if len(changes) > 1:
            raise NotAChange("Archive them, or change them first.", field="field")
        return {ARCHIVED: "yes"}
    own = {name: value for name, value in changes.items() if custom.is_own(name)}
    if not changes or set(changes) - {*known, *own}:
        raise NotAChange("Choose what is to be changed.", field="field")
    for name, value in known.items():
        if len(value) > _LENGTHS.get(name, 80):
            raise NotAChange(f"At most {_LENGTHS[name]} characters.", field="value")
        if name == "stage" and value and value not in Account.Stage.values:
            raise NotAChange("There is no such stage.", field="value")
        if name == "owner_id" and value and not _is_person(value):
            raise NotAChange("Choose somebody who works here.", field="value")
    reader = Reader(by)
    return {**known, **{name: reader.read(name, text)[1] for name, text in own.items()}}


def _is_person(text: str) -> bool:
    try:
        return User.objects.filter(pk=UUID(text), is_active=True).exists()
    except ValueError:
        return False


def look(*, accounts: Any, changes: Mapping[str, str], by: Actor) -> Look:
    """What changing these accounts (a queryset) would do. Raises NotAChange."""
    new = checked(changes=changes, by=by)
    total = accounts.count()
    if not allowed(by, _right(new)):
        return Look(total, 0, total)
    return Look(total, accounts.filter(_says_already(new)).count(), 0)


def _right(new: Mapping[str, Any]) -> str:
    return rules.ARCHIVE if ARCHIVED in new else rules.EDIT


def _says_already(new: Mapping[str, Any]) -> Q:
    said = Q()
    for name, value in new.items():
        if name == ARCHIVED:
            said &= Q(archived_at__isnull=False)
        elif not custom.is_own(name):
            said &= Q(**{name: _value(name, value)})
        elif value is None:
            said &= ~Q(custom__has_key=custom.code_of(name))
        else:
            said &= Q(custom__contains={custom.code_of(name): value})
    return said


def _value(name: str, text: Any) -> Any:
    return (UUID(text) if text else None) if name == "owner_id" else text


@transaction.atomic
def stop_change(*, change_id: UUID, by: Actor) -> None:
    """Let the worker stop after the accounts it is at. Whose it is, or who may edit and sees all accounts, may do that.

    Raises NotAChange, PermissionDenied.
    """
    require(by, rules.EDIT)
    change = BulkChange.objects.select_related("job").get(pk=change_id)
    if change.created_by_id != by.user_id and not by.sees_all:
        raise NotAChange("Only who made this change, or somebody who sees all accounts, can stop it.")
    if change.job is not None:
        cancel(change.job)


@transaction.atomic
def start_bulk_change(
    *, accounts: Any, changes: Mapping[str, str], where: str = "", by: Actor, at: datetime
) -> BulkChange:
    """Have the worker change these accounts (a queryset), as many as they are now and no others.

    `where` says how they were chosen. Emits BulkChangeStarted. Raises NotAChange, PermissionDenied.
    """
    new = checked(changes=changes, by=by)
    require(by, _right(new))
    if new.get("owner_id") == "" and not by.sees_all:
        raise NotAChange("Without an owner you would not see them any more. Choose somebody.", field="value")
    ids = list(accounts.order_by("pk").values_list("pk", flat=True)[: MOST + 1])
    if not ids:
        raise NotAChange("No account is chosen.")
    if len(ids) > MOST:
        raise NotAChange(f"At most {MOST:,} accounts are changed at once. Narrow the list.")
    made = BulkChange.objects.create(
        changes=new, where=where, total=len(ids), created_at=at, created_by_id=by.user_id, created_by=by.label[:160]
    )
    BulkRow.objects.bulk_create([BulkRow(change=made, account_id=pk) for pk in ids], batch_size=2000)
    made.job = start_job(CHANGE, by=by, subject_id=made.pk, unit="accounts")
    made.save(update_fields=["job"])
    record(BulkChangeStarted(None, made.pk, len(ids), dict(new)), by=by)
    return made


@dataclass
class Chunk:
    """What a step of the worker did: rows it closed, of them refused."""

    rows: int = 0
    refused: int = 0
    events: list[Event] = field(default_factory=list)


@transaction.atomic
def change_chunk(*, change_id: UUID, by: Actor) -> int:
    """The next accounts of a change; returns how many rows were closed, 0 when none is left.

    A row is closed with its account in one transaction: a killed worker goes on with the next one. Emits
    AccountEdited, the same as an edit by hand.
    """
    change = BulkChange.objects.select_for_update().get(pk=change_id)
    rows = list(change.rows.filter(before__isnull=True, error="").order_by("account_id")[:CHUNK])
    accounts = _locked(rows, by)
    led = with_contracts(list(accounts))
    done = Chunk(rows=len(rows))
    touched: list[Account] = []
    for row in rows:
        account = accounts.get(row.account_id)
        if account is None or not allowed(by, _right(change.changes), account):
            row.error = GONE if account is None else NOT_ALLOWED
            done.refused += 1
        elif row.expected_version is not None and account.version != row.expected_version:
            row.error = CHANGED_SINCE
            done.refused += 1
        elif words := _said_by_contracts(account, _new(change, row), led):
            row.error = words
            done.refused += 1
        elif _apply(account, row, _new(change, row), done):
            touched.append(account)
    _store(touched, rows, ["before", "after_version", "error"])
    BulkChange.objects.filter(pk=change.pk).update(done=change.done + done.rows, failed=change.failed + done.refused)
    record_many(done.events, by=by)
    return done.rows


def _said_by_contracts(account: Account, new: Mapping[str, Any], led: set[UUID]) -> str:
    """Why these fields cannot be what somebody says: the account's contracts say something else."""
    others = {name for name, value in new.items() if name in BY_CONTRACTS and getattr(account, name) != value}
    name = refusal_by_contracts(account.pk, others, led)
    return BY_CONTRACTS[name] if name else ""


def _new(change: BulkChange, row: BulkRow) -> dict[str, Any]:
    """What the account is to hold: the same for all, or what the row says of its own."""
    if row.after is not None:
        return {name: as_stored(name, kept) for name, kept in row.after.items()}
    if ARCHIVED in change.changes:
        return {ARCHIVED: change.created_at}
    return {name: _value(name, text) for name, text in change.changes.items()}


def _locked(rows: Sequence[BulkRow], by: Actor, *, archived: bool = False) -> dict[UUID, Account]:
    seen = Account.objects.visible_to(by).filter(pk__in=[row.account_id for row in rows]).order_by("pk")
    chosen = seen if archived else seen.active()
    return {account.pk: account for account in chosen.select_for_update(of=("self",))}


def _apply(account: Account, row: BulkRow, new: Mapping[str, Any], done: Chunk) -> bool:
    """Whether the account is another one now; the row remembers what it was."""
    old = {name: custom.held(account, name) for name in new}
    row.before = {name: as_kept(value) for name, value in old.items()}
    row.after_version = account.version
    if old == dict(new):
        return False
    for name, value in new.items():
        custom.put(account, name, value)
    account.version += 1
    row.after_version = account.version
    if ARCHIVED in new:
        done.events.append(AccountArchived(account.pk))
        return True
    differing = {name: [as_kept(old[name]), as_kept(value)] for name, value in new.items() if old[name] != value}
    done.events.append(AccountEdited(account.pk, changes=differing))
    return True


def _store(touched: Sequence[Account], rows: Sequence[BulkRow], of_rows: Sequence[str]) -> None:
    if touched:
        names = {name for row in rows for name in row.before or ()}
        Account.objects.bulk_update(touched, [*custom.columns_of(sorted(names)), "version"])
    if rows:
        BulkRow.objects.bulk_update(rows, of_rows)


@transaction.atomic
def finish_change(*, change_id: UUID, at: datetime) -> BulkChange:
    change = BulkChange.objects.select_for_update().get(pk=change_id)
    if change.finished_at is None:
        change.finished_at = at
        change.save(update_fields=["finished_at"])
    return change


@transaction.atomic
def undo_bulk_change(*, change_id: UUID, by: Actor, at: datetime, at_once: bool = False) -> BulkChange:
    """Have the worker take a change back as one, or do it here (`at_once`); what others changed since is left, listed.

    Emits BulkChangeUndone. Raises NotAChange while it runs or when it is undone already, PermissionDenied.
    """
    change = BulkChange.objects.select_for_update().get(pk=change_id)
    require(by, _right(change.changes))
    if change.created_by_id != by.user_id and not by.sees_all:
        raise NotAChange("Only who made this change, or somebody who sees all accounts, can take it back.")
    if change.finished_at is None:
        raise NotAChange("It still runs. Stop it or wait until it is done.")
    if change.undone_at is not None:
        raise NotAChange("It is taken back already.")
    change.undone_at, change.undone_by = at, by.label[:160]
    change.job = None if at_once else start_job(UNDO, by=by, subject_id=change.pk, unit="accounts")
    change.save(update_fields=["undone_at", "undone_by", "job"])
    while at_once and undo_chunk(change_id=change.pk, by=by):
        pass
    record(BulkChangeUndone(None, change.pk, change.done - change.failed), by=by)
    return change


@transaction.atomic
def undo_chunk(*, change_id: UUID, by: Actor) -> int:
    """The next accounts of a change that is taken back; returns how many rows were looked at, 0 at the end."""
    change = BulkChange.objects.select_for_update().get(pk=change_id)
    rows = list(change.rows.filter(undone=False, error="", before__isnull=False).order_by("account_id")[:CHUNK])
    accounts = _locked(rows, by, archived=ARCHIVED in change.changes)
    led = with_contracts(list(accounts))
    done, touched = Chunk(rows=len(rows)), []
    for row in rows:
        account, mine = accounts.get(row.account_id), row.after_version
        if account is None or account.version != mine:
            row.error = GONE if account is None else CHANGED_SINCE
            continue
        old = {name: as_stored(name, kept) for name, kept in (row.before or {}).items()}
        if words := _said_by_contracts(account, old, led):
            row.error = words
            continue
        now = {name: custom.held(account, name) for name in old}
        row.undone = True
        if now == old:
            continue
        for name, value in old.items():
            custom.put(account, name, value)
        account.version += 1
        touched.append(account)
        done.events.append(_taken_back(account, now, old))
    _store(touched, rows, ["undone", "error"])
    record_many(done.events, by=by)
    return done.rows


def _taken_back(account: Account, now: Mapping[str, Any], old: Mapping[str, Any]) -> Event:
    if ARCHIVED in old:
        return AccountArchived(account.pk, restored=True)
    return AccountEdited(account.pk, {name: [as_kept(now[name]), as_kept(value)] for name, value in old.items()})
