"""Making, renaming, suspending and resuming tenants."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction

from core.actor import Actor
from core.audit import record
from core.errors import DomainError
from core.rules import require
from tenants import names
from tenants.context import current_schema, public_scope, tenant_scope
from tenants.events import TenantCreated, TenantResumed, TenantSuspended
from tenants.models import Domain, Tenant
from tenants.queries import forget_tenants, operator_tenant
from tenants.rules import OPERATE
from tenants.template import current_template, replay


class AddressTaken(DomainError):
    """Another workspace answers at this address already."""


class NotATenantName(DomainError):
    """The wanted address cannot be a host name, or belongs to the platform."""


_SETUP: list[Callable[..., Any]] = []


def connect(setup: Sequence[Callable[..., Any]]) -> None:
    """Say what a new workspace starts with: each `f(*, at, by)` is run in its schema, in this order."""
    _SETUP[:] = setup


def check_slug(slug: str, *, kind: str = Tenant.Kind.CUSTOMER) -> str:
    """Return the address (host label) when a new tenant may have it. Raises NotATenantName or AddressTaken."""
    if not names.is_slug(slug):
        raise NotATenantName("Use 1 to 40 lower-case letters, digits and hyphens.", field="slug")
    if kind == Tenant.Kind.CUSTOMER and slug in names.RESERVED_SLUGS:
        raise NotATenantName("This address belongs to the platform. Please choose another.", field="slug")
    with public_scope():
        if Tenant.objects.filter(slug=slug).exists() or Domain.objects.filter(domain=_host(slug)).exists():
            raise AddressTaken("This address is taken. Please choose another.", field="slug")
    return slug


def _host(slug: str) -> str:
    return f"{slug}.{settings.BASE_DOMAIN}"


def create_tenant(
    *,
    name: str,
    slug: str,
    at: datetime,
    by: Actor,
    kind: str = Tenant.Kind.CUSTOMER,
    host: str = "",
    schema_name: str = "",
) -> Tenant:
    """Make a tenant: its row, its host and its schema, all in one transaction, ready to be served.

    What config.wiring.SETUP names is run inside it; whoever calls this can add the first user in the same
    transaction. `host` is `<slug>.<base domain>` unless given; `schema_name` is given by tests only.
    """
    check_slug(slug, kind=kind)
    template = current_template()  # before the transaction: building one takes its own
    try:
        with transaction.atomic(), public_scope():
            tenant = Tenant(name=name, slug=slug, kind=kind, state=Tenant.State.ACTIVE, created_at=at)
            tenant.schema_name = schema_name or tenant.schema_name
            tenant.save()
            Domain.objects.create(domain=host or _host(slug), tenant=tenant, is_primary=True)
            replay(template, tenant.schema_name)
            with tenant_scope(tenant):
                record(TenantCreated(account_id=None, schema_name=tenant.schema_name, kind=kind), by=by)
                for prepare in _SETUP:
                    prepare(at=at, by=by)
            transaction.on_commit(forget_tenants)
    except IntegrityError as error:  # two sign-ups for one address at the same time
        raise AddressTaken("This address is taken. Please choose another.", field="slug") from error
    return tenant


def suspend_tenant(*, tenant_id: int, by: Actor) -> Tenant:
    """Stop serving a tenant: pages answer 503, tasks are refused. Its data stay as they are."""
    _require_operator(by)
    with transaction.atomic(), public_scope():
        tenant = Tenant.objects.select_for_update().get(pk=tenant_id)
        if tenant.kind == Tenant.Kind.OPERATOR:
            raise DomainError("The operators' own tenant cannot be suspended.")
        if tenant.state != Tenant.State.ACTIVE:
            raise DomainError(
                f"{tenant.name} is {tenant.get_state_display().lower()}, only an active tenant can be suspended."
            )
        _set_state(tenant, Tenant.State.SUSPENDED)
        _tell_operators(TenantSuspended(account_id=None, schema_name=tenant.schema_name), by=by)
    return tenant


def resume_tenant(*, tenant_id: int, by: Actor) -> Tenant:
    """Serve a suspended tenant again. A quarantined one comes back by `migrate_all` alone."""
    _require_operator(by)
    with transaction.atomic(), public_scope():
        tenant = Tenant.objects.select_for_update().get(pk=tenant_id)
        if tenant.state != Tenant.State.SUSPENDED:
            raise DomainError(
                f"{tenant.name} is {tenant.get_state_display().lower()}, only a suspended tenant can be resumed."
            )
        _set_state(tenant, Tenant.State.ACTIVE)
        _tell_operators(TenantResumed(account_id=None, schema_name=tenant.schema_name), by=by)
    return tenant


def rename_tenant(*, tenant_id: int, name: str) -> None:
    """Change the company's name as it is shown; address and schema stay. The caller has checked and records it."""
    with transaction.atomic(), public_scope():
        Tenant.objects.filter(pk=tenant_id).update(name=name)
        transaction.on_commit(forget_tenants)


def _require_operator(by: Actor) -> None:
    """A customer's admin holds every permission of their tenant; operating is for people of the operators' own."""
    require(by, OPERATE)
    operators = operator_tenant()
    if not by.is_system and (operators is None or current_schema() != operators.schema_name):
        raise PermissionDenied("Only operators may do this, on their own host.")


def _set_state(tenant: Tenant, state: str) -> None:
    tenant.state = state
    tenant.save(update_fields=["state"])
    transaction.on_commit(forget_tenants)


def _tell_operators(event: TenantSuspended | TenantResumed, *, by: Actor) -> None:
    operators = operator_tenant()
    if operators is None:
        raise DomainError("There is no operators' tenant whose trail could hold this.")
    with tenant_scope(operators):
        record(event, by=by)
