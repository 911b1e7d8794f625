import threading

import pytest
from django.core import signing
from django.core.cache import cache
from django.db import connection, transaction

from tenants import context
from tenants.context import NoTenant, current_schema, public_scope, tenant_scope
from tests.database import NORTH, SOUTH


def test_nobody_is_in_charge_before_somebody_was_named():
    assert current_schema() == "no_tenant"
    with pytest.raises(NoTenant):
        context.tenant_salt("link")
    with pytest.raises(NoTenant):
        cache.get("anything")


def test_scopes_nest_and_end_where_they_began():
    with tenant_scope(NORTH):
        with tenant_scope(SOUTH):
            assert current_schema() == SOUTH
            with public_scope():
                assert current_schema() == "public"
            assert current_schema() == SOUTH
        assert current_schema() == NORTH
    assert current_schema() == "no_tenant"


def test_a_scope_ends_where_it_began_even_when_its_block_fails():
    with pytest.raises(ZeroDivisionError), tenant_scope(NORTH), tenant_scope(SOUTH):
        raise ZeroDivisionError
    assert current_schema() == "no_tenant"


@pytest.mark.parametrize(
    "name", ["", "north", "t_short", "T_UPPERCASE", "t_with-dash0", "pg_catalog", 't_"; drop', "t_ä2345678"]
)
def test_a_scope_refuses_a_name_that_is_not_ours(name):
    with pytest.raises(ValueError, match="is not the name of a schema"), tenant_scope(name):
        pass


def test_a_token_of_one_tenant_or_purpose_is_worthless_in_another():
    with tenant_scope(NORTH):
        token = context.sign({"report": 1}, "download")
        assert context.unsign(token, "download") == {"report": 1}
        with pytest.raises(signing.BadSignature):
            context.unsign(token, "unsubscribe")
    with tenant_scope(SOUTH), pytest.raises(signing.BadSignature):
        context.unsign(token, "download")


def test_keys_locks_paths_and_channels_carry_the_tenant():
    def all_of_them() -> set[object]:
        return {
            context.cache_key("k", "", 1),
            context.rate_key("login", "a@example.com"),
            context.lock_key("import"),
            context.tenant_path("uploads", "a.xlsx"),
            context.channel("jobs"),
        }

    with tenant_scope(NORTH):
        north = all_of_them()
    with tenant_scope(SOUTH):
        south = all_of_them()
    assert len(north | south) == 10


@pytest.mark.parametrize("part", ["", ".", "..", ".hidden", "a/b", "a\\b", "a\0b", "x" * 121])
def test_a_path_cannot_climb_out_of_its_tenant(part):
    with tenant_scope(NORTH), pytest.raises(ValueError, match=r"path|name"):
        context.tenant_path("uploads", part)


def test_a_lock_needs_a_transaction_to_hold_it(scratch_database):
    with tenant_scope(NORTH):
        with pytest.raises(RuntimeError, match="transaction"):
            context.take_lock("import")
        with transaction.atomic(), connection.cursor() as cursor:
            context.take_lock("import")
            cursor.execute("select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()")
            assert cursor.fetchone() == (1,)


def test_threads_in_two_tenants_do_not_disturb_each_other(scratch_database):
    meet, seen = threading.Barrier(2), {}

    def work(name: str, schema: str) -> None:
        with tenant_scope(schema):
            meet.wait()
            with connection.cursor() as cursor:
                cursor.execute("select current_schema()")
                inside = cursor.fetchone()[0]
            meet.wait()
        seen[name] = (inside, current_schema())
        connection.close()

    threads = [threading.Thread(target=work, args=args) for args in (("a", NORTH), ("b", SOUTH))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == {"a": (NORTH, "no_tenant"), "b": (SOUTH, "no_tenant")}
