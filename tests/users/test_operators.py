import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from core.models import Entry
from tenants.context import public_scope
from tests.users.conftest import tenants
from tests.world import World
from users.models import User

PAGES = [
    "/admin/",
    "/admin/tenants/tenant/",
    "/admin/tenants/migrationreport/",
    "/admin/tenants/refusedtask/",
    "/admin/tenants/scheduledrun/",
    "/admin/tenants/pendingsignup/",
    "/admin/tenants/domain/",
    "/admin/django_celery_beat/periodictask/",
    "/admin/users/user/",
]


@pytest.fixture
def olga(world: World) -> Client:
    return world.browser(world.olga, tenant="operator")


@pytest.mark.parametrize("path", PAGES)
def test_operators_see_the_platform(olga: Client, path: str) -> None:
    assert olga.get(path).status_code == 200


def test_the_list_of_tenants_says_how_much_each_uses(olga: Client) -> None:
    page = olga.get("/admin/tenants/tenant/").text

    for words in ("North", "north.test", "Users", "Accounts", "Last activity", "Schema size"):
        assert words in page
    assert olga.get(f"/admin/tenants/tenant/{tenants()['north'].pk}/change/").status_code == 200


@pytest.mark.parametrize("path", ["/admin/", "/admin/tenants/tenant/", "/admin/login/", "/admin/users/user/"])
def test_a_customers_host_has_no_admin_for_anybody(world: World, path: str) -> None:
    assert world.browser(world.amy).get(path).status_code == 404
    assert world.browser().get(path).status_code == 404


def test_nobody_enters_the_admin_without_signing_in(world: World) -> None:
    browser = world.browser(tenant="operator")

    assert browser.get("/admin/")["Location"].startswith("/admin/login/")
    assert browser.get("/admin/login/?next=/admin/")["Location"] == "/login/?next=/admin/"
    assert browser.post("/admin/login/", {"username": "olga@example.com", "password": "x"}).status_code == 302


def test_a_person_of_the_operators_tenant_who_is_no_operator_is_refused(world: World) -> None:
    world.enter("operator")
    helper = world.user("helper", "viewer")
    browser = world.browser(helper, tenant="operator")

    assert browser.get("/admin/", follow=True).status_code == 403
    world.enter("north")


def test_an_operators_session_means_nothing_to_a_customer(world: World, olga: Client) -> None:
    assert olga.get("/settings/", headers={"host": "north.test"}).status_code == 302


def test_suspending_a_tenant_is_on_record_and_takes_effect(world: World, olga: Client) -> None:
    north = tenants()["north"]
    answer = olga.post("/admin/tenants/tenant/", {"action": "suspend", "_selected_action": [north.pk]}, follow=True)

    assert "North is suspended." in answer.text
    world.enter("operator")
    assert Entry.objects.order_by("-seq")[0].event == "tenants.suspended"
    assert world.browser().get("/login/").status_code == 503


def test_what_an_operator_changes_goes_into_their_trail_and_onto_the_first_page(world: World, olga: Client) -> None:
    world.enter("operator")
    helper = world.user("helper", "admin", is_staff=True)
    answer = olga.post(
        f"/admin/users/user/{helper.pk}/change/",
        {"name": "Helper", "time_zone": "UTC", "is_staff": "on"},
    )

    assert answer.status_code == 302
    entry = Entry.objects.order_by("-seq")[0]
    assert (entry.event, entry.actor_label) == ("users.operator_changed", "Olga")
    assert entry.data["what"] == "changed"
    assert entry.data["row_id"] == str(helper.pk)
    assert not User.objects.get(pk=helper.pk).is_active
    assert "Changed users.user" in olga.get("/admin/").text
    assert olga.get(f"/admin/users/user/{helper.pk}/history/").status_code == 404


def test_the_plans_of_beat_are_listed(world: World, olga: Client) -> None:
    with public_scope():
        every = IntervalSchedule.objects.create(every=60, period="seconds")
        PeriodicTask.objects.create(name="rescore", task="tenants.for_each", interval=every)

    page = olga.get("/admin/django_celery_beat/periodictask/").text
    assert "rescore" in page
    assert "every 60 seconds" in page


def test_the_admin_brings_no_inline_script_or_style(olga: Client) -> None:
    for path in PAGES:
        page = olga.get(path).text
        assert "<style" not in page
        assert "<script>" not in page


def test_operators_are_made_by_a_command(world: World) -> None:
    call_command("create_operator", "new@plumbline.example", password="a quiet harbour at dawn", verbosity=0)

    world.enter("operator")
    made = User.objects.get(email="new@plumbline.example")
    assert made.is_staff
    assert made.check_password("a quiet harbour at dawn")
    with pytest.raises(CommandError, match="in this workspace already"):
        call_command("create_operator", "new@plumbline.example", password="a quiet harbour at dawn")
    with pytest.raises(CommandError, match="too short"):
        call_command("create_operator", "other@plumbline.example", password="short")
