from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from core.errors import Conflict, DomainError
from core.models import Entry
from core.rules import permissions, require
from tenants.rules import OPERATE
from tests.world import World
from users import queries
from users.models import Role, User
from users.operations import Wanted, create_default_roles, edit_roles, restore_role
from users.operations.roles import AdminStaysWhole


@pytest.fixture
def north(world: World) -> World:
    create_default_roles(at=None, by=None)  # type: ignore[arg-type]
    return world


def wanted(code: str, *, plus: str = "", minus: str = "") -> dict[str, Wanted]:
    role = Role.objects.get(code=code)
    held = (set(role.permissions) | {plus}) - {minus, ""}
    return {code: Wanted(frozenset(held), role.sees_all)}


def seen() -> str:
    return queries.version_of(Role.objects.all())


def test_a_changed_role_holds_from_the_next_click(north: World) -> None:
    vic = north.browser(north.vic)
    assert vic.get("/settings/trail/").status_code == 403

    edit_roles(wanted=wanted("viewer", plus="core.view_trail"), seen=seen(), by=north.amy.as_actor())

    assert vic.get("/settings/trail/").status_code == 200
    assert Entry.objects.filter(event="users.role_edited").get().data == {
        "account_id": None,
        "role": "viewer",
        "added": ["core.view_trail"],
        "removed": [],
        "sees_all": True,
    }


def test_what_did_not_change_leaves_no_entry(north: World) -> None:
    assert edit_roles(wanted=wanted("viewer"), seen=seen(), by=north.amy.as_actor()) == []
    assert not Entry.objects.filter(event="users.role_edited").exists()


def test_the_admin_role_always_holds_everything(north: World) -> None:
    with pytest.raises(AdminStaysWhole):
        edit_roles(wanted={"admin": Wanted(frozenset(), False)}, seen=seen(), by=north.amy.as_actor())

    Role.objects.filter(code="admin").update(permissions=[])
    amy = User.objects.get(pk=north.amy.pk).as_actor()
    require(amy, "users.manage")


def test_no_role_lets_a_customer_operate_the_platform(north: World) -> None:
    Role.objects.filter(code="viewer").update(permissions=[OPERATE])

    for person in (north.amy, north.vic):
        assert OPERATE not in User.objects.get(pk=person.pk).as_actor().permissions
    assert OPERATE not in [known.name for known in queries.offered_permissions()]
    assert OPERATE in [known.name for known in permissions()]
    assert "Operate the platform" not in north.browser(north.amy).get("/settings/roles/").text


def test_a_permission_that_does_not_exist_is_refused(north: World) -> None:
    with pytest.raises(DomainError, match="no permission called sales.close"):
        edit_roles(wanted=wanted("viewer", plus="sales.close"), seen=seen(), by=north.amy.as_actor())


def test_somebody_who_was_faster_is_noticed_and_nothing_is_saved(north: World) -> None:
    before = seen()
    edit_roles(wanted=wanted("csm", minus="accounts.edit"), seen=before, by=north.amy.as_actor())

    with pytest.raises(Conflict, match="Somebody else has changed the roles"):
        edit_roles(wanted=wanted("viewer", plus="core.view_trail"), seen=before, by=north.amy.as_actor())
    assert "core.view_trail" not in Role.objects.get(code="viewer").permissions


def test_nobody_hands_out_what_they_do_not_hold(north: World) -> None:
    Role.objects.filter(code="manager").update(permissions=["users.manage"])
    mona = User.objects.get(pk=north.mona.pk).as_actor()

    with pytest.raises(PermissionDenied):
        edit_roles(wanted=wanted("viewer", plus="accounts.archive"), seen=seen(), by=mona)


def test_a_built_in_role_is_restored(north: World) -> None:
    edit_roles(wanted=wanted("csm", minus="accounts.edit"), seen=seen(), by=north.amy.as_actor())
    role = restore_role(role_id=Role.objects.get(code="csm").pk, by=north.amy.as_actor())

    assert "accounts.edit" in role.permissions
    assert Entry.objects.order_by("-seq")[0].event == "users.role_restored"


def test_a_new_workspace_gets_the_five_roles_once(north: World) -> None:
    Role.objects.filter(code="csm").update(permissions=["accounts.edit"])
    create_default_roles(at=None, by=None)  # type: ignore[arg-type]

    assert Role.objects.count() == 5
    assert Role.objects.get(code="csm").permissions == ["accounts.edit"]


def form(**changes: Any) -> dict[str, Any]:
    """The page's form as the browser would send it back unchanged, but for `changes`."""
    fields: dict[str, Any] = {"seen": seen(), "role": []}
    for role in Role.objects.exclude(code="admin"):
        fields["role"].append(role.code)
        fields[f"may-{role.code}"] = role.permissions
        if role.sees_all:
            fields[f"all-{role.code}"] = "on"
    return fields | changes


def test_the_table_shows_every_permission_of_every_role(north: World) -> None:
    page = north.browser(north.amy).get("/settings/roles/").text

    for known in queries.offered_permissions():
        assert known.label in page
    for name in ("Admin", "Manager", "CSM", "Analyst", "Viewer"):
        assert f'aria-label="{name}: see every account"' in page


def test_saving_the_table_unchanged_changes_nothing(north: World) -> None:
    amy = north.browser(north.amy)
    answer = amy.post("/settings/roles/", form())

    assert answer.status_code == 302
    assert "Nothing to change" in amy.get("/settings/roles/").text
    assert not Entry.objects.filter(event="users.role_edited").exists()


def test_ticking_a_box_saves_that_permission_alone(north: World) -> None:
    before = {role.code: list(role.permissions) for role in Role.objects.all()}
    held = before["viewer"]
    north.browser(north.amy).post("/settings/roles/", form(**{"may-viewer": [*held, "accounts.export"]}))

    after = {role.code: list(role.permissions) for role in Role.objects.all()}
    assert set(after["viewer"]) - set(held) == {"accounts.export"}
    assert {code: set(p) for code, p in after.items() if code != "viewer"} == {
        code: set(p) for code, p in before.items() if code != "viewer"
    }


def test_a_stale_table_answers_409_with_the_roles_as_they_are(north: World) -> None:
    answer = north.browser(north.amy).post("/settings/roles/", form(seen="stale"))

    assert answer.status_code == 409
    assert "Somebody else has changed the roles" in answer.text
