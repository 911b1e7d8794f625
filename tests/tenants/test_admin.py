import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from accounts.models import Account
from core.actor import Actor
from core.errors import DomainError
from core.models import Entry
from tenants.context import public_scope, tenant_scope
from tenants.measures import Measure, measure
from tenants.models import Tenant
from tenants.operations import resume_tenant, suspend_tenant
from tests.database import NORTH, OPERATOR, SOUTH
from users.models import User

LIST = "/admin/tenants/tenant/"


def tenant(schema: str) -> Tenant:
    with public_scope():
        return Tenant.objects.get(schema_name=schema)


@pytest.fixture
def olga(world):
    """An operator's browser."""
    return world.browser(world.olga, tenant="operator")


def test_operators_see_what_every_tenant_uses(world, olga):
    with tenant_scope(NORTH):
        Account.objects.create(name="Second")
        seen = timezone.now()
        User.objects.filter(pk=world.alice.pk).update(last_seen_at=seen)
    page = olga.get(LIST).content.decode()
    assert "north.test" in page
    assert '<td class="field-people">6</td><td class="field-accounts">2</td>' in page
    assert seen.isoformat() in page
    assert "MB" in page
    assert "unknown" not in page


def test_the_page_of_a_tenant_says_what_it_uses_too(world, olga):
    page = olga.get(f"{LIST}{tenant(NORTH).pk}/change/").content.decode()
    assert all(f"field-{name}" in page for name in ("people", "accounts", "last_activity", "size"))
    assert "MB" in page
    assert "unknown" not in page


def test_the_list_costs_the_same_queries_for_one_and_many_tenants(world, olga, query_count):
    olga.get(LIST)
    with query_count() as few:
        olga.get(f"{LIST}?q=north")
    with query_count() as many:
        assert olga.get(LIST).status_code == 200
    assert many.number <= few.number


def test_a_schema_that_does_not_follow_is_unknown_and_stops_nobody(world):
    with public_scope():
        Tenant.objects.create(
            name="Ghost", slug="ghost", schema_name="t_ghost000000", state="active", created_at=timezone.now()
        )
    measured = measure([NORTH, "t_ghost000000"])
    assert measured["t_ghost000000"] == Measure(None, None, None, None)
    assert measured[NORTH].accounts == 1
    assert measured[NORTH].size > 100_000


def test_an_operator_suspends_and_resumes_a_workspace_on_the_record(world, olga):
    south = tenant(SOUTH)
    assert world.browser(world.charlie, tenant="south").get("/healthz/").status_code == 200
    olga.post(LIST, {"action": "suspend", "_selected_action": [south.pk]})
    assert tenant(SOUTH).state == "suspended"
    olga.post(LIST, {"action": "resume", "_selected_action": [south.pk]})
    assert tenant(SOUTH).state == "active"
    with tenant_scope(OPERATOR):
        trail = Entry.objects.filter(event__startswith="tenants.").exclude(event="tenants.created").order_by("seq")
        assert [(entry.event, entry.data["schema_name"], entry.actor_id) for entry in trail] == [
            ("tenants.suspended", SOUTH, world.olga.pk),
            ("tenants.resumed", SOUTH, world.olga.pk),
        ]
    with tenant_scope(SOUTH):
        assert not Entry.objects.filter(event__startswith="tenants.suspended").exists()


def test_the_operators_own_workspace_cannot_be_suspended(world, olga):
    answer = olga.post(LIST, {"action": "suspend", "_selected_action": [tenant(OPERATOR).pk]}, follow=True)
    assert "cannot be suspended" in answer.content.decode()
    assert tenant(OPERATOR).state == "active"


def test_only_what_fits_the_state_is_done(world):
    by = Actor.system("tests")
    with pytest.raises(DomainError, match="only a suspended tenant can be resumed"):
        resume_tenant(tenant_id=tenant(SOUTH).pk, by=by)
    suspend_tenant(tenant_id=tenant(SOUTH).pk, by=by)
    with pytest.raises(DomainError, match="only an active tenant can be suspended"):
        suspend_tenant(tenant_id=tenant(SOUTH).pk, by=by)


def test_a_customers_admin_operates_nothing(world):
    with tenant_scope(NORTH), pytest.raises(PermissionDenied):
        suspend_tenant(tenant_id=tenant(SOUTH).pk, by=world.amy.as_actor())
    assert tenant(SOUTH).state == "active"
    browser = world.browser(world.amy)
    assert browser.get(LIST).status_code == 404
    answer = browser.get(LIST, headers={"host": "operator.test"})
    assert (answer.status_code, answer["Location"].split("?")[0]) == (302, "/login/")


@pytest.mark.parametrize("path", ["add/", "{pk}/delete/"])
def test_tenants_are_not_added_or_deleted_in_the_admin(world, olga, path):
    assert olga.get(LIST + path.format(pk=tenant(SOUTH).pk)).status_code == 403


def test_one_workspace_is_read_only(world, olga):
    page = olga.get(f"{LIST}{tenant(SOUTH).pk}/change/")
    assert page.status_code == 200
    assert b'name="_save"' not in page.content


@pytest.mark.parametrize("model", ["migrationreport", "refusedtask", "scheduledrun", "pendingsignup"])
def test_the_other_lists_open(world, olga, model):
    assert olga.get(f"/admin/tenants/{model}/").status_code == 200
