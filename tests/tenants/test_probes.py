"""The sixteen ways a tenant leaked into another with the stock library (P1 to P16): shown there, closed here.

Every probe first shows the failure on the library as it comes (`stock`), then that ours does not have it.
Each runs with a server that reports its search path (PostgreSQL 18) and with one that does not.
"""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

import psycopg
import pytest
from asgiref.sync import sync_to_async
from django.contrib.contenttypes.models import ContentType
from django.core import signing
from django.core.cache.backends.locmem import LocMemCache
from django.core.exceptions import ValidationError
from django.db import DatabaseError, OperationalError, ProgrammingError, connection, connections, transaction
from django_tenants.postgresql_backend.base import DatabaseWrapper as StockWrapper
from django_tenants.postgresql_backend.base import is_valid_schema_name
from django_tenants.utils import schema_context

from accounts.models import Account
from core.errors import CrossTenant
from core.models import GuardedQuerySet as Rows
from tenants import context
from tenants.backend.base import DatabaseWrapper
from tenants.context import current_schema, public_scope, tenant_scope
from tenants.models import Tenant, TenantsStay
from tenants.names import is_tenant_schema
from tenants.parity import apps_in_both, shared_tables
from tests.database import NORTH, SOUTH
from tests.tenants.stock import Notice, PlainAccount, StockTenant, stock_connection
from users.models import Role, User

SAME_ID = "01900000-0000-7000-8000-000000000001"


@pytest.fixture(params=["path reported", "path not reported"], autouse=True)
def _server(request, monkeypatch):
    if request.param == "path not reported":
        monkeypatch.setattr(DatabaseWrapper, "_reported_path", lambda self: None)


@pytest.fixture
def twins(scratch_database, settings):
    """One account in each tenant with the same key, as in a copy of a tenant; and the stock library beside ours."""
    for schema, name in ((NORTH, "of north"), (SOUTH, "of south")):
        with tenant_scope(schema):
            role = Role.objects.create(code="csm", name="CSM")
            owner = User.objects.create(id=SAME_ID, email=f"owner@{schema}.example", name=f"owner {name}", role=role)
            Account.objects.create(id=SAME_ID, name=name, tier=name, owner=owner)
    settings.TENANT_DB_ALIAS = "stock"
    with stock_connection():
        yield


def names(schema: str) -> list[str]:
    with tenant_scope(schema):
        return list(Account.objects.values_list("name", flat=True))


def in_two_threads(work: Callable[[str, threading.Barrier], object]) -> dict[str, object]:
    """Run `work(schema, barrier)` for north and south at the same time; their results by schema."""
    meet, results = threading.Barrier(2, timeout=10), {}

    def run(schema: str) -> None:
        try:
            results[schema] = work(schema, meet)
        except Exception as error:
            results[schema] = error
            meet.abort()
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=[schema]) for schema in (NORTH, SOUTH)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


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


def test_p3_the_switch_keeps_no_state_that_threads_share(twins):
    def stock(schema: str, meet: threading.Barrier) -> str:
        connections["stock"].set_schema(schema)  # where each thread wants to be afterwards
        tenant = StockTenant(schema_name=SOUTH if schema == NORTH else NORTH)
        meet.wait()
        if schema == SOUTH:
            meet.wait()
        with tenant:
            if schema == NORTH:
                meet.wait()  # south enters after north ...
            meet.wait()
            if schema == SOUTH:
                meet.wait()
        if schema == NORTH:
            meet.wait()  # ... and leaves after it
        return connections["stock"].schema_name

    assert in_two_threads(stock) == {NORTH: SOUTH, SOUTH: NORTH}

    def ours(schema: str, meet: threading.Barrier) -> list[str]:
        with tenant_scope(schema):
            meet.wait()
            with tenant_scope(SOUTH if schema == NORTH else NORTH):
                meet.wait()
            meet.wait()
            return [current_schema(), *Account.objects.values_list("name", flat=True)]

    assert in_two_threads(ours) == {NORTH: [NORTH, "of north"], SOUTH: [SOUTH, "of south"]}
    with public_scope():
        tenant = Tenant.objects.get(schema_name=NORTH)
    with pytest.raises(RuntimeError, match="use tenant_scope"), tenant:
        pass
    with pytest.raises(RuntimeError, match="use tenant_scope"):
        tenant.activate()


