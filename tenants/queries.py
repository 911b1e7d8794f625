"""Reads over `public`. Each names its scope itself, so they can be called from anywhere."""

from types import MappingProxyType

from django.db import connection
from django.db.models import BooleanField, CharField, F, Func, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from tenants.context import public_scope
from tenants.hosted import HostedTenant, Kept
from tenants.models import Domain, Tenant


class _SchemaExists(Func):
    template = "exists (select 1 from pg_namespace where nspname = %(expressions)s)"
    output_field = BooleanField()


def _hosted(condition: Q) -> HostedTenant | None:
    host = Domain.objects.filter(tenant=OuterRef("pk"), is_primary=True).values("domain")[:1]
    with public_scope():
        row = (
            Tenant.objects.filter(condition)
            .exclude(state=Tenant.State.DELETED)
            .annotate(
                host=Coalesce(Subquery(host), Value(""), output_field=CharField()),
                exists=_SchemaExists(F("schema_name")),
            )
            .first()
        )
    if row is None:
        return None
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


_by_host: Kept[HostedTenant | None] = Kept(lambda host: _hosted(Q(domains__domain=host)))
_by_schema: Kept[HostedTenant | None] = Kept(lambda schema: _hosted(Q(schema_name=schema)))


def tenant_of_host(host: str) -> HostedTenant | None:
    """The tenant that answers on `host` (lower case, no port), suspended ones included; None when unknown."""
    return _by_host.get(host)


def tenant_of_schema(schema: str) -> HostedTenant | None:
    """The tenant whose data live in `schema`, suspended ones included; None when there is none."""
    return _by_schema.get(schema)


def operator_tenant() -> Tenant | None:
    with public_scope():
        return Tenant.objects.filter(kind=Tenant.Kind.OPERATOR).first()


def forget_tenants() -> None:
    """Drop what this process remembers of tenants and hosts; called by every operation that changes them."""
    _by_host.clear()
    _by_schema.clear()


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
