from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.utils.timezone import now

from core.errors import DomainError
from core.models import Entry
from tests.world import World
from users import keys
from users.models import ApiToken, User
from users.operations import change_role, create_token, deactivate_person, revoke_token
from users.operations.tokens import TooManyTokens


def token_of(user: User, **given: Any) -> str:
    wanted = {"name": "script", "hint": "north", "expires_at": None} | given
    return create_token(**wanted, by=user.as_actor(), at=now())[1]


def api(secret: str, host: str = "north.test") -> Client:
    return Client(headers={"host": host, "authorization": f"Bearer {secret}"})


def test_a_token_says_where_it_belongs_and_carries_a_checksum() -> None:
    token = keys.new_token("a-very-long-workspace-name")

    prefix, hint, random = token.split("_", 2)
    assert (prefix, hint, len(random)) == ("plb", "a-very-long", 43 + 6)
    assert keys.is_token(token)
    assert keys.new_token("x") != keys.new_token("x")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda t: t[:-1],
        lambda t: t + "a",
        lambda t: t[:20] + ("a" if t[20] != "a" else "b") + t[21:],
        lambda t: t.replace("plb_", "plc_"),
        lambda t: "",
        lambda t: "plb_ä_" + t[10:],
        lambda t: t.replace("_acme_", "__"),
    ],
)
def test_a_token_with_a_typing_error_is_told_from_a_revoked_one(spoil: Any) -> None:
    assert not keys.is_token(spoil(keys.new_token("acme")))


def test_the_secret_is_stored_nowhere(world: World) -> None:
    secret = token_of(world.alice)

    row = ApiToken.objects.get()
    assert row.digest == keys.digest(secret)
    assert secret not in "".join(str(getattr(row, field.attname)) for field in row._meta.concrete_fields)
    assert row.prefix == secret[: len("plb_north_") + 4]
    assert secret not in str(list(Entry.objects.values_list("data", flat=True)))


def test_a_token_acts_as_its_owner(world: World) -> None:
    answer = api(token_of(world.alice)).get("/api/v1/me/")

    assert answer.status_code == 200
    assert (answer.json()["email"], answer.json()["role"]) == ("alice@example.com", "csm")
    assert ApiToken.objects.get().last_used_at is not None


def test_a_token_never_does_more_than_its_owner_may_now(world: World) -> None:
    client = api(token_of(world.mona))
    assert client.get("/api/v1/entries/").status_code == 200

    change_role(user_id=world.mona.pk, role="viewer", by=world.amy.as_actor())

    assert client.get("/api/v1/entries/").status_code == 403
    assert (
        client.post("/api/v1/users/invite/", {"email": "x@example.com", "name": "X", "role": "viewer"}).status_code
        == 403
    )


def test_a_revoked_token_is_refused_at_once(world: World) -> None:
    client = api(token_of(world.alice))
    revoke_token(token_id=ApiToken.objects.get().pk, by=world.alice.as_actor(), at=now())

    answer = client.get("/api/v1/me/")

    assert answer.status_code == 401
    assert "revoked" in answer.json()["detail"]
    assert answer["WWW-Authenticate"].startswith("Bearer")


def test_a_damaged_token_is_told_so(world: World) -> None:
    answer = api(token_of(world.alice)[:-1]).get("/api/v1/me/")

    assert answer.status_code == 401
    assert "not a whole Plumbline API token" in answer.json()["detail"]


def test_a_token_ends_with_its_last_day(world: World) -> None:
    with time_machine.travel(datetime(2026, 11, 20, 12, tzinfo=UTC), tick=False) as clock:
        made = world.browser(world.alice).post("/api/v1/tokens/", {"name": "t", "expires_on": "2026-11-21"}).json()
        client = api(made["secret"])
        assert made["expires_on"] == "2026-11-21"
        clock.move_to(datetime(2026, 11, 21, 23, 59, tzinfo=UTC))
        assert client.get("/api/v1/me/").status_code == 200
        clock.move_to(datetime(2026, 11, 22, tzinfo=UTC))
        assert client.get("/api/v1/me/").status_code == 401


def test_a_token_of_another_tenant_is_unknown_here(world: World) -> None:
    assert api(token_of(world.alice), host="south.test").get("/api/v1/me/").status_code == 401


def test_deactivation_ends_the_tokens_too(world: World) -> None:
    client = api(token_of(world.alice))
    deactivate_person(user_id=world.alice.pk, by=world.amy.as_actor(), at=now())

    assert client.get("/api/v1/me/").status_code == 401


def test_a_token_cannot_make_another_token(world: World) -> None:
    client = api(token_of(world.amy))

    assert client.post("/api/v1/tokens/", {"name": "child"}).status_code == 403
    assert ApiToken.objects.count() == 1


def test_viewers_have_no_tokens(world: World) -> None:
    with pytest.raises(PermissionDenied):
        token_of(world.vic)
    assert world.browser(world.vic).get("/settings/tokens/").status_code == 403
    assert world.browser(world.vic).get("/api/v1/tokens/").status_code == 403


def test_one_sees_ones_own_tokens_and_an_admin_everybodys(world: World) -> None:
    token_of(world.alice, name="of alice")
    token_of(world.mona, name="of mona")

    alice = world.browser(world.alice)
    assert [t["name"] for t in alice.get("/api/v1/tokens/").json()["results"]] == ["of alice"]
    assert "of mona" not in alice.get("/settings/tokens/").text
    assert len(world.browser(world.amy).get("/api/v1/tokens/").json()["results"]) == 2

    foreign = ApiToken.objects.get(name="of mona").pk
    assert alice.post(f"/settings/tokens/{foreign}/revoke/").status_code == 404
    assert alice.post(f"/api/v1/tokens/{foreign}/revoke/").status_code == 404
    assert world.browser(world.amy).post(f"/settings/tokens/{foreign}/revoke/").status_code == 302
    assert ApiToken.objects.get(pk=foreign).revoked_at is not None


