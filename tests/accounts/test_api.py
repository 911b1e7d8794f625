"""Accounts through the API: the same operations, the same refusals."""

from typing import Any
from uuid import uuid4

import pytest
from django.utils.timezone import now

from accounts.models import Account
from accounts.operations import archive_account
from tests.accounts.conftest import entries
from tests.world import World

URL = "/api/v1/accounts/"


def post(browser: Any, url: str, data: Any) -> Any:
    return browser.post(url, data, content_type="application/json")


def test_create_change_and_archive(world: World) -> None:
    browser = world.browser(world.mona)
    answer = post(browser, URL, {"name": "Meridian", "arr": "482000.00", "owner_id": str(world.alice.pk)})
    made = answer.json()
    assert answer.status_code == 201
    assert (made["name"], made["arr"], made["owner_id"], made["version"], made["sample"]) == (
        "Meridian",
        "482000.00",
        str(world.alice.pk),
        1,
        False,
    )
    assert entries("accounts.account_created")[-1]["source"] == "api"

    url = f"{URL}{made['id']}/"
    answer = browser.patch(url, {"version": 1, "tier": "Gold"}, content_type="application/json")
    assert (answer.status_code, answer.json()["tier"], answer.json()["version"]) == (200, "Gold", 2)
    answer = browser.patch(url, {"version": 1, "tier": "Iron"}, content_type="application/json")
    assert answer.status_code == 409
    assert answer.json() == {
        "detail": "Somebody else changed this account since you opened it. Nothing of theirs was overwritten.",
        "code": "Conflict",
    }
    assert Account.objects.get(pk=made["id"]).tier == "Gold"

    assert post(browser, f"{url}archive/", {}).json()["archived_at"] is not None
    assert browser.get(url).status_code == 200, "an account in the archive keeps its address"
    assert post(browser, f"{url}archive/", {"restore": True}).json()["archived_at"] is None


def test_refusals_are_409_and_wrong_input_is_400(world: World) -> None:
    browser = world.browser(world.mona)
    answer = post(browser, URL, {"name": "Initech"})
    taken = {"detail": "There is already an account called “Initech”.", "code": "NameTaken", "field": "name"}
    assert (answer.status_code, answer.json()) == (409, taken)
    answer = post(
        browser, URL, {"name": "A", "arr": "-1", "currency": "XXX", "stage": "flying", "owner_id": str(uuid4())}
    )
    assert (answer.status_code, sorted(answer.json())) == (400, ["arr", "currency", "owner_id", "stage"])
    answer = browser.patch(f"{URL}{world.account.pk}/", {"tier": "A"}, content_type="application/json")
    assert (answer.status_code, answer.json()) == (400, {"version": ["This field is required."]})
    assert Account.objects.count() == 1


@pytest.mark.parametrize("pk", ["01a1f940-ac31-7196-9d34-b951238a9b42", "1", "x" * 36, "-" * 36, "%00"])
def test_what_is_not_there_is_404(world: World, pk: str) -> None:
    browser = world.browser(world.mona)
    assert browser.get(f"{URL}{pk}/").status_code == 404
    assert browser.patch(f"{URL}{pk}/", {"version": 1}, content_type="application/json").status_code == 404
    assert post(browser, f"{URL}{pk}/archive/", {}).status_code == 404


def test_a_colleagues_account_is_404_and_a_missing_right_is_403(world: World) -> None:
    url = f"{URL}{world.account.pk}/"
    for verb in ("get", "patch"):
        answer = getattr(world.browser(world.bob), verb)(url, {"version": 1}, content_type="application/json")
        assert answer.status_code == 404
    answer = world.browser(world.vic).patch(url, {"version": 1, "tier": "A"}, content_type="application/json")
    assert (answer.status_code, answer.json()) == (403, {"detail": "Your role does not allow you to edit accounts."})
    assert post(world.browser(world.alice), f"{url}archive/", {}).status_code == 403
    assert post(world.browser(world.vic), f"{URL}import/", {"text": "name\nAcme\n"}).status_code == 403
    stored = Account.objects.get(pk=world.account.pk)
    assert (stored.tier, stored.archived_at, Account.objects.count()) == ("", None, 1)


def test_lists_are_filtered_and_leave_the_archive_out(world: World) -> None:
    Account.objects.create(name="Acme", tier="Gold", owner=world.bob, key="A1")
    gone = Account.objects.create(name="Gone")
    archive_account(account_id=gone.pk, by=world.mona.as_actor(), at=now())
    browser = world.browser(world.mona)

    def names(query: str) -> list[str]:
        return [row["name"] for row in browser.get(f"{URL}?sort=name&{query}").json()["results"]]

    assert names("") == ["Acme", "Initech"]
    assert names("archived=true") == ["Gone"]
    assert names("tier=Gold") == ["Acme"]
    assert names(f"owner_id={world.alice.pk}") == ["Initech"]
    assert names("q=init") == ["Initech"]
    assert names("q=A1") == ["Acme"]
    assert [row["name"] for row in browser.get(f"{URL}?sort=-name").json()["results"]] == ["Initech", "Acme"]
    assert browser.get(f"{URL}?owner_id=nonsense").status_code == 400
    assert [row["name"] for row in world.browser(world.alice).get(URL).json()["results"]] == ["Initech"]


def test_the_list_costs_the_same_with_one_and_three_accounts(world: World, query_count: Any) -> None:
    browser, counts = world.browser(world.mona), []
    browser.get(URL)
    for number in range(3):
        with query_count() as queries:
            assert len(browser.get(URL).json()["results"]) == number + 1
        counts.append(queries.number)
        Account.objects.create(name=f"Acme {number}", owner=world.bob)
    assert counts[0] == counts[2] <= 4


def test_a_table_of_accounts_comes_through_the_api_too(world: World) -> None:
    browser = world.browser(world.mona)
    text = "firm,place,arr\nAcme,Berlin,300k\nInitech,,lots\n"
    answer = post(browser, f"{URL}import/", {"text": text})
    said = "No column holds the account's name. The first row says: firm, place, arr."
    assert (answer.status_code, answer.json()) == (400, {"text": [said]})
    given = {"text": text, "columns": {"firm": "name", "place": "region"}}
    refused = [[3, "arr: “lots” is not an amount."]]
    expected = {"created": 1, "updated": 0, "unchanged": 0, "refused": refused, "outcomes": 0}
    answer = post(browser, f"{URL}import/", {**given, "dry_run": True})
    assert (answer.status_code, answer.json()) == (200, expected)
    assert not Account.objects.filter(name="Acme").exists()
    assert post(browser, f"{URL}import/", given).json() == expected
    assert Account.objects.get(name="Acme").region == "Berlin"
    answer = post(browser, f"{URL}import/", {"text": text, "columns": {"firm": "title"}})
    assert (answer.status_code, answer.json()) == (400, {"columns": ["No such field: title."]})
