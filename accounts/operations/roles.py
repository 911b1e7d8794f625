"""What people are at accounts: open a role, say what a person counts for, end it, move to another company.

Influence, stance and whom somebody reports to belong to the person at the account: every open role there has the same.
Every change counts up the version of the person, which is what two editors notice each other by.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from accounts import rules
from accounts.events import ChampionLeft, RoleEnded, RoleOpened, StandingChanged
from accounts.models import Account, Contact, ContactRole
from core.actor import Actor
from core.audit import record
from core.errors import Conflict, DomainError
from core.rules import require

STANDING = ("influence", "stance", "reports_to_id")
INFLUENCE, STANCE = range(1, 4), range(-2, 3)
EARLIEST = date(1980, 1, 1)
Role = ContactRole.Role


class RoleThere(DomainError):
    """The person has this role at the account already."""


@transaction.atomic
def open_role(
    *,
    contact_id: UUID,
    account_id: UUID,
    role: str,
    by: Actor,
    at: datetime,
    starts_on: date | None = None,
    **standing: Any,
) -> ContactRole:
    """Give a person a role at an account from a day that has come; today when none is said.

    standing: fields of STANDING; what is left out is as in the person's other roles there, else influence 1, stance
    unknown, reporting to nobody. Emits RoleOpened. Raises RoleThere, DomainError, PermissionDenied, DoesNotExist.
    """
    contact, account = _locked(contact_id, by), _account(account_id, by)
    _usable(contact, account)
    if role not in Role.values:
        raise DomainError("Choose a role.", field="role")
    others = list(_open(contact, account))
    known = {name: getattr(others[0], name) for name in STANDING} if others else {}
    made = ContactRole(contact=contact, account=account, role=role, **{**known, **standing})
    made.starts_on = starts_on or at.date()
    _check_standing(made, standing)
    if not EARLIEST <= made.starts_on <= at.date():
        raise DomainError("Say a day that has come.", field="starts_on")
    try:
        with transaction.atomic():
            made.save(force_insert=True)
    except IntegrityError as error:
        said = f"{contact.name} is {Role(role).label.lower()} at {account.name} already."
        raise RoleThere(said, field="role") from error
    _spread(made, others)
    _touch(contact)
    record(RoleOpened(account.pk, contact.pk, made.pk, role, made.starts_on.isoformat()), by=by)
    return made


@transaction.atomic
def change_standing(*, role_id: UUID, expected_version: int, changes: Mapping[str, Any], by: Actor) -> ContactRole:
    """Say what a person counts for at an account: fields of STANDING, for all of their open roles there.

    expected_version: of the person. Emits StandingChanged. Raises Conflict, DomainError, PermissionDenied,
    ContactRole.DoesNotExist.
    """
    found, contact = _held(role_id, by)
    if contact.version != expected_version:
        raise Conflict("Somebody else changed this person since you opened it. Nothing of theirs was overwritten.")
    if unknown := set(changes) - set(STANDING):
        raise TypeError(f"not what a person counts for: {sorted(unknown)}")
    before = {name: getattr(found, name) for name in changes}
    for name, value in changes.items():
        setattr(found, name, value)
    _check_standing(found, changes)
    moved = {name: [_plain(old), _plain(changes[name])] for name, old in before.items() if old != changes[name]}
    if not moved:
        return found
    found.save(update_fields=list(STANDING))
    _spread(found, list(_open(contact, found.account).exclude(pk=found.pk)))
    found.contact = _touch(contact)
    record(StandingChanged(found.account_id, contact.pk, moved), by=by)
    return found


@transaction.atomic
def end_role(*, role_id: UUID, on: date, reason: str, by: Actor, at: datetime) -> ContactRole:
    """End one role on a day that has come; the person may have others at the account.

    Emits RoleEnded, and ChampionLeft when it was the champion. Raises DomainError, PermissionDenied,
    ContactRole.DoesNotExist.
    """
    found, contact = _held(role_id, by)
    _end([found], on=on, reason=reason, by=by, at=at)
    found.contact = _touch(contact)
    return found


@transaction.atomic
def leave_account(
    *, contact_id: UUID, account_id: UUID, on: date, reason: str, by: Actor, at: datetime
) -> list[ContactRole]:
    """Somebody is at the account no more, and where they went is not known: every role there ends.

    Emits RoleEnded for each, ChampionLeft for a champion. Raises DomainError, PermissionDenied, DoesNotExist.
    """
    contact, account = _locked(contact_id, by), _account(account_id, by)
    held = list(_open(contact, account))
    if not held:
        raise DomainError(f"{contact.name} has no role at {account.name}.", field="account_id")
    _end(held, on=on, reason=reason, by=by, at=at)
    _touch(contact)
    return held


@transaction.atomic
def move_contact(
    *,
    contact_id: UUID,
    account_id: UUID,
    to_account_id: UUID,
    role: str,
    on: date,
    reason: str,
    by: Actor,
    at: datetime,
) -> ContactRole:
    """A person changes companies: every role at the old account ends, one at the new one opens, both on that day.

    Influence and stance start anew: they were about the old company. Emits as `leave_account` and `open_role`.
    Raises RoleThere, DomainError, PermissionDenied, DoesNotExist for accounts that `by` does not see.
    """
    if account_id == to_account_id:
        raise DomainError("That is the account they are at.", field="to")
    leave_account(contact_id=contact_id, account_id=account_id, on=on, reason=reason, by=by, at=at)
    return open_role(contact_id=contact_id, account_id=to_account_id, role=role, starts_on=on, by=by, at=at)


def _end(held: list[ContactRole], *, on: date, reason: str, by: Actor, at: datetime) -> None:
    """End roles of one person at one account, which the caller has locked through the person."""
    reason, account_id = reason.strip()[:200], held[0].account_id
    if not reason:
        raise DomainError("Say why: it is what the next person looks for.", field="reason")
    if on > at.date():
        raise DomainError("That day has not come yet.", field="on")
    if late := next((one for one in held if on < one.starts_on), None):
        raise DomainError(f"It began on {late.starts_on:%-d %b %Y}; it cannot end before.", field="on")
    for one in held:
        if one.ends_on is not None:
            raise DomainError("This role has ended already.")
        one.ends_on, one.end_reason = on, reason
        one.save(update_fields=["ends_on", "end_reason"])
    here = ContactRole.objects.filter(account_id=account_id, ends_on=None)
    left = not here.filter(contact_id=held[0].contact_id).exists()
    champions = here.filter(role=Role.CHAMPION).count()
    for one in held:
        ids = (account_id, one.contact_id, one.pk)
        record(RoleEnded(*ids, one.role, on.isoformat(), reason, left), by=by)
        if one.role == Role.CHAMPION:
            record(ChampionLeft(*ids, on.isoformat(), reason, champions), by=by)


def _check_standing(found: ContactRole, given: Mapping[str, Any]) -> None:
    if found.influence not in INFLUENCE:
        raise DomainError("Influence is 1, 2 or 3.", field="influence")
    if found.stance is not None and found.stance not in STANCE:
        raise DomainError("Stance goes from -2 to 2, or is unknown.", field="stance")
    if found.reports_to_id is None or "reports_to_id" not in given:
        return
    Account.objects.select_for_update(of=("self",)).get(pk=found.account_id)  # one change of lines at a time
    here = list(ContactRole.objects.filter(account_id=found.account_id))
    person = {one.pk: one.contact_id for one in here}
    if found.reports_to_id not in {one.pk for one in here if one.ends_on is None}:
        raise DomainError("Nobody with an open role here is that.", field="reports_to_id")
    above = {one.contact_id: person.get(one.reports_to_id) for one in here if one.ends_on is None}
    boss, seen = person[found.reports_to_id], set()
    while boss is not None and boss not in seen:
        if boss == found.contact_id:
            raise DomainError("They would report to themselves, straight or through others.", field="reports_to_id")
        seen.add(boss)
        boss = above.get(boss)


def _spread(told: ContactRole, others: list[ContactRole]) -> None:
    standing = {name: getattr(told, name) for name in STANDING}
    ContactRole.objects.filter(pk__in=[one.pk for one in others]).update(**standing)


def _locked(contact_id: UUID, by: Actor) -> Contact:
    found: Contact = Contact.objects.visible_to(by).select_for_update(of=("self",)).get(pk=contact_id)
    require(by, rules.EDIT_CONTACT, found)
    return found


def _held(role_id: UUID, by: Actor) -> tuple[ContactRole, Contact]:
    """A role that `by` sees, and its person, locked."""
    named: ContactRole = ContactRole.objects.visible_to(by).get(pk=role_id)
    contact = _locked(named.contact_id, by)
    found: ContactRole = ContactRole.objects.select_related("account").get(pk=role_id)
    if found.ends_on is not None:
        raise DomainError("This role has ended already.")
    return found, contact


def _account(account_id: UUID, by: Actor) -> Account:
    found: Account = Account.objects.visible_to(by).get(pk=account_id)
    return found


def _usable(contact: Contact, account: Account) -> None:
    if contact.archived_at:
        raise DomainError(f"{contact.name} is archived. Bring them back first.")
    if account.archived_at:
        raise DomainError(f"{account.name} is archived. Bring it back first.", field="account_id")


def _open(contact: Contact, account: Account) -> Any:
    return ContactRole.objects.filter(contact=contact, account=account, ends_on=None).order_by("starts_on", "pk")


def _touch(contact: Contact) -> Contact:
    contact.version += 1
    contact.save(update_fields=["version"])
    return contact


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, UUID) else value