def test_the_page_shows_a_new_secret_once(world: World) -> None:
    alice = world.browser(world.alice)
    page = alice.post("/settings/tokens/", {"name": "nightly export", "expires_on": ""})

    assert page.status_code == 200
    assert page["Cache-Control"].startswith("max-age=0")
    secret = page.text.partition('id="new-token">')[2].partition("<")[0]
    assert keys.is_token(secret)
    assert secret not in alice.get("/settings/tokens/").text
    assert api(secret).get("/api/v1/me/").status_code == 200


def test_what_is_wrong_with_a_token_stands_beside_its_field(world: World) -> None:
    answer = world.browser(world.alice).post("/settings/tokens/", {"name": "", "expires_on": "2020-01-01"})
    assert answer.status_code == 422
    assert 'id="id_name_error"' in answer.text

    answer = world.browser(world.alice).post("/settings/tokens/", {"name": "late", "expires_on": "2020-01-01"})
    assert "Choose a day in the future." in answer.text
    assert not ApiToken.objects.exists()


def test_revoking_twice_changes_nothing(world: World) -> None:
    token_of(world.alice)
    pk = ApiToken.objects.get().pk
    first = revoke_token(token_id=pk, by=world.alice.as_actor(), at=now()).revoked_at
    second = revoke_token(token_id=pk, by=world.alice.as_actor(), at=now() + timedelta(days=1)).revoked_at

    assert first == second
    assert Entry.objects.filter(event="users.token_revoked").count() == 1


def test_nobody_needs_more_than_twenty_five_tokens(world: World) -> None:
    for number in range(25):
        token_of(world.alice, name=str(number))

    with pytest.raises(TooManyTokens):
        token_of(world.alice)
    with pytest.raises(DomainError):
        token_of(world.bob, expires_at=now())


def test_the_api_says_who_is_there_and_what_roles_exist(world: World) -> None:
    amy = world.browser(world.amy)

    assert {row["email"] for row in amy.get("/api/v1/users/?role=csm").json()["results"]} == {
        "alice@example.com",
        "bob@example.com",
    }
    assert [row["name"] for row in amy.get("/api/v1/users/?sort=-name").json()["results"]][0] == "Vic"
    assert (
        "users.manage"
        in next(r for r in amy.get("/api/v1/roles/").json()["results"] if r["code"] == "admin")["permissions"]
    )
    made = amy.post("/api/v1/users/invite/", {"email": "x@example.com", "name": "X", "role": "viewer"})
    assert (made.status_code, made.json()["state"]) == (201, "invited")
    again = amy.post("/api/v1/users/invite/", {"email": "x@example.com", "name": "X", "role": "viewer"})
    assert (again.status_code, again.json()["code"]) == (409, "AlreadyHere")


def test_the_api_without_a_session_or_token_answers_401(world: World) -> None:
    for path in ("me", "users", "roles", "tokens", "entries"):
        assert world.browser().get(f"/api/v1/{path}/").status_code == 401


def test_a_post_with_the_session_needs_the_csrf_token(world: World) -> None:
    client = Client(headers={"host": "north.test"}, enforce_csrf_checks=True)
    client.cookies = world.browser(world.amy).cookies

    assert client.post("/api/v1/tokens/", {"name": "x"}).status_code == 403
    assert client.post("/settings/tokens/", {"name": "x"}).status_code == 403


def test_what_the_pages_do_with_people_and_roles_the_api_does_too(world: World) -> None:
    amy = world.browser(world.amy)
    made = amy.post("/api/v1/users/invite/", {"email": "x@example.com", "name": "X", "role": "viewer"}).json()
    path = f"/api/v1/users/{made['id']}/"

    assert amy.post(f"{path}invite-again/").status_code == 200
    assert amy.post(f"{path}role/", {"role": "csm"}).json()["role"] == "csm"
    assert amy.post(f"{path}deactivate/").json()["state"] == "deactivated"
    assert amy.post(f"{path}reactivate/").json()["state"] == "invited"
    last = amy.post(f"/api/v1/users/{world.amy.pk}/role/", {"role": "viewer"})
    assert (last.status_code, last.json()["code"]) == (409, "LastAdmin")
    assert world.browser(world.mona).post(f"{path}deactivate/").status_code == 403

    assert amy.patch("/api/v1/me/", {"name": "Amy B", "time_zone": "UTC"}, "application/json").json()["name"] == "Amy B"
    role = amy.get("/api/v1/roles/").json()["results"]
    viewer = next(one for one in role if one["code"] == "viewer")
    change = {
        "permissions": ["core.view_trail"],
        "sees_all": True,
        "version": amy.get("/api/v1/roles/version/").json()["version"],
    }
    edited = amy.patch(f"/api/v1/roles/{viewer['id']}/", change, "application/json")
    assert edited.json()["permissions"] == ["core.view_trail"]
    assert amy.patch(f"/api/v1/roles/{viewer['id']}/", change, "application/json").status_code == 409
    assert "core.view_trail" not in amy.post(f"/api/v1/roles/{viewer['id']}/restore/").json()["permissions"]
    assert amy.get("/api/v1/entries/verify/").json()["breaks"] == []
