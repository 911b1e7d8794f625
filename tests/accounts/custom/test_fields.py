"""The fields themselves: kept on a page of the settings and through the API, used on forms and in answers."""

import json
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from accounts.models import Account, CustomField
from accounts.operations.custom import FieldChanged, NotAField, add_field, change_field, move_field, retire_field
from tests.accounts.conftest import entries
from tests.accounts.custom.test_values import field
from tests.world import World


def body(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def test_a_field_is_added_changed_moved_retired_and_brought_back(world: World) -> None:
    by = world.amy.as_actor()
    one = add_field(label=" Go  live ", kind="date", by=by)
    two = add_field(label="Wave", kind="choice", choices=["First", "first", " ", "Second"], by=by)
    assert (one.code, one.label, two.choices) == ("go_live", "Go live", ["First", "Second"])
    move_field(field_id=two.pk, up=True, by=by)
    move_field(field_id=two.pk, up=True, by=by)  # it is the first already
    assert list(CustomField.objects.values_list("code", flat=True)) == ["wave", "go_live"]
    change_field(field_id=one.pk, expected_version=1, changes={"label": "Live since", "view_roles": ["csm"]}, by=by)
    with pytest.raises(FieldChanged):
        change_field(field_id=one.pk, expected_version=1, changes={"label": "Live"}, by=by)
    retire_field(field_id=one.pk, by=by)
    add_field(label="Live since", kind="date", by=by)
    with pytest.raises(NotAField, match="already"):
        retire_field(field_id=one.pk, by=by, restore=True)
    said = [(data["code"], data["what"]) for data in entries("accounts.custom_field_changed")]
    assert said == [
        ("go_live", "added"), ("wave", "added"), ("wave", "moved up"), ("go_live", "changed"), ("go_live", "retired"),
        ("live_since", "added"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("given", "where"),
    [
        ({"label": "  ", "kind": "text"}, "label"),
        ({"label": "SEATS", "kind": "text"}, "label"),
        ({"label": "New", "kind": "colour"}, "kind"),
        ({"label": "New", "kind": "choice", "choices": [" "]}, "choices"),
        ({"label": "New", "kind": "text", "view_roles": ["king"]}, "view_roles"),
    ],
)
def test_a_field_that_cannot_be_is_refused(world: World, given: dict[str, Any], where: str) -> None:
    field("seats", "number")
    with pytest.raises(NotAField) as refused:
        add_field(**given, by=world.amy.as_actor())
    assert refused.value.field == where


def test_only_admins_keep_fields(world: World) -> None:
    with pytest.raises(PermissionDenied):
        add_field(label="New", kind="text", by=world.mona.as_actor())
    for user in (world.mona, world.vic):
        assert world.browser(user).get("/settings/fields/").status_code == 403


def test_the_page_adds_a_field_that_the_form_has_at_once(world: World) -> None:
    amy = world.browser(world.amy)
    assert "No field of your own yet" in body(amy.get("/settings/fields/"))
    refused = amy.post("/settings/fields/new/", {"label": "", "kind": "number"})
    assert refused.status_code == 422
    assert amy.post("/settings/fields/new/", {"label": "Seats", "kind": "number", "unit": "seats"}).status_code == 302
    assert "custom.seats" in body(amy.get("/settings/fields/"))
    page = world.browser(world.alice)
    address = f"/accounts/{world.account.pk}/edit/"
    assert 'name="custom.seats"' in body(page.get(address))
    wrong = page.post(address, {"name": "Initech", "version": "1", "custom.seats": "many"})
    assert (wrong.status_code, "Enter a number" in body(wrong)) == (422, True)
    assert page.post(address, {"name": "Initech", "version": "1", "custom.seats": "12.50"}).status_code == 302
    assert Account.objects.get(pk=world.account.pk).custom == {"seats": "12.5"}
    assert "12.5 seats" in body(page.get(f"/accounts/{world.account.pk}/"))


def test_two_people_who_edit_a_field_get_a_choice(world: World) -> None:
    field("seats", "number")
    page, address = world.browser(world.alice), f"/accounts/{world.account.pk}/edit/"
    first = {"name": "Initech", "version": "1", "was-custom.seats": "", "custom.seats": "5"}
    assert page.post(address, first).status_code == 302
    late = page.post(address, {**first, "custom.seats": "7"})
    assert late.status_code == 409
    assert "Keep theirs: <b>5</b>" in body(late)
    kept = page.post(address, {**first, "version": "2", "custom.seats": "7", "theirs": "custom.seats"})
    assert (kept.status_code, Account.objects.get(pk=world.account.pk).custom) == (302, {"seats": "5"})


def test_hidden_fields_are_on_no_page_and_in_no_answer(world: World) -> None:
    field("margin", "number", view_roles=["manager"])
    Account.objects.filter(pk=world.account.pk).update(custom={"margin": "41"})
    for address in (f"/accounts/{world.account.pk}/", f"/accounts/{world.account.pk}/edit/"):
        assert "argin" not in world.browser(world.alice).get(address).content.decode()
        assert "Margin" in world.browser(world.mona).get(address).content.decode()
    got = world.browser(world.alice).get(f"/api/v1/accounts/{world.account.pk}/").json()
    assert got["custom"] == {}
    assert world.browser(world.alice).get("/api/v1/account-fields/").json()["results"] == []
    assert world.browser(world.mona).get(f"/api/v1/accounts/{world.account.pk}/").json()["custom"] == {"margin": "41"}
    listed = world.browser(world.mona).get("/accounts/?where=custom.margin > 40")
    assert "Initech" in body(listed)
    refused = world.browser(world.alice).get("/accounts/?where=custom.margin > 40")
    assert "There is no field" in body(refused)


def test_the_api_reads_and_writes_fields_by_code(world: World) -> None:
    amy = world.browser(world.amy)
    made = amy.post("/api/v1/account-fields/", json.dumps({"label": "Pilot", "kind": "yes or no"}), "application/json")
    assert (made.status_code, made.json()["code"]) == (201, "pilot")
    account = f"/api/v1/accounts/{world.account.pk}/"
    saved = amy.patch(account, json.dumps({"version": 1, "custom": {"pilot": True}}), "application/json")
    assert (saved.status_code, saved.json()["custom"]) == (200, {"pilot": True})
    wrong = amy.patch(account, json.dumps({"version": 2, "custom": {"pilot": "perhaps"}}), "application/json")
    assert wrong.status_code in (400, 409, 422)
    assert "custom.pilot" in wrong.content.decode()
    new = amy.post("/api/v1/accounts/", json.dumps({"name": "New", "custom": {"pilot": "no"}}), "application/json")
    assert (new.status_code, new.json()["custom"]) == (201, {"pilot": False})
    one = f"/api/v1/account-fields/{made.json()['id']}/"
    edited = amy.patch(one, json.dumps({"version": 1, "label": "In the pilot"}), "application/json")
    assert edited.json()["label"] == "In the pilot"
    assert amy.post(f"{one}move/", json.dumps({"up": True}), "application/json").status_code == 200
    retired = amy.post(f"{one}retire/", json.dumps({}), "application/json")
    assert retired.json()["active"] is False
    assert amy.get(account).json()["custom"] == {}


def test_order_and_retiring_work_with_and_without_script(world: World) -> None:
    one, two = field("one", "text"), field("two", "text", position=1)
    plain, scripted = world.browser(world.amy), world.browser(world.amy, htmx=True)
    assert plain.post(f"/settings/fields/{two.pk}/move/", {"up": "1"}).status_code == 302
    moved = scripted.post(f"/settings/fields/{two.pk}/move/", {})
    assert body(moved).index("custom.one") < body(moved).index("custom.two")
    gone = scripted.post(f"/settings/fields/{one.pk}/retire/")
    assert "restore=1" in gone.headers["HX-Trigger"]
    assert "Retired" in body(gone)
    assert plain.post(f"/settings/fields/{one.pk}/retire/?restore=1").status_code == 302
    assert CustomField.objects.filter(active=True).count() == 2