def test_p4_a_decorator_leaves_each_thread_where_it_was(twins, settings):
    settings.TENANT_DB_ALIAS = "default"  # the library's decorator restores what the default connection had
    entered = threading.Event()

    def stock(schema: str, meet: threading.Barrier) -> str:
        connection.set_schema(schema)
        if schema == SOUTH:
            entered.wait(10)
        decorated(schema, meet)
        return connection.schema_name

    @schema_context("public")
    def decorated(schema: str, meet: threading.Barrier) -> None:
        entered.set()
        meet.wait()

    after = in_two_threads(stock)
    assert after == {NORTH: "public", SOUTH: SOUTH}, "the decorator restores the connection that entered it last"

    @tenant_scope("public")
    def ours_decorated(meet: threading.Barrier) -> None:
        meet.wait()

    def ours(schema: str, meet: threading.Barrier) -> str:
        with tenant_scope(schema):
            ours_decorated(meet)
            return current_schema()

    assert in_two_threads(ours) == {NORTH: NORTH, SOUTH: SOUTH}


def test_p5_content_types_have_one_table_and_so_the_same_ids_for_everybody(twins):
    with (
        public_scope(),
        connection.cursor() as cursor,
    ):  # as in the library's example
        for schema, key in ((NORTH, 901), (SOUTH, 902)):
            cursor.execute(f"create table {schema}.django_content_type (like public.django_content_type)")
            cursor.execute(f"insert into {schema}.django_content_type values (%s, 'accounts', 'account')", [key])

    def stock(schema: str, meet: threading.Barrier) -> int:
        connections["stock"].set_schema(schema)
        meet.wait()  # both have switched, which empties the cache they share
        if schema == NORTH:
            meet.wait()
        found = ContentType.objects.db_manager("stock").get_by_natural_key("accounts", "account").pk
        if schema == SOUTH:
            meet.wait()
        return found

    assert in_two_threads(stock) == {NORTH: 902, SOUTH: 902}
    ContentType.objects.clear_cache()

    with public_scope(), connection.cursor() as cursor:
        for schema in (NORTH, SOUTH):
            cursor.execute(f"drop table {schema}.django_content_type")
    assert apps_in_both() == set()
    with tenant_scope(NORTH), pytest.raises(ProgrammingError):
        ContentType.objects.get(app_label="accounts", model="account")
    ContentType.objects.clear_cache()


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


class _FailingSet:
    """A psycopg connection or cursor on which setting the search path is cancelled, as a time-out would."""

    def __init__(self, real, error):
        self._real, self._error = real, error

    def __getattr__(self, name):
        return getattr(self._real, name)

    def execute(self, sql, *args, **kwargs):
        if str(sql).upper().startswith("SET SEARCH_PATH"):
            raise self._error("canceling statement due to statement timeout")
        return self._real.execute(sql, *args, **kwargs)


def test_p7_a_path_that_cannot_be_set_is_an_error(twins, monkeypatch):
    stock = connections["stock"]
    stock.set_schema(NORTH)
    assert PlainAccount.objects.using("stock").get().name == "of north"
    stock.set_schema(SOUTH)
    with monkeypatch.context() as patch:
        handle = StockWrapper._handle_search_path
        patch.setattr(
            StockWrapper,
            "_handle_search_path",
            lambda self, cursor=None: handle(self, cursor and _FailingSet(cursor, OperationalError)),
        )
        assert PlainAccount.objects.using("stock").get().name == "of north", "south was shown north's row"

    with tenant_scope(NORTH):
        assert Account.objects.get().name == "of north"
    with tenant_scope(SOUTH), monkeypatch.context() as patch:
        wrapper = connections["default"]
        patch.setattr(wrapper, "connection", _FailingSet(wrapper.connection, psycopg.errors.QueryCanceled))
        with pytest.raises(OperationalError, match="statement timeout"):
            Account.objects.get()
    assert names(SOUTH) == ["of south"]


def test_p7_a_lost_server_is_an_error(twins):
    with tenant_scope(NORTH):
        list(Account.objects.all())
    with tenant_scope(SOUTH):
        connection.connection.close()  # the server hangs up
        with pytest.raises(DatabaseError):
            list(Account.objects.all())
        connection.close()
    assert names(SOUTH) == ["of south"]


