"""The pages and the API of duplicates."""

from typing import Any

import pytest

from accounts.models import Account, DuplicatePair, Merge
from accounts.operations.duplicates import find_duplicates
from tests.accounts.duplicates.test_merging import AT
from tests.world import World

LIST = "/accounts/duplicates/"


@pytest.fixture
def pair(world: World) -> DuplicatePair:
    for name in ("Acme Ltd", "ACME Limited"):
        Account.objects.create(name=name, region="EMEA" if "Ltd" in name else "APAC")
    find_duplicates(at=AT)
    return DuplicatePair.objects.get()


def test_a_pair_stands_side_by_side_with_score_and_reasons(world: World, pair: DuplicatePair, query_count: Any) -> None:
    browser = world.browser(world.mona)
    browser.get(LIST)
    with query_count() as queries:
        page = browser.get(LIST).content.decode()
    assert "100 % alike" in page
    assert "same name" in page
    assert "EMEA" in page
    assert "APAC" in page
    assert queries.number <= 25


def test_a_person_merges_with_chosen_values_and_undoes_it(world: World, pair: DuplicatePair) -> None:
    browser = world.browser(world.mona)
    page = browser.get(f"{LIST}{pair.pk}/").content.decode()
    assert 'name="field-region"' in page
    posted = {"kept": "first", "field-region": "second", "version-first": "1", "version-second": "1"}
    assert browser.post(f"{LIST}{pair.pk}/", {**posted, "version-first": "7"}).status_code == 422
    answer = browser.post(f"{LIST}{pair.pk}/", posted)
    assert answer["Location"] == f"/accounts/{pair.first_id}/"
    assert Account.objects.get(pk=pair.first_id).region == Account.objects.get(pk=pair.second_id).region
    merged = browser.get(f"{LIST}?state=merged").content.decode()
    assert "ACME Limited" in merged
    done = Merge.objects.get()
    browser.post(f"/accounts/merges/{done.pk}/undo/")
    assert Account.objects.get(pk=pair.second_id).archived_at is None
    assert {account.region for account in Account.objects.exclude(region="")} == {"EMEA", "APAC"}
    assert browser.get(LIST).content.decode().count("100 % alike") == 1


def test_different_is_remembered(world: World, pair: DuplicatePair) -> None:
    browser = world.browser(world.mona)
    browser.post(f"{LIST}{pair.pk}/decide/")
    assert "No two accounts look alike" in browser.get(LIST).content.decode()
    assert "ACME Limited" in browser.get(f"{LIST}?state=different").content.decode()
    browser.post(f"{LIST}{pair.pk}/decide/", {"decision": "open"})
    assert "100 % alike" in browser.get(LIST).content.decode()


def test_only_who_may_merge_sees_the_page(world: World, pair: DuplicatePair) -> None:
    assert world.browser(world.alice).get(LIST).status_code == 403
    assert world.browser(world.alice).get("/api/v1/duplicates/").status_code == 403


def test_the_api_does_the_same(world: World, pair: DuplicatePair) -> None:
    browser = world.browser(world.mona)
    (found,) = browser.get("/api/v1/duplicates/").json()["results"]
    assert (found["score"], {found["first_name"], found["second_name"]}) == (100, {"Acme Ltd", "ACME Limited"})
    given = {"kept_id": found["first_id"], "gone_id": found["second_id"], "kept_version": 1, "gone_version": 1}
    done = browser.post("/api/v1/merges/", {**given, "take": ["region"]}, content_type="application/json")
    assert done.status_code == 201
    assert browser.post(f"/api/v1/merges/{done.json()['id']}/undo/").json()["undone_at"]
    again = browser.post(f"/api/v1/duplicates/{found['id']}/decide/", {"different": True}, "application/json")
    assert again.json()["state"] == "different"
    assert browser.post("/api/v1/duplicates/find/").status_code == 202
