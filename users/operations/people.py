from datetime import datetime
from uuid import UUID
from zoneinfo import available_timezones

from allauth.account.models import EmailAddress
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from core.actor import Actor
from core.audit import record
from core.errors import DomainError
from core.rules import require
from tenants.context import take_lock
from users import rules
from users.events import (
    PersonAdded,
    PersonDeactivated,
    PersonInvited,
    PersonJoined,
    PersonReactivated,
    ProfileEdited,
    RoleChanged,
)
from users.models import Role, Ticket, User
from users.operations.roles import require_within
from users.operations.tickets import issue_ticket, use_ticket

ADMINS = "who is an admin"  # lock


class AlreadyHere(DomainError):
    """A person with this e-mail is in the workspace, perhaps deactivated."""


class LastAdmin(DomainError):
    """Without an admin nobody could let people in or out any more."""


class WeakPassword(DomainError):
    pass


def check_password(password: str, *, email: str = "", name: str = "") -> None:
    """Raise WeakPassword in the validators' own words; e-mail and name may not be part of it."""
    try:
        validate_password(password, User(email=email, name=name))
    except ValidationError as error:
        raise WeakPassword(" ".join(error.messages), field="password") from error


def new_person(*, email: str, name: str, role: Role, password_hash: str = "", staff: bool = False) -> User:
    """The row of a person; without a hash they cannot log in yet. Raises AlreadyHere."""
    user = User(email=email.strip().lower(), name=name.strip(), role=role, is_staff=staff)
    if password_hash:
        user.password = password_hash
    else:
        user.set_unusable_password()
    try:
        with transaction.atomic():
            user.save(force_insert=True)
    except IntegrityError as error:
        raise AlreadyHere(f"{user.email} is in this workspace already.", field="email") from error
    return user


def verify_email(user: User) -> None:
    """Tell allauth that this address is the person's: a code or a link sent to it has come back."""
    EmailAddress.objects.update_or_create(
        user=user, primary=True, defaults={"email": user.email.lower(), "verified": True}
    )


def _role(code: str, *, by: Actor) -> Role:
    role = Role.objects.filter(code=code).first()
    if role is None:
        raise DomainError("Choose one of the roles.", field="role")
    require_within(by, role.granted())
    return role


@transaction.atomic
def invite_person(*, email: str, name: str, role: str, by: Actor, at: datetime) -> User:
    """Let somebody in: they get a mail with a link and choose a password. role: its code.

    Emits PersonInvited, which sends the mail. Raises PermissionDenied or AlreadyHere.
    """
    require(by, rules.MANAGE_USERS)
    user = new_person(email=email, name=name, role=_role(role, by=by))
    ticket = issue_ticket(user=user, purpose=Ticket.Purpose.INVITATION, at=at)
    record(PersonInvited(None, user.pk, role, ticket.pk, again=False), by=by)
    return user


@transaction.atomic
def renew_invitation(*, user_id: UUID, by: Actor, at: datetime) -> User:
    """Send the invitation again; the earlier link stops working. Emits PersonInvited."""
    user = _locked(user_id, by)
    if user.state != "invited":
        raise DomainError(f"{user} has joined already.")
    ticket = issue_ticket(user=user, purpose=Ticket.Purpose.INVITATION, at=at)
    record(PersonInvited(None, user.pk, user.role.code, ticket.pk, again=True), by=by)
    return user


@transaction.atomic
def accept_invitation(*, token: str, name: str, password: str, at: datetime) -> User:
    """Join: the invited person's own name and password. The mail has proved the address.

    Emits PersonJoined. Raises TicketUsed or WeakPassword; then nothing is used up.
    """
    user = use_ticket(token, Ticket.Purpose.INVITATION, at=at)
    check_password(password, email=user.email, name=name)
    user.name = name.strip()
    user.set_password(password)
    user.save(update_fields=["name", "password"])
    verify_email(user)
    record(PersonJoined(None, user.pk), by=user.as_actor())
    return user


@transaction.atomic
def add_person(*, email: str, name: str, role: str, password_hash: str, staff: bool = False, by: Actor) -> User:
    """Add somebody who can log in at once; for commands and sign-up. Emits PersonAdded.

    password_hash: as made by Django's make_password.
    """
    require(by, rules.MANAGE_USERS)
    user = new_person(email=email, name=name, role=_role(role, by=by), password_hash=password_hash, staff=staff)
    verify_email(user)
    record(PersonAdded(None, user.pk, role), by=by)
    return user


def _locked(user_id: UUID, by: Actor) -> User:
    """A colleague, locked, whom `by` may manage; nobody manages those who hold more than themselves."""
    user: User = User.objects.visible_to(by).select_related("role").select_for_update(of=("self",)).get(pk=user_id)
    require(by, rules.MANAGE_USERS, user)
    require_within(by, user.role.granted())
    return user


def _keep_an_admin(user: User) -> None:
    """The caller holds the lock ADMINS, so two admins cannot remove each other at the same moment."""
    if list(User.objects.admins().values_list("pk", flat=True)) == [user.pk]:
        raise LastAdmin(f"{user} is the last admin. Make somebody else an admin first.")


@transaction.atomic
def change_role(*, user_id: UUID, role: str, by: Actor) -> User:
    """Give a person another role; it holds for their next click and for their API tokens. Emits RoleChanged."""
    take_lock(ADMINS)
    user = _locked(user_id, by)
    new, old = _role(role, by=by), user.role
    if new.pk == old.pk:
        return user
    if old.is_admin:
        _keep_an_admin(user)
    user.role = new
    user.save(update_fields=["role"])
    record(RoleChanged(None, user.pk, old.code, new.code), by=by)
    return user


@transaction.atomic
def deactivate_person(*, user_id: UUID, by: Actor, at: datetime) -> User:
    """Shut somebody out at once: sessions, tokens and open invitations stop working. What they own stays theirs.

    Emits PersonDeactivated. Raises LastAdmin, and DomainError for oneself.
    """
    take_lock(ADMINS)
    user = _locked(user_id, by)
    if user.pk == by.user_id:
        raise DomainError("You cannot deactivate yourself. Ask another admin.")
    if not user.is_active:
        return user
    _keep_an_admin(user)
    user.is_active = False
    user.save(update_fields=["is_active"])
    user.tickets.filter(used_at=None).update(used_at=at)
    record(PersonDeactivated(None, user.pk), by=by)
    return user


@transaction.atomic
def reactivate_person(*, user_id: UUID, by: Actor) -> User:
    """Let a deactivated person in again, with the password and role they had. Emits PersonReactivated."""
    user = _locked(user_id, by)
    if not user.is_active:
        user.is_active = True
        user.save(update_fields=["is_active"])
        record(PersonReactivated(None, user.pk), by=by)
    return user


@transaction.atomic
def edit_profile(*, name: str, time_zone: str, by: Actor) -> User:
    """Change the acting person's own name and time zone. Emits ProfileEdited when something changed."""
    user: User = User.objects.select_for_update().get(pk=by.user_id)
    if time_zone not in available_timezones():
        raise DomainError("Choose a time zone from the list.", field="time_zone")
    wanted = {"name": name.strip(), "time_zone": time_zone}
    changed = [field for field, value in wanted.items() if getattr(user, field) != value]
    for field in changed:
        setattr(user, field, wanted[field])
    if changed:
        user.save(update_fields=changed)
        record(ProfileEdited(None, user.pk, changed), by=by)
    return user