def test_p8_what_follows_a_commit_runs_where_it_was_registered(twins):
    seen = []
    stock = connections["stock"]
    stock.set_schema(NORTH)
    with transaction.atomic(using="stock"):
        stock.set_schema(SOUTH)
        transaction.on_commit(lambda: seen.append(stock.schema_name), using="stock")
        stock.set_schema(NORTH)
    assert seen == [NORTH]

    seen.clear()
    with tenant_scope(NORTH), transaction.atomic():
        with tenant_scope(SOUTH):
            transaction.on_commit(lambda: seen.append((current_schema(), Account.objects.get().name)))
        transaction.on_commit(lambda: seen.append((current_schema(), Account.objects.get().name)), robust=True)
    assert seen == [(SOUTH, "of south"), (NORTH, "of north")]


def _in_a_thread(work: Callable[[], object]) -> object:
    result: list[object] = []

    def run() -> None:
        try:
            result.append(work())
        except Exception as error:
            result.append(error)
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return result[0]


def test_p9_a_new_thread_is_in_nobodys_schema(twins):
    with public_scope(), connection.cursor() as cursor:
        cursor.execute("create table public.stock_notice (id bigint, text text)")
        cursor.execute("insert into public.stock_notice values (1, 'for operators only')")
    connections["stock"].set_schema(NORTH)
    assert _in_a_thread(lambda: Notice.objects.using("stock").get().text) == "for operators only"

    with tenant_scope(NORTH):
        for work in (lambda: Notice.objects.get(), lambda: Account.objects.get(), lambda: Tenant.objects.first()):
            assert isinstance(_in_a_thread(work), ProgrammingError)
        assert _in_a_thread(current_schema) == "no_tenant"


def _asynchronously(work: Callable[[], object]) -> object:
    """What an asynchronous view would get; in a loop of its own, because a browser driver may hold this thread's."""

    async def elsewhere() -> object:
        return await sync_to_async(work, thread_sensitive=False)()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(copy_context().run, asyncio.run, elsewhere()).result()


def test_p10_asynchronous_code_is_in_nobodys_schema(twins):
    def stock() -> str:
        try:
            return connections["stock"].schema_name
        finally:
            connections.close_all()

    connections["stock"].set_schema(NORTH)
    assert _asynchronously(stock) == "public"

    def ours() -> str:
        try:
            Account.objects.get()
        except ProgrammingError:
            return current_schema()
        finally:
            connections.close_all()
        return "found a row"

    with tenant_scope(NORTH):
        assert _asynchronously(ours) == "no_tenant"


def test_p11_cache_keys_of_two_tenants_do_not_meet(twins, settings):
    stock = LocMemCache("stock", {})
    with tenant_scope(NORTH):
        stock.set("k", "north's")
    with tenant_scope(SOUTH):
        assert stock.get("k") == "north's"

    from django.core.cache import caches

    for alias, options in settings.CACHES.items():
        assert options["KEY_FUNCTION"] == "tenants.context.cache_key", alias
        with tenant_scope(NORTH):
            caches[alias].set("k", "north's")
        with tenant_scope(SOUTH):
            assert caches[alias].get("k") is None
        with tenant_scope(NORTH):
            assert caches[alias].get("k") == "north's"


def test_p12_a_token_of_one_tenant_is_not_accepted_in_another(twins):
    with tenant_scope(NORTH):
        token, own = signing.dumps(SAME_ID, salt="link"), context.sign(SAME_ID, "link")
    with tenant_scope(SOUTH):
        assert signing.loads(token, salt="link") == SAME_ID
        with pytest.raises(signing.BadSignature):
            context.unsign(own, "link")


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


@pytest.mark.parametrize("name", ["information_schema", "public", "../../etc", "a%sb", "\u202emoc.live", "é" * 63])
def test_p16_a_schema_has_a_name_of_our_own_making(name):
    assert is_valid_schema_name(name)

    assert not is_tenant_schema(name)
    with pytest.raises(ValidationError):
        Tenant(name="Evil", slug="evil", schema_name=name, created_at="2026-01-01T00:00Z").clean_fields()
