"""P5, P11, P12, P16: keys, tokens and names."""

import threading

import pytest
from django.contrib.contenttypes.models import ContentType
from django.core import signing
from django.core.cache.backends.locmem import LocMemCache
from django.core.exceptions import ValidationError
from django.db import ProgrammingError, connection, connections
from django_tenants.postgresql_backend.base import is_valid_schema_name

from tenants import context
from tenants.context import public_scope, tenant_scope
from tenants.models import Tenant
from tenants.names import is_tenant_schema
from tenants.parity import apps_in_both
from tests.database import NORTH, SOUTH
from tests.tenants.probes.tools import SAME_ID, in_two_threads


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


@pytest.mark.parametrize("name", ["information_schema", "public", "../../etc", "a%sb", "\u202emoc.live", "é" * 63])
def test_p16_a_schema_has_a_name_of_our_own_making(name):
    assert is_valid_schema_name(name)

    assert not is_tenant_schema(name)
    with pytest.raises(ValidationError):
        Tenant(name="Evil", slug="evil", schema_name=name, created_at="2026-01-01T00:00Z").clean_fields()
