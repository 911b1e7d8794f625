"""P1, P2, P6, P13 to P15: rows and tables."""

import pytest
from django.db import ProgrammingError, connection, connections, transaction

from accounts.models import Account
from core.errors import CrossTenant
from core.models import GuardedQuerySet as Rows
from tenants.context import public_scope, tenant_scope
from tenants.models import Tenant, TenantsStay
from tenants.parity import shared_tables
from tests.database import NORTH, SOUTH
from tests.tenants.probes.tools import names
from tests.tenants.stock import Notice, PlainAccount, StockTenant


def test_p1_a_queryset_built_in_one_tenant_is_not_run_in_another(twins):
    stock = connections["stock"]
    stock.set_schema(NORTH)
    built = PlainAccount.objects.using("stock").filter(name__startswith="of")
    stock.set_schema(SOUTH)
    assert [row.name for row in built] == ["of south"]

    with tenant_scope(NORTH):
        built = Account.objects.filter(name__startswith="of")
    with tenant_scope(SOUTH):
        for run in (
            list, len, bool, Rows.count, Rows.exists, Rows.first, Rows.delete,
            lambda rows: rows.get(), lambda rows: rows.update(tier="x"), lambda rows: list(rows.values_list("id")),
            lambda rows: rows.filter(tier="x").aggregate(), lambda rows: list(rows.union(rows)),
            lambda rows: list(rows.iterator()), lambda rows: rows.in_bulk(), lambda rows: rows.explain(),
            lambda rows: rows.create(name="new"), lambda rows: rows.bulk_create([Account(name="new")]),
        ):  # fmt: skip
            with pytest.raises(CrossTenant):
                run(built)
    assert names(SOUTH) == ["of south"]


def test_p2_a_row_of_one_tenant_is_not_written_in_another(twins):
    stock = connections["stock"]
    stock.set_schema(NORTH)
    row = PlainAccount.objects.using("stock").get()
    stock.set_schema(SOUTH)
    row.save()
    assert names(SOUTH) == ["of north"]

    with tenant_scope(SOUTH):
        Account.objects.update(name="of south")
    with tenant_scope(NORTH):
        row, made = Account.objects.get(), Account(name="made in north")
    with tenant_scope(SOUTH):
        for use in (
            row.save, row.delete, row.refresh_from_db, made.save,
            lambda: Account.objects.bulk_create([made]), lambda: Account.objects.bulk_update([row], ["name"]),
            lambda: list(row.health_scores.all()), lambda: row.health_scores.create(), lambda: row.owner,
        ):  # fmt: skip
            with pytest.raises(CrossTenant):
                use()
    assert names(SOUTH) == ["of south"]


def test_p6_a_table_that_a_tenant_lacks_is_not_read_from_public(twins):
    with public_scope(), connection.cursor() as cursor:
        cursor.execute("create table public.stock_notice (id bigint, text text)")
        cursor.execute("insert into public.stock_notice values (1, 'for operators only')")
    stock = connections["stock"]
    stock.set_schema(NORTH)
    assert [row.text for row in Notice.objects.using("stock")] == ["for operators only"]

    with tenant_scope(NORTH), pytest.raises(ProgrammingError, match="does not exist"):
        list(Notice.objects.all())
    with public_scope():
        assert [row.text for row in Notice.objects.all()] == ["for operators only"]
    assert shared_tables(NORTH) == {"django_migrations"}


def test_p13_an_iterator_opened_in_one_tenant_is_not_read_in_another(twins):
    stock = connections["stock"]
    stock.set_schema(NORTH)
    rows = PlainAccount.objects.using("stock").iterator()
    stock.set_schema(SOUTH)
    assert [row.name for row in rows] == ["of south"]

    with tenant_scope(NORTH):
        Account.objects.create(name="second of north")
        unread, begun = Account.objects.iterator(), Account.objects.order_by("name").iterator(chunk_size=1)
        assert next(begun).name == "of north"
        cursor = connection.cursor()
        cursor.execute("select name from accounts_account order by name")
    with tenant_scope(SOUTH):
        for rows in (unread, begun):
            with pytest.raises(CrossTenant):
                next(rows)
        for use in (lambda: cursor.fetchone(), lambda: next(iter(cursor)), lambda: cursor.execute("select 1")):
            with pytest.raises(CrossTenant):
                use()


def test_p14_a_table_of_the_tenants_is_not_found_in_public(twins):
    connections["stock"].set_schema_to_public()
    with pytest.raises(ProgrammingError):
        PlainAccount.objects.using("stock").get()
    with public_scope(), pytest.raises(ProgrammingError):
        Account.objects.get()


def test_p15_a_tenants_row_does_not_go_while_its_schema_stays(twins):
    stock = connections["stock"]
    stock.set_schema_to_public()
    with transaction.atomic(using="stock"):
        with stock.cursor() as cursor:
            cursor.execute("delete from tenants_domain")
        StockTenant.objects.using("stock").filter(schema_name=SOUTH).delete()
        assert not StockTenant.objects.using("stock").filter(schema_name=SOUTH).exists()
        with stock.cursor() as cursor:
            cursor.execute(f"select count(*) from {SOUTH}.accounts_account")
            assert cursor.fetchone() == (1,), "the row is gone, the data are still there"
        transaction.set_rollback(True, using="stock")

    with public_scope():
        with pytest.raises(TenantsStay):
            Tenant.objects.filter(schema_name=SOUTH).delete()
        with pytest.raises(TenantsStay):
            Tenant.objects.get(schema_name=SOUTH).delete()
        assert Tenant.objects.filter(schema_name=SOUTH).exists()
