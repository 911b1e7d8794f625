"""Reads of people, roles, tokens and tickets."""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.core import signing
from django.db.models import Count, Q, QuerySet

from core.actor import Actor
from core.models import Entry
from core.rules import Permission, allowed, permissions
from tenants.context import public_scope, tenant_scope, unsign
from tenants.models import PendingSignup, Tenant
from users import rules
from users.models import ApiToken, Role, Ticket, User


def people(*, by: Actor, text: str = "", role: str = "", state: str = "") -> QuerySet[User]:
    """Everybody in this workspace, filtered; `state` as in User.state."""
    found = User.objects.visible_to(by).select_related("role")
    if text:
        found = found.filter(Q(name__icontains=text) | Q(email__icontains=text))
    if role:
        found = found.filter(role__code=role)
    return found.in_state(state) if state else found


def roles() -> list[Role]:
    """The five built-in roles in their order, then the tenant's own by name; each with `people_count`."""
    order = ["admin", "manager", "csm", "analyst", "viewer"]
    active = Count("users", filter=Q(users__is_active=True))
    found = list(Role.objects.annotate(people_count=active).order_by("name"))
    return sorted(found, key=lambda role: (order.index(role.code) if role.built_in else len(order), role.name))


def version_of(roles: Iterable[Role]) -> str:
    """Changes whenever any role changes; a form carries it to notice that somebody else was faster."""
    state = sorted((role.code, sorted(role.permissions), role.sees_all) for role in roles)
    return hashlib.sha256(repr(state).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Owned:
    """Something of which a person has some: how many, how it is called, where it is listed."""

    count: int
    label: str
    url: str


_OWNED: list[Callable[[UUID], Owned]] = []


def connect_owned(counters: Iterable[Callable[[UUID], Owned]]) -> None:
    """The floors above say what a person can own; named in config.wiring."""
    _OWNED[:] = counters


def owned_by(user_id: UUID) -> list[Owned]:
    """What stays with a person who is shut out, so that somebody can take it over."""
    return [owned for counter in _OWNED if (owned := counter(user_id)).count]


@dataclass(frozen=True)
class PermissionGroup:
    """Permissions of one app, in the words of the app."""

    label: str
    permissions: list[Permission]


_GROUPS = {
    "accounts": "Accounts",
    "kpis": "KPIs and uploads",
    "playbooks": "Playbooks",
    "analytics": "Reports",
    "users": "People and access",
    "core": "Audit trail",
}


def offered_permissions() -> list[Permission]:
    """What a role of this workspace can hold; the operators' own permissions are never among it."""
    return [known for known in permissions() if known.name not in rules.OPERATORS_ONLY]


def permission_groups() -> list[PermissionGroup]:
    known = offered_permissions()
    labels = {**_GROUPS, **{name: name.title() for p in known if (name := p.name.split(".")[0]) not in _GROUPS}}
    groups = (
        PermissionGroup(label, [p for p in known if p.name.startswith(f"{app}.")]) for app, label in labels.items()
    )
    return [group for group in groups if group.permissions]


def tokens(*, by: Actor) -> QuerySet[ApiToken]:
    """The person's own tokens; everybody's for those who manage people."""
    found = ApiToken.objects.select_related("user__role")
    return found if allowed(by, rules.MANAGE_USERS) else found.filter(user_id=by.user_id or UUID(int=0))


@dataclass(frozen=True)
class EntryFilter:
    """What the page of the trail can be narrowed to. `event` is a name or the start of one ('kpis.')."""

    event: str = ""
    actor_id: UUID | None = None
    account_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None


def entries(wanted: EntryFilter) -> QuerySet[Entry]:
    """The trail, filtered. The caller has checked that the person may read it."""
    found = Entry.objects.all()
    if wanted.event.endswith("."):
        found = found.filter(event__startswith=wanted.event)
    elif wanted.event:
        found = found.filter(event=wanted.event)
    if wanted.actor_id:
        found = found.filter(actor_id=wanted.actor_id)
    if wanted.account_id:
        found = found.filter(account_id=wanted.account_id)
    if wanted.since:
        found = found.filter(at__gte=wanted.since)
    if wanted.until:
        found = found.filter(at__lt=wanted.until)
    return found


def names_of_users(ids: Iterable[UUID]) -> dict[str, str]:
    """Name by id as text; one query, none when there is nobody to name."""
    wanted = set(ids)
    if not wanted:
        return {}
    return {str(pk): name for pk, name in User.objects.filter(pk__in=wanted).values_list("pk", "name")}


def open_ticket(token: str, purpose: str, *, at: datetime) -> Ticket | None:
    """The unused, unexpired ticket that `token` stands for in this tenant; None for anything else."""
    try:
        pk = unsign(token, purpose)
    except signing.BadSignature:
        return None
    open_now = Ticket.objects.filter(used_at=None, expires_at__gt=at, purpose=purpose, user__is_active=True)
    return open_now.filter(pk=pk).select_related("user__role").first()


def pending_signup(token: str, *, at: datetime) -> PendingSignup | None:
    """The sign-up a link of the public site speaks of; None when it is confirmed, expired or made up."""
    try:
        pk = unsign(token, "signup")
    except signing.BadSignature:
        return None
    return PendingSignup.objects.filter(pk=pk, expires_at__gt=at).first()


def workspaces_of(email: str) -> list[tuple[str, str]]:
    """(company, host) of every workspace in which a person with this e-mail may log in, by name.

    Looks into every tenant, so it belongs in a worker, never in a page.
    """
    with public_scope():
        active = Tenant.objects.filter(state=Tenant.State.ACTIVE, domains__is_primary=True)
        rows = list(active.order_by("name").values_list("name", "schema_name", "domains__domain"))
    found = []
    for name, schema, host in rows:
        with tenant_scope(schema):
            if User.objects.filter(email__iexact=email, is_active=True).exists():
                found.append((name, host))
    return found


def inviter_of(ticket: Ticket) -> str:
    """Who asked for an invitation, as the trail has it."""
    entry = Entry.objects.filter(event="users.person_invited", data__ticket_id=str(ticket.pk)).first()
    return entry.actor_label if entry else "Your colleague"
