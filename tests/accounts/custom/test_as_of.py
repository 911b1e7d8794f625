"""An account as it stood: what the trail can say is right, what it cannot say is said to be unknown."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils.timezone import localdate, now
from hypothesis import given
from hypothesis import strategies as st

from accounts.as_of import Change, alike, value_at
from accounts.models import Account
from accounts.operations import archive_account, edit_account, record_outcome
from accounts.queries.as_of import account_as_of, end_of, journey
from tests.accounts.custom.test_values import field
from tests.world import World

START = datetime(2026, 1, 1, tzinfo=UTC)


def hour(number: float) -> datetime:
    return START + timedelta(hours=number)


VALUES = st.sampled_from([None, "Gold", "Silver", "Bronze", "100.00", "100", True, False])


@given(st.lists(VALUES, min_size=1, max_size=12), st.data())
def test_what_is_told_of_a_past_hour_was_true(values: list[Any], data: st.DataObject) -> None:
    """Edit by edit an account goes through `values`; some edits are not on the trail."""
    told = data.draw(st.lists(st.booleans(), min_size=len(values), max_size=len(values)))
    changes = [
        Change(hour(number), "Alice", values[number - 1], values[number])
        for number in range(1, len(values))
        if told[number] and not alike(values[number - 1], values[number])
    ]
    complete = all(told[1:])
    for number, true in enumerate(values):
        then = value_at(hour(number + 0.5), changes, values[-1])
        if complete:
            assert then.known
            assert alike(then.value, true)
        assert (then.last is None) == (not any(change.at < hour(number + 0.5) for change in changes))


def test_what_changed_without_a_word_is_unknown_in_between() -> None:
    changes = [Change(hour(1), "Alice", "Gold", "Silver"), Change(hour(5), "Bob", "Bronze", "Gold")]
    assert value_at(hour(0), changes, "Gold").value == "Gold"
    assert value_at(hour(2), changes, "Gold").known is False
    assert value_at(hour(5), changes, "Gold").value == "Gold"
    assert value_at(hour(9), changes, "Lead").known is False


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [("100", "100.00", True), (None, "", True), (None, "0", False), (False, None, False), (True, "True", False)],
)
def test_a_value_is_the_same_however_it_was_written(one: Any, other: Any, same: bool) -> None:
    assert alike(one, other) is same


@pytest.fixture
def past(world: World, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Days ago -> the trail says that what follows happened then."""
    Account.objects.filter(pk=world.account.pk).update(created_at=now() - timedelta(days=100))

    def go(days: int) -> None:
        monkeypatch.setattr("core.audit.now", lambda: now() - timedelta(days=days))

    return go


def lines(world: World, days: int, who: Any = None) -> dict[str, Any]:
    account = Account.objects.get(pk=world.account.pk)
    by = (who or world.mona).as_actor()
    return {line.name: line for line in account_as_of(account, on=localdate() - timedelta(days=days), by=by)}


def edit(world: World, **changes: Any) -> None:
    account = Account.objects.get(pk=world.account.pk)
    changes = {name.replace("own_", "custom."): value for name, value in changes.items()}
    edit_account(account_id=account.pk, expected_version=account.version, changes=changes, by=world.mona.as_actor())


def test_the_page_says_what_was_true_who_changed_it_and_what_differs(world: World, past: Any) -> None:
    field("seats", "number")
    past(60)
    edit(world, tier="Gold", own_seats="5")
    past(30)
    edit(world, tier="Silver", own_seats="9", owner_id=world.bob.pk)
    past(10)
    archive_account(account_id=world.account.pk, by=world.mona.as_actor(), at=now())
    before, between, after = lines(world, 90), lines(world, 40), lines(world, 5)
    assert [said["tier"].then for said in (before, between, after)] == ["nothing", "Gold", "Silver"]
    assert [said["custom.seats"].then for said in (before, between, after)] == ["nothing", "5", "9"]
    assert [said["owner_id"].then for said in (before, after)] == ["Alice", "Bob"]
    assert [said["archived"].then for said in (between, after)] == ["no", "yes"]
    assert (between["tier"].differs, between["tier"].last.who, before["tier"].last) == (True, "Mona", None)
    day = (localdate() - timedelta(days=40)).isoformat()
    answer = world.browser(world.mona).get(f"/accounts/{world.account.pk}/as-of/?on={day}")
    assert answer.status_code == 200
    assert "Gold" in answer.content.decode()
    Account.objects.filter(pk=world.account.pk).update(tier="Lead")  # by a script, which the trail does not know
    assert lines(world, 5)["tier"].known is False
    assert lines(world, 40)["tier"].then == "Gold"


