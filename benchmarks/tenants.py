"""The tenants that benchmarks make: under names of their own, taken away by the next run."""

from functools import reduce
from operator import or_

from django.db import connection, transaction
from django.db.models import Q

from core.models import Outbox
from tenants.context import public_scope, tenant_scope
from tenants.models import Domain, MigrationFailure, Tenant
from tenants.names import check_schema
from tenants.queries import forget_tenants

PREFIXES = ("bench-", "tasks-", "import-")


def forget_former(*, but: str = "") -> None:
    """Drop the tenants of former runs, except the one with the slug `but`; nothing on a cluster that is new.

    By hand: the product keeps its tenants. The cluster is the benchmark's own, yet other names are left alone.
    """
    with public_scope(), connection.cursor() as cursor:
        cursor.execute("select to_regclass('tenants_tenant') is not null")
        if not cursor.fetchone()[0]:
            return
    ours = reduce(or_, (Q(slug__startswith=prefix) for prefix in PREFIXES))
    with public_scope():
        former = list(Tenant.objects.filter(ours).exclude(slug=but).values_list("pk", "schema_name"))
    for key, schema in former:
        with transaction.atomic(), public_scope(), connection.cursor() as cursor:
            cursor.execute(f"drop schema if exists {check_schema(schema)} cascade")
            Domain.objects.filter(tenant_id=key).delete()
            MigrationFailure.objects.filter(tenant_id=key).delete()
            cursor.execute("delete from tenants_tenant where id = %s", [key])
    forget_tenants()


def quiet_outbox(tenant: Tenant) -> None:
    """No worker runs here: what the measured work has announced is not delivered, now or later."""
    with tenant_scope(tenant):
        Outbox.objects.all().delete()
