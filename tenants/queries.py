"""Reads over `public`. Each names its scope itself, so they can be called from anywhere."""

from types import MappingProxyType
from typing import Any

from django.db import connection
from django.db.models import BooleanField, CharField, F, Func, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from tenants.context import public_scope
from tenants.hosted import HostedTenant, Kept
from tenants.models import Domain, Tenant


class _SchemaExists(Func):
    template = "exists (select 1 from pg_namespace where nspname = %(expressions)s)"
    output_field = BooleanField()


def _rows(condition: Q) -> list[HostedTenant]:
    host = Domain.objects.filter(tenant=OuterRef("pk"), is_primary=True).values("domain")[:1]
    with public_scope():
        rows = (
            Tenant.objects.filter(condition)
            .exclude(state=Tenant.State.DELETED)
            .order_by("pk")
            .annotate(
                host=Coalesce(Subquery(host), Value(""), output_field=CharField()),
                exists=_SchemaExists(F("schema_name")),
            )
        )
        return [_hosted(row) for row in rows]


def _hosted(row: Any) -> HostedTenant:
    return HostedTenant(
        id=row.pk,
        schema_name=row.schema_name,
        name=row.name,
        slug=row.slug,
        kind=row.kind,
        state=row.state,
        host=row.host,
        ready=row.exists and row.state == Tenant.State.ACTIVE,
        settings=MappingProxyType(row.settings),
    )


_by_host: Kept[HostedTenant | None] = Kept(lambda host: next(iter(_rows(Q(domains__domain=host))), None))
# A worker meets one tenant after the other: all of them in one query every few seconds, not one query each.
_all: Kept[dict[str, HostedTenant]] = Kept(lambda _: {tenant.schema_name: tenant for tenant in _rows(Q())})


def tenant_of_host(host: str) -> HostedTenant | None:
    """The tenant that answers on `host` (lower case, no port), suspended ones included; None when unknown."""
    return _by_host.get(host)


def tenant_of_schema(schema: str) -> HostedTenant | None:
    """The tenant whose data live in `schema`, suspended ones included; None when there is none.

    Good news may be a few seconds old; bad news (missing, not ready) is asked for again before it is told.
    """
    known = _all.get("").get(schema)
    return known if known is not None and known.ready else next(iter(_rows(Q(schema_name=schema))), None)


def operator_tenant() -> Tenant | None:
    with public_scope():
        return Tenant.objects.filter(kind=Tenant.Kind.OPERATOR).first()


def forget_tenants() -> None:
    """Drop what this process remembers of tenants and hosts; called by every operation that changes them."""
    _by_host.clear()
    _all.clear()


def active_schemas() -> list[str]:
    """Schemas of the tenants that are served now."""
    with public_scope():
        return list(
            Tenant.objects.filter(state=Tenant.State.ACTIVE).order_by("pk").values_list("schema_name", flat=True)
        )


def tenants_to_migrate() -> QuerySet[Tenant]:
    """Every tenant whose schema has to follow the code, quarantined and suspended ones included."""
    return Tenant.objects.served().order_by("pk")


def schema_exists(schema: str) -> bool:
    with public_scope(), connection.cursor() as cursor:
        cursor.execute("select to_regnamespace(%s) is not null", [schema])
        return bool(cursor.fetchone()[0])
