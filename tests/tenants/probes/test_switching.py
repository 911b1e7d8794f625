"""P3, P4, P7, P8: switching from tenant to tenant."""

import threading

import psycopg
import pytest
from django.db import DatabaseError, OperationalError, connection, connections, transaction
from django_tenants.postgresql_backend.base import DatabaseWrapper as StockWrapper
from django_tenants.utils import schema_context

from accounts.models import Account
from tenants.context import current_schema, public_scope, tenant_scope
from tenants.models import Tenant
from tests.database import NORTH, SOUTH
from tests.tenants.probes.tools import in_two_threads, names
from tests.tenants.stock import PlainAccount, StockTenant


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
