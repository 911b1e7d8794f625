"""Create, edit and archive one account."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from accounts import custom, rules
from accounts.events import AccountArchived, AccountCreated, AccountEdited
from accounts.models import Account
from accounts.operations.custom_values import checked_values, missing_value
from accounts.queries import above_of
from accounts.queries.contracts import BY_CONTRACTS, refusal_by_contracts
from accounts.queries.duplicates import merged_into
from core.actor import Actor
from core.audit import record
from core.errors import Conflict, DomainError
from core.rules import require
from tenants.context import take_lock

EDITABLE = (
    "name", "key", "owner_id", "tier", "industry", "region", "stage", "arr", "currency", "renewal_on", "customer_since",
    "parent_id", "roll_up_method",
)  # fmt: skip


DEEPEST = 100  # accounts above each other


class NameTaken(DomainError):
    """Another account has exactly this name or number."""


class NeedsOwner(DomainError):
    """A person who sees only their own accounts would lose this one: it needs an owner."""


class ReadFromContracts(DomainError):
    """The field is what the account's contracts say."""


class NotAParent(DomainError):
    """The account that was named cannot stand above this one."""


@transaction.atomic
def create_account(*, name: str, by: Actor, source: str = "page", **given: Any) -> Account:
    """Add one customer. `given` are fields of EDITABLE and "custom.<code>"; without an owner a person who sees
    their own becomes it.

    Emits AccountCreated. Raises NameTaken, NotAParent, DomainError without a name, PermissionDenied.
    """
    require(by, rules.CREATE)
    fields = _known({"name": name, **given}, by=by)
    if source in ("page", "api"):
        missing_value(given=fields, by=by)
    if fields.get("owner_id") is None and not by.sees_all:
        fields["owner_id"] = by.user_id
    account = Account()
    for name, value in fields.items():
        custom.put(account, name, value)
    _check_parent(account, by=by)
    _save(account, force_insert=True)
    record(AccountCreated(account.pk, source=source), by=by)
    return account


@transaction.atomic
def edit_account(*, account_id: UUID, expected_version: int, changes: Mapping[str, Any], by: Actor) -> Account:
    """Change fields of one account; `changes` holds only what the person changed.

    Emits AccountEdited with old and new values. Raises Conflict when somebody else saved in the meantime,
    NameTaken, NeedsOwner, NotAParent, ReadFromContracts, PermissionDenied; Account.DoesNotExist as for `visible_to`.
    """
    account = Account.objects.visible_to(by).select_for_update(of=("self",)).get(pk=account_id)
    require(by, rules.EDIT, account)
    if account.version != expected_version:
        raise Conflict("Somebody else changed this account since you opened it. Nothing of theirs was overwritten.")
    fields = {name: value for name, value in _known(changes, by=by).items() if custom.held(account, name) != value}
    if not fields:
        return account
    if by_contract := refusal_by_contracts(account.pk, fields):
        raise ReadFromContracts(BY_CONTRACTS[by_contract], field=by_contract)
    if "owner_id" in fields and fields["owner_id"] is None and not by.sees_all:
        raise NeedsOwner("Without an owner you would not see this account any more. Choose somebody.", field="owner_id")
    before = {name: as_plain(custom.held(account, name)) for name in fields}
    for name, value in fields.items():
        custom.put(account, name, value)
    if "parent_id" in fields:
        _check_parent(account, by=by)
    account.version += 1
    _save(account, update_fields=[*custom.columns_of(fields), "version"])
    record(AccountEdited(account.pk, changes={n: [before[n], as_plain(v)] for n, v in fields.items()}), by=by)
    return account


@transaction.atomic
def archive_account(*, account_id: UUID, by: Actor, at: datetime, restore: bool = False) -> Account:
    """Take an account out of every list without losing anything, or bring it back. Emits AccountArchived."""
    account = Account.objects.visible_to(by).select_for_update(of=("self",)).get(pk=account_id)
    require(by, rules.ARCHIVE, account)
    wanted = None if restore else at
    if bool(account.archived_at) == bool(wanted):
        return account
    if restore and (merge := merged_into(account.pk)):
        raise DomainError(f"This account was merged into “{merge.kept.name}”. Undo the merge instead.")
    account.archived_at = wanted
    account.version += 1
    account.save(update_fields=["archived_at", "version"])
    record(AccountArchived(account.pk, restored=restore), by=by)
    return account


def _known(given: Mapping[str, Any], *, by: Actor) -> dict[str, Any]:
    """The given fields as they are stored. TypeError for a field that nobody may set."""
    unknown = {name for name in given if not custom.is_own(name)} - set(EDITABLE)
    if unknown:
        raise TypeError(f"not fields of an account that may be set: {sorted(unknown)}")
    fields = {**given, **checked_values(given=given, by=by)}
    if "name" in fields:
        fields["name"] = fields["name"].strip()
        if not fields["name"]:
            raise DomainError("An account needs a name.", field="name")
    if "key" in fields:
        fields["key"] = fields["key"] or None  # two accounts without a number do not clash
    return fields


def _check_parent(account: Account, *, by: Actor) -> None:
    """One that `by` sees, not archived, and nowhere below the account itself. One change of parents at a time, so
    that two of them cannot make a circle together."""
    if account.parent_id is None:
        return
    take_lock("account parents")
    parent = Account.objects.visible_to(by).active().filter(pk=account.parent_id).first()
    if parent is None:
        raise NotAParent("There is no such account.", field="parent_id")
    above = above_of(parent.pk)
    if parent.pk == account.pk:
        raise NotAParent("An account cannot be its own parent.", field="parent_id")
    if account.pk in above:
        raise NotAParent(f"“{parent.name}” is below this account already: that would be a circle.", field="parent_id")
    if len(above) >= DEEPEST:
        raise NotAParent(f"Accounts stand at most {DEEPEST} deep.", field="parent_id")


def _save(account: Account, **how: Any) -> None:
    """Save; when somebody takes the name or number at this very moment the database decides, and it is said so."""
    _refuse_taken(account)
    try:
        with transaction.atomic():
            account.save(**how)
    except IntegrityError:
        _refuse_taken(account)
        raise


def _refuse_taken(account: Account) -> None:
    others = Account.objects.exclude(pk=account.pk)
    if others.filter(name=account.name).exists():
        raise NameTaken(f"There is already an account called “{account.name}”.", field="name")
    if account.key and others.filter(key=account.key).exists():
        raise NameTaken(f"Number {account.key} already belongs to another account.", field="key")


def as_plain(value: Any) -> Any:
    """A value as the trail keeps it."""
    if isinstance(value, Decimal | UUID):
        return str(value)
    return value.isoformat() if isinstance(value, date) else value
