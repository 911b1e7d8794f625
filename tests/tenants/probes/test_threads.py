"""P9, P10: new threads and asynchronous code."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

from asgiref.sync import sync_to_async
from django.db import ProgrammingError, connection, connections

from accounts.models import Account
from tenants.context import current_schema, public_scope, tenant_scope
from tenants.models import Tenant
from tests.database import NORTH
from tests.tenants.probes.tools import in_a_thread
from tests.tenants.stock import Notice


def test_p9_a_new_thread_is_in_nobodys_schema(twins):
    with public_scope(), connection.cursor() as cursor:
        cursor.execute("create table public.stock_notice (id bigint, text text)")
        cursor.execute("insert into public.stock_notice values (1, 'for operators only')")
    connections["stock"].set_schema(NORTH)
    assert in_a_thread(lambda: Notice.objects.using("stock").get().text) == "for operators only"

    with tenant_scope(NORTH):
        for work in (lambda: Notice.objects.get(), lambda: Account.objects.get(), lambda: Tenant.objects.first()):
            assert isinstance(in_a_thread(work), ProgrammingError)
        assert in_a_thread(current_schema) == "no_tenant"


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