def test_days_that_cannot_be_are_refused_in_words(world: World) -> None:
    page = world.browser(world.alice)
    address = f"/accounts/{world.account.pk}/as-of/"
    tomorrow = (localdate() + timedelta(days=1)).isoformat()
    assert page.get(address).status_code == 200
    assert page.get(f"{address}?on=soon").status_code == 422
    assert page.get(f"{address}?on={tomorrow}").status_code == 422
    assert "It was not here yet" in page.get(f"{address}?on=2001-01-01").content.decode()
    assert world.browser(world.bob).get(address).status_code == 404


def test_a_hidden_field_has_no_past_either(world: World) -> None:
    field("margin", "number", view_roles=["manager"])
    assert "custom.margin" in lines(world, 0)
    assert "custom.margin" not in lines(world, 0, who=world.alice)


def test_the_page_costs_the_same_however_long_the_trail_is(world: World, query_count: Any) -> None:
    page, counts = world.browser(world.mona), []
    page.get(f"/accounts/{world.account.pk}/as-of/")
    for tier in ("Gold", "Silver", "Lead"):
        edit(world, tier=tier)
        with query_count() as queries:
            page.get(f"/accounts/{world.account.pk}/as-of/")
        counts.append(queries.number)
    assert counts[0] == counts[-1] <= 14


def test_the_journey_counts_days_in_each_stage_and_marks_key_events(world: World, past: Any) -> None:
    past(80)
    edit(world, stage="onboarding")
    past(50)
    edit(world, stage="adoption")
    record_outcome(
        account_id=world.account.pk, kind="renewed", on=localdate() - timedelta(days=20), by=world.mona.as_actor(),
        at=now(),
    )  # fmt: skip
    way = journey(Account.objects.get(pk=world.account.pk), today=localdate())
    assert [(stay.label, stay.days) for stay in way.stays] == [("Not said", 20), ("Onboarding", 30), ("Adoption", 50)]
    assert [mark.text for mark in way.marks] == ["Renewed"]
    panel = world.browser(world.mona, htmx=True).get(f"/accounts/{world.account.pk}/panels/journey/").content.decode()
    assert "<b>Adoption</b> 50 days" in panel


def test_the_archive_lists_what_is_archived_and_brings_it_back(world: World) -> None:
    page = world.browser(world.mona)
    assert "Nothing is archived" in page.get("/accounts/archived/").content.decode()
    archive_account(account_id=world.account.pk, by=world.mona.as_actor(), at=now())
    assert "Initech" in page.get("/accounts/archived/?q=init").content.decode()
    assert "None of that name" in page.get("/accounts/archived/?q=acme").content.decode()
    assert "Bring back<span" not in world.browser(world.alice).get("/accounts/archived/").content.decode()
    assert "Initech" not in world.browser(world.bob).get("/accounts/archived/").content.decode()
    page.post(f"/accounts/{world.account.pk}/archive/", {"restore": "1"})
    assert Account.objects.get(pk=world.account.pk).archived_at is None


def test_the_end_of_a_day_is_its_last_moment() -> None:
    assert (end_of(localdate()).hour, end_of(localdate()).minute) == (23, 59)


def test_the_api_says_the_same(world: World, past: Any) -> None:
    past(60)
    edit(world, tier="Gold")
    address = f"/api/v1/accounts/{world.account.pk}/as-of/"
    mona = world.browser(world.mona)
    got = {line["name"]: line for line in mona.get(f"{address}?on={localdate() - timedelta(days=40)}").json()}
    assert (got["tier"]["then"], got["tier"]["changed_by"], got["tier"]["differs"]) == ("Gold", "Mona", False)
    assert got["region"]["changed_by"] is None
    assert mona.get(address).status_code == 400
    assert mona.get(f"{address}?on={localdate() + timedelta(days=1)}").status_code == 400
    assert mona.get(f"{address}?on=2001-01-01").status_code == 404
    assert world.browser(world.bob).get(f"{address}?on={localdate()}").status_code == 404
