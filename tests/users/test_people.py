from threading import Barrier, Thread
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.utils.timezone import now

from core.errors import DomainError
from core.models import Entry
from core.rules import ADMIN, CSM, VIEWER
from tenants.context import tenant_scope
from tests.database import NORTH
from tests.world import World
from users.models import Role, User
from users.operations import (
    change_role,
    create_default_roles,
    deactivate_person,
    edit_profile,
    invite_person,
    reactivate_person,
)
from users.operations.people import AlreadyHere, LastAdmin


def entries() -> list[str]:
    return list(Entry.objects.order_by("seq").values_list("event", flat=True))


def test_only_those_who_manage_people_invite(world: World) -> None:
    before = entries()
    with pytest.raises(PermissionDenied):
        invite_person(email="x@example.com", name="X", role="viewer", by=world.mona.as_actor(), at=now())

    assert not User.objects.filter(email="x@example.com").exists()
    assert entries() == before


def test_an_e_mail_is_invited_once_whatever_its_case(world: World) -> None:
    with pytest.raises(AlreadyHere, match="bob@example.com is in this workspace already"):
        invite_person(email="Bob@Example.com", name="Bob", role="csm", by=world.amy.as_actor(), at=now())


def test_the_last_admin_stays_an_admin(world: World) -> None:
    with pytest.raises(LastAdmin, match="Amy is the last admin"):
        change_role(user_id=world.amy.pk, role="viewer", by=world.amy.as_actor())

    assert User.objects.get(pk=world.amy.pk).role.code == ADMIN


def test_an_admin_who_has_not_joined_yet_does_not_count(world: World) -> None:
    invite_person(email="second@example.com", name="Second", role="admin", by=world.amy.as_actor(), at=now())

    with pytest.raises(LastAdmin):
        change_role(user_id=world.amy.pk, role="viewer", by=world.amy.as_actor())


def test_a_second_admin_may_take_over(world: World) -> None:
    change_role(user_id=world.mona.pk, role="admin", by=world.amy.as_actor())
    change_role(user_id=world.amy.pk, role="csm", by=world.mona.__class__.objects.get(pk=world.mona.pk).as_actor())

    assert User.objects.get(pk=world.amy.pk).role.code == CSM
    assert Entry.objects.order_by("-seq")[0].data == {
        "account_id": None,
        "user_id": str(world.amy.pk),
        "old": "admin",
        "new": "csm",
    }


def test_nobody_deactivates_themselves(world: World) -> None:
    with pytest.raises(DomainError, match="cannot deactivate yourself"):
        deactivate_person(user_id=world.amy.pk, by=world.amy.as_actor(), at=now())


