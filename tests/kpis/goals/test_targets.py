"""Targets: set with a basis, replaced, ended; the way that is left; who may."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from accounts.models import Account
from core.errors import Conflict, DomainError
from core.models import Entry
from kpis.models import Kpi, Target
from kpis.operations.goals import end_target, set_target
from kpis.queries.goals import Aim, suggestions
from tests.kpis.health.book import NOW, OCTOBER, TODAY, fill, score, value
from tests.world import World


def put(world: World, number: object = 85, **given: Any) -> Target:
    asked: dict[str, Any] = {"basis": "Agreed in the review of 3 November", "by": world.alice.as_actor(), **given}
    return set_target(
        account_id=world.account.pk, kpi_code=asked.pop("kpi", "seat_use"), value=Decimal(str(number)), at=NOW, **asked
    )


def test_a_target_has_a_basis_and_the_next_one_ends_it(catalogue: World) -> None:
    first = put(catalogue, due_on=date(2027, 3, 31))
    second = put(catalogue, 90, expected_target_id=first.pk, basis="The contract says so")
    first.refresh_from_db()
    assert (first.ended_at, first.ended_by) == (NOW, "Alice")
    assert list(Target.objects.filter(ended_at=None)) == [second]
    told = [entry.data for entry in Entry.objects.filter(event="kpis.target_set").order_by("seq")]
    assert [(one["old"], one["new"], one["due_on"]) for one in told] == [(None, "85", "2027-03-31"), ("85", "90", None)]


@pytest.mark.parametrize(
    ("number", "given", "field"),
    [
        (85, {"basis": "  "}, "basis"),
        (85, {"due_on": date(2026, 11, 1)}, "due_on"),
        (300, {}, "value"),
        (Decimal("NaN"), {}, "value"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(catalogue: World, number: Any, given: dict[str, Any], field: str) -> None:
    with pytest.raises(DomainError) as refused:
        put(catalogue, number, **given)
    assert refused.value.field == field
    assert not Target.objects.exists()


def test_two_people_who_set_it_notice_each_other(catalogue: World) -> None:
    put(catalogue)
    with pytest.raises(Conflict):
        put(catalogue, 70, by=catalogue.mona.as_actor())
    assert Target.objects.get().value == 85


def test_who_may_not_see_the_account_or_set_targets_sets_none(catalogue: World) -> None:
    with pytest.raises(Account.DoesNotExist):
        put(catalogue, by=catalogue.bob.as_actor())
    with pytest.raises(PermissionDenied):
        put(catalogue, by=catalogue.vic.as_actor())
    made = put(catalogue)
    with pytest.raises(Target.DoesNotExist):
        end_target(target_id=made.pk, by=catalogue.bob.as_actor(), at=NOW)
    assert end_target(target_id=made.pk, by=catalogue.mona.as_actor(), at=NOW).ended_at is not None
    assert Entry.objects.filter(event="kpis.target_ended").count() == 1


@pytest.mark.parametrize(
    ("code", "has", "wanted", "gap"),
    [
        ("seat_use", 70, 85, 15),
        ("seat_use", 90, 85, 0),
        ("first_response_time", 6, 4, -2),
        ("first_response_time", 3, 4, 0),
        ("plan_limit_use", 60, 70, 10),
        ("seat_use", None, 85, None),
    ],
)
def test_the_way_that_is_left_has_a_sign_and_ends_at_the_target(
    catalogue: World, code: str, has: int | None, wanted: int, gap: int | None
) -> None:
    target = put(catalogue, wanted, kpi=code)
    aim = Aim(target, target.kpi, None if has is None else Decimal(has))
    assert aim.gap == gap
    assert aim.reached is (gap == 0)


def test_suggestions_say_where_their_number_comes_from(catalogue: World) -> None:
    value(catalogue.account, "support_csat", 88, OCTOBER)
    value(catalogue.account, "support_csat", 80)
    kpi = Kpi.objects.get(code="support_csat")
    found = suggestions(catalogue.account, kpi, on=TODAY, by=catalogue.alice.as_actor(), anchors=kpi.anchors)
    said = {one.basis: one.value for one in found}
    assert said["where green begins in the range in force"] == 85
    assert said["the best month of its own last twelve"] == 88
    assert said["good from of Support centres (Support benchmark set (SQM type), year not stated)"] == 75
    assert not any("best quarter" in basis for basis in said)


def test_the_page_sets_shows_and_ends_a_target(catalogue: World) -> None:
    fill(catalogue.account)
    score(catalogue.account)
    browser = catalogue.browser(catalogue.alice)
    address = f"/accounts/{catalogue.account.pk}/standing/seat_use/"
    wrong = browser.post(address, {"value": "lots", "basis": "", "expected": ""})
    assert wrong.status_code == 422
    assert "Say why just this number" in wrong.content.decode()
    good = {"value": "90", "basis": "The contract", "due_on": "2027-03-31", "expected": ""}
    assert browser.post(address, good).status_code == 302
    page = browser.get(address).content.decode()
    assert "+10" in page
    assert "by 31 Mar 2027" in page
    assert browser.post(address, good).status_code == 409
    short = catalogue.browser(catalogue.alice, htmx=True).get(address).content.decode()
    assert "<html" not in short
    assert "90%" in short
    made = Target.objects.get()
    assert browser.post(f"{address}{made.pk}/end/").status_code == 302
    assert catalogue.browser(catalogue.bob).get(address).status_code == 404


def test_the_target_stands_in_the_grid_and_beside_the_measures(catalogue: World) -> None:
    fill(catalogue.account, seat_use=60)
    score(catalogue.account)
    put(catalogue, 90, due_on=date(2027, 3, 31))
    browser = catalogue.browser(catalogue.alice)
    grid = browser.get(f"/accounts/{catalogue.account.pk}/grid/").content.decode()
    assert 'Target <span class="aim">90%' in " ".join(grid.split())
    measures = browser.get(f"/accounts/{catalogue.account.pk}/panels/measures/").content.decode()
    assert "+30" in measures


def test_through_the_api(catalogue: World) -> None:
    browser = catalogue.browser(catalogue.alice)
    asked = {"account_id": str(catalogue.account.pk), "kpi": "seat_use", "value": "85", "basis": "The contract"}
    made = browser.post("/api/v1/targets/", asked, content_type="application/json")
    assert made.status_code == 201, made.content
    clash = browser.post("/api/v1/targets/", asked | {"value": "90"}, content_type="application/json")
    assert (clash.status_code, clash.json()["code"]) == (409, "Conflict")
    listed = browser.get("/api/v1/targets/", {"account_id": str(catalogue.account.pk), "ended": "false"}).json()
    assert [row["value"] for row in listed["results"]] == ["85.000000"]
    value(catalogue.account, "seat_use", 60)
    standing = browser.get(f"/api/v1/accounts/{catalogue.account.pk}/standing/seat_use/").json()
    assert (standing["gap"], standing["places"][0]["percentile"]) == ("25.000000", None)
    assert standing["places"][0]["text"] == "group too small (n = 1)"
    ended = browser.post(f"/api/v1/targets/{made.json()['id']}/end/")
    assert ended.json()["ended_by"] == "Alice"
    assert catalogue.browser(catalogue.bob).get("/api/v1/targets/").json()["results"] == []
