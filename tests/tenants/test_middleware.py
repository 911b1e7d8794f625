import pytest
from django.db import connection
from django.http import HttpRequest
from django.test import Client

from accounts.models import Account
from tenants.context import current_schema, public_scope, tenant_scope
from tenants.middleware import TenantMiddleware
from tenants.models import Domain, Tenant
from tenants.queries import forget_tenants
from tests.database import NORTH, OPERATOR, SOUTH


@pytest.fixture(autouse=True)
def _telling_pages(settings):
    settings.TENANT_URLCONF = settings.PUBLIC_URLCONF = settings.OPERATOR_URLCONF = "tests.tenants.urls"
    settings.MIDDLEWARE = ["tenants.middleware.TenantMiddleware"]


def get(host: str, path: str = "/", **headers: str):
    return Client(raise_request_exception=False).get(path, headers={"host": host} | headers)


@pytest.mark.parametrize(
    ("host", "answer"),
    [
        ("north.test", f"{NORTH} North"),
        ("south.test", f"{SOUTH} South"),
        ("NORTH.test", f"{NORTH} North"),
        ("north.test:8000", f"{NORTH} North"),
        ("north.test.", f"{NORTH} North"),
        ("operator.test", f"{OPERATOR} Operators"),
        ("test", "public public site"),
        ("www.test", "public public site"),
    ],
)
def test_the_host_alone_chooses_the_tenant(db, host, answer):
    assert get(host).content.decode() == answer
    assert current_schema() == "no_tenant"


@pytest.mark.parametrize(
    "host",
    ["unknown.test", "127.0.0.2", "north.test.evil.example", "xn--nrth-5qa.test", "north_test", "", "a b", "[::1]"],
)
def test_an_unknown_host_gets_a_plain_404_and_nothing_else(db, host):
    response = get(host)
    assert response.status_code == 404
    assert response["Cache-Control"] == "no-store"
    assert b"no workspace at this address" in response.content


@pytest.mark.parametrize("header", ["x-forwarded-host", "x-tenant", "x-schema", "x-dts-schema", "origin", "referer"])
def test_no_header_chooses_the_tenant(db, header):
    assert get("north.test", **{header: "south.test"}).content.decode() == f"{NORTH} North"
    assert get("unknown.test", **{header: "south.test"}).status_code == 404


def test_no_parameter_chooses_the_tenant(db):
    assert get("north.test", f"/?tenant=south&schema={SOUTH}&host=south.test").content.decode() == f"{NORTH} North"


@pytest.mark.parametrize("state", ["suspended", "quarantined", "provisioning"])
def test_a_tenant_that_is_not_served_answers_503(db, state):
    with public_scope():
        Tenant.objects.filter(schema_name=SOUTH).update(state=state)
    response = get("south.test")
    assert response.status_code == 503
    assert response["Retry-After"] == "60"
    assert get("north.test").status_code == 200


def test_a_deleted_tenant_answers_404(db):
    with public_scope():
        Tenant.objects.filter(schema_name=SOUTH).update(state="deleted")
    assert get("south.test").status_code == 404


def test_a_tenant_without_its_schema_answers_503_and_never_from_public(db):
    with public_scope():
        ghost = Tenant.objects.create(
            name="Ghost", slug="ghost", schema_name="t_ghost000000", state="active", created_at="2026-01-01T00:00Z"
        )
        Domain.objects.create(domain="ghost.test", tenant=ghost)
    assert get("ghost.test", "/names/").status_code == 503


def test_each_tenant_reads_its_own_rows(world):
    with tenant_scope(NORTH):
        Account.objects.create(name="Only North")
    assert get("north.test", "/names/").content == b"Initech,Only North"
    assert get("south.test", "/names/").content == b"Initech"


def test_a_streaming_response_stays_in_its_tenant_after_the_middleware_has_left(world):
    world.enter("south")
    response = get("north.test", "/stream/")
    assert current_schema() == SOUTH
    assert b"".join(response.streaming_content) == f"{NORTH},Initech".encode()
    assert current_schema() == SOUTH


def test_a_failing_view_leaves_the_tenant(db):
    assert get("north.test", "/fail/").status_code == 500
    assert current_schema() == "no_tenant"


def test_an_error_beyond_the_views_leaves_the_tenant(db):
    def broken(request: HttpRequest):
        assert current_schema() == NORTH
        raise ZeroDivisionError

    request = HttpRequest()
    request.META = {"HTTP_HOST": "north.test"}
    with pytest.raises(ZeroDivisionError):
        TenantMiddleware(broken)(request)
    assert current_schema() == "no_tenant"


def test_the_host_is_looked_up_once_and_again_after_a_change(db, query_count):
    get("north.test")
    with query_count() as queries:
        get("north.test")
    assert queries.number == 0
    with public_scope():
        Tenant.objects.filter(schema_name=NORTH).update(name="Renamed")
    forget_tenants()
    assert get("north.test").content.decode() == f"{NORTH} Renamed"


def test_the_operators_see_public_and_tenants_do_not(db):
    with tenant_scope(NORTH), connection.cursor() as cursor:
        cursor.execute("show search_path")
        assert cursor.fetchone()[0] == f"{NORTH}, extensions"
    with tenant_scope(OPERATOR, include_public=True), connection.cursor() as cursor:
        cursor.execute("show search_path")
        assert cursor.fetchone()[0] == f"{OPERATOR}, public, extensions"