def test_two_admins_cannot_remove_each_other_at_the_same_time(scratch_database: None) -> None:
    with tenant_scope(NORTH):
        create_default_roles(at=now(), by=None)  # type: ignore[arg-type]
        role = Role.objects.get(code=ADMIN)
        pair = [User.objects.create(email=f"{name}@x.example", name=name, role=role, password="x") for name in "ab"]
    start, outcomes = Barrier(2), []

    def remove(one: User, other: User) -> None:
        try:
            start.wait()
            with tenant_scope(NORTH):
                deactivate_person(user_id=other.pk, by=one.as_actor(), at=now())
            outcomes.append("removed")
        except DomainError as refusal:
            outcomes.append(type(refusal).__name__)
        finally:
            connection.close()

    threads = [Thread(target=remove, args=both) for both in (pair, pair[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["LastAdmin", "removed"]


def test_nobody_grants_more_than_they_hold(world: World) -> None:
    world.mona.role.permissions = [*world.mona.role.permissions, "users.manage"]
    world.mona.role.save()
    mona = User.objects.get(pk=world.mona.pk).as_actor()

    with pytest.raises(PermissionDenied):
        change_role(user_id=world.mona.pk, role="admin", by=mona)
    with pytest.raises(PermissionDenied):
        deactivate_person(user_id=world.amy.pk, by=mona, at=now())
    assert change_role(user_id=world.vic.pk, role="csm", by=mona).role.code == CSM


def test_a_person_comes_back_with_role_and_password(world: World) -> None:
    deactivate_person(user_id=world.bob.pk, by=world.amy.as_actor(), at=now())
    back = reactivate_person(user_id=world.bob.pk, by=world.amy.as_actor())

    assert (back.state, back.role.code) == ("active", CSM)
    assert entries()[-2:] == ["users.person_deactivated", "users.person_reactivated"]


def test_people_of_another_tenant_do_not_exist_here(world: World) -> None:
    with pytest.raises(User.DoesNotExist):
        deactivate_person(user_id=world.charlie.pk, by=world.amy.as_actor(), at=now())
    assert world.browser(world.amy).get(f"/settings/people/{world.charlie.pk}/").status_code == 404


def test_the_page_of_a_person_says_what_they_own(world: World) -> None:
    page = world.browser(world.amy).get(f"/settings/people/{world.alice.pk}/").text

    assert "1 account" in page
    assert f"/settings/hand-over/{world.alice.pk}/" in page


def test_deactivating_on_the_page_says_so_or_why_not(world: World) -> None:
    amy = world.browser(world.amy)
    done = amy.post(f"/settings/people/{world.bob.pk}/deactivate/")
    assert (done.status_code, done["Location"]) == (302, f"/settings/people/{world.bob.pk}/")
    assert "Bob can no longer sign in" in amy.get(done["Location"]).text

    refused = amy.post(f"/settings/people/{world.amy.pk}/deactivate/")
    assert refused.status_code == 422
    assert "You cannot deactivate yourself" in refused.text


@pytest.mark.parametrize("path", ["people/", "people/invite/", "roles/", "workspace/"])
def test_settings_of_others_are_closed_to_those_who_do_not_manage_people(world: World, path: str) -> None:
    assert world.browser(world.mona).get(f"/settings/{path}").status_code == 403


def test_the_tabs_show_what_one_may_open(world: World) -> None:
    assert "Audit trail" not in world.browser(world.vic).get("/settings/").text
    assert "Audit trail" in world.browser(world.mona).get("/settings/").text
    assert "/settings/people/" not in world.browser(world.mona).get("/settings/").text
    assert "/settings/people/" in world.browser(world.amy).get("/settings/").text


def test_the_list_of_people_is_filtered_from_the_address(world: World) -> None:
    amy = world.browser(world.amy)

    found = amy.get("/settings/people/?role=csm&text=bob").text
    assert "bob@example.com" in found
    assert "alice@example.com" not in found
    assert "Nobody matches" in amy.get("/settings/people/?state=deactivated").text
    fragment = world.browser(world.amy, htmx=True).get("/settings/people/?text=vic").text
    assert fragment.strip().startswith('<div id="people"')


def test_inviting_from_the_dialog_answers_with_the_form_when_something_is_wrong(world: World) -> None:
    answer = world.browser(world.amy, htmx=True).post(
        "/settings/people/invite/", {"email": "x", "name": "", "role": "csm"}
    )

    assert answer.status_code == 422
    assert answer.text.strip().startswith("<form")
    assert "valid email address" in answer.text


def test_inviting_from_the_dialog_goes_on_to_the_list(world: World) -> None:
    answer = world.browser(world.amy, htmx=True).post(
        "/settings/people/invite/", {"email": "x@example.com", "name": "X", "role": VIEWER}
    )

    assert (answer.status_code, answer["HX-Redirect"]) == (204, "/settings/people/")
    assert User.objects.get(email="x@example.com").state == "invited"


def test_one_changes_ones_own_name_zone_and_theme(world: World) -> None:
    bob = world.browser(world.bob)
    answer = bob.post("/settings/", {"name": " Bob Ray ", "time_zone": "Europe/Lisbon", "theme": "dark"})

    assert answer.status_code == 302
    assert answer.cookies["theme"].value == "dark"
    world.bob.refresh_from_db()
    assert (world.bob.name, world.bob.time_zone) == ("Bob Ray", "Europe/Lisbon")
    assert Entry.objects.order_by("-seq")[0].data["fields"] == ["name", "time_zone"]


def test_a_profile_that_did_not_change_leaves_no_trace(world: World) -> None:
    before = entries()
    edit_profile(name="Bob", time_zone="UTC", by=world.bob.as_actor())

    assert entries() == before


def test_an_unknown_time_zone_is_refused_beside_its_field(world: World) -> None:
    answer = world.browser(world.bob).post("/settings/", {"name": "Bob", "time_zone": "Mars/Olympus"})

    assert answer.status_code == 422
    assert 'id="id_time_zone_error"' in answer.text


def test_the_workspace_is_renamed_by_an_admin(world: World) -> None:
    amy = world.browser(world.amy)
    amy.post("/settings/workspace/", {"name": "North & Sons"})

    assert Entry.objects.order_by("-seq")[0].data == {"account_id": None, "old": "North", "new": "North & Sons"}


def test_when_somebody_was_here_is_known_to_five_minutes(world: World, query_count: Any) -> None:
    browser = world.browser(world.bob)
    browser.get("/settings/")
    world.bob.refresh_from_db()
    first = world.bob.last_seen_at
    assert first is not None

    browser.get("/settings/")
    world.bob.refresh_from_db()
    assert world.bob.last_seen_at == first
