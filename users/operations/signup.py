"""Sign-up on the public site: a company asks, a code comes back, a workspace with its first person is there."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.db.models import F
from django.utils.crypto import constant_time_compare, salted_hmac

from core.actor import Actor
from core.audit import record
from core.errors import DomainError
from core.rules import ADMIN
from tenants.context import tenant_salt, tenant_scope
from tenants.models import PendingSignup, Tenant
from tenants.names import suggest_slug
from tenants.operations import check_slug, create_tenant
from users import keys
from users.events import WorkspaceOpened
from users.models import Role, Ticket, User
from users.operations.people import check_password, new_person, verify_email
from users.operations.tickets import issue_ticket, sealed

CODE_LIFE = timedelta(minutes=15)
MOST_ATTEMPTS = 5  # guesses per code
MOST_CODES = 5  # codes per sign-up


class WrongCode(DomainError):
    pass


class NoMoreTries(DomainError):
    pass


class SignupOver(DomainError):
    """Confirmed already, or too old."""


@dataclass(frozen=True)
class Opened:
    """A workspace that has just been made: where it answers and the ticket that logs its first person in."""

    tenant: Tenant
    host: str
    ticket: str


def propose_slug(company: str) -> str:
    """A free address for a company: its name, with a number when that is taken; empty when nothing is left of it."""
    wanted = suggest_slug(company)
    for number in range(1, 30):
        tail = f"-{number}" if number > 1 else ""
        slug = wanted[: 40 - len(tail)].rstrip("-") + tail
        try:
            return check_slug(slug)
        except DomainError:
            continue
    return ""


def _hashed(signup_id: UUID, code: str) -> str:
    """Keyed, so that six digits cannot be tried out against a stolen table."""
    return salted_hmac(tenant_salt("signup-code"), f"{signup_id}:{code}", algorithm="sha256").hexdigest()


@transaction.atomic
def start_signup(
    *, company: str, slug: str, person: str, email: str, password: str, at: datetime
) -> tuple[PendingSignup, str]:
    """Note that a company wants a workspace; returns the note and the code to mail.

    Whether the e-mail is known anywhere makes no difference: one person may have several workspaces.
    Raises NotATenantName, AddressTaken or WeakPassword, each naming its field.
    """
    check_slug(slug)
    check_password(password, email=email, name=person)
    pending = PendingSignup(
        company=company, slug=slug, person=person, email=email.lower(), password=make_password(password)
    )
    code = keys.new_code()
    pending.code_hash, pending.expires_at = _hashed(pending.pk, code), at + CODE_LIFE
    pending.save(force_insert=True)
    return pending, code


@transaction.atomic
def resend_code(*, signup_id: UUID, at: datetime) -> tuple[PendingSignup, str]:
    """A new code with new tries; the old one stops working. Raises SignupOver or NoMoreTries."""
    pending = _locked(signup_id, at)
    if pending.sent >= MOST_CODES:
        raise NoMoreTries("We have sent several codes already. Please sign up again in a while.")
    code = keys.new_code()
    pending.code_hash, pending.expires_at = _hashed(pending.pk, code), at + CODE_LIFE
    pending.attempts, pending.sent = 0, pending.sent + 1
    pending.save(update_fields=["code_hash", "expires_at", "attempts", "sent"])
    return pending, code


def open_workspace(*, signup_id: UUID, code: str, slug: str = "", at: datetime, by: Actor) -> Opened:
    """Turn a confirmed sign-up into a tenant with roles and its first person, an admin; all or nothing.

    slug: another address when the one asked for has been taken meanwhile. The guess is counted before it is
    looked at, in a transaction of its own, so that parallel guesses share the five tries.
    Emits WorkspaceOpened in the new tenant's trail. Raises SignupOver, NoMoreTries, WrongCode, AddressTaken.
    """
    guesses = PendingSignup.objects.filter(pk=signup_id, attempts__lt=MOST_ATTEMPTS)
    counted = guesses.update(attempts=F("attempts") + 1)
    with transaction.atomic():
        pending = _locked(signup_id, at)
        if not counted:
            raise NoMoreTries("Too many wrong codes. Ask for a new one.")
        if not constant_time_compare(_hashed(pending.pk, code), pending.code_hash):
            raise WrongCode("That is not the code we sent. Check the newest mail.", field="code")
        tenant = create_tenant(name=pending.company, slug=slug or pending.slug, at=at, by=by)
        with tenant_scope(tenant):
            user = _first_person(pending)
            ticket = sealed(issue_ticket(user=user, purpose=Ticket.Purpose.LOGIN, at=at))
        host = tenant.domains.get(is_primary=True).domain
        pending.delete()
    return Opened(tenant, host, ticket)


def _locked(signup_id: UUID, at: datetime) -> PendingSignup:
    pending = PendingSignup.objects.select_for_update().filter(pk=signup_id, expires_at__gt=at).first()
    if pending is None:
        raise SignupOver("This sign-up has been confirmed already, or it is too old.")
    return pending


def _first_person(pending: PendingSignup) -> User:
    role = Role.objects.get(code=ADMIN)
    user = new_person(email=pending.email, name=pending.person, role=role, password_hash=pending.password)
    verify_email(user)
    record(WorkspaceOpened(None, user.pk), by=user.as_actor())
    return user
