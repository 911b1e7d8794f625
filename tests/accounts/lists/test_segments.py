"""Segments: who meets the condition is in, with the day they came; who does not is out, with the day they left."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Account, Membership, Segment
from accounts.operations.segments import NotASegment, SegmentEdited, evaluate_segments, write_segment
from accounts.tasks.lists import hold_against_segments
from core.actor import Actor
from tests.accounts.conftest import entries
from tests.kpis.health.book import NOW, furnish, value
from tests.world import World

SYSTEM = Actor.system("segments")


@pytest.fixture
def book(world: World) -> World:
    furnish()
    Account.objects.all().delete()
    for name, tier in (("Anvil", "Gold"), ("Bolt", "Silver"), ("Clamp", "Gold")):
        Account.objects.create(name=name, tier=tier, owner=world.alice)
    return world


def segment(book: World, where: str = 'tier = "Gold"', name: str = "Gold") -> Segment:
    made = write_segment(
        segment_id=None, name=name, where=where, expected_version=None, by=book.mona.as_actor(), at=NOW
    )
    evaluate_segments(account_ids=None, at=NOW, by=SYSTEM)
    return made


def inside(made: Segment) -> set[str]:
    return set(made.memberships.filter(left_at=None).values_list("account__name", flat=True))


def test_one_kpi_moves_an_account_in_and_out_and_both_days_are_kept(book: World) -> None:
    made = segment(book, "seat_use < 50", "Few seats")
    anvil = Account.objects.get(name="Anvil")
    assert inside(made) == set()

    first = value(anvil, "seat_use", 40)
    hold_against_segments(events=[{"account_id": str(anvil.pk)}])
    assert inside(made) == {"Anvil"}

    type(first).objects.filter(pk=first.pk).update(value=80)
    evaluate_segments(account_ids=[anvil.pk], at=NOW + timedelta(days=12), by=SYSTEM)
    stay = Membership.objects.get(segment=made)
    assert stay.left_at == NOW + timedelta(days=12)
    assert len(entries("accounts.segment_entered")) == 1
    assert [entry["segment"] for entry in entries("accounts.segment_left")] == ["Few seats"]


def test_looking_again_changes_nothing_and_coming_back_is_another_stay(book: World) -> None:
    made = segment(book)
    assert inside(made) == {"Anvil", "Clamp"}
    before = set(made.memberships.values_list("pk", "entered_at"))
    evaluate_segments(account_ids=None, at=NOW + timedelta(days=1), by=SYSTEM)
    assert set(made.memberships.values_list("pk", "entered_at")) == before

    for tier, day in (("Silver", 2), ("Gold", 3)):
        Account.objects.filter(name="Anvil").update(tier=tier)
        evaluate_segments(account_ids=None, at=NOW + timedelta(days=day), by=SYSTEM)
    assert made.memberships.filter(account__name="Anvil").count() == 2
    Account.objects.filter(name="Anvil").update(archived_at=NOW)
    evaluate_segments(account_ids=None, at=NOW + timedelta(days=4), by=SYSTEM)
    assert inside(made) == {"Clamp"}


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tiers=st.lists(st.tuples(*[st.sampled_from(["Gold", "Silver", ""])] * 3), min_size=1, max_size=4))
def test_members_are_those_of_a_direct_look_whatever_happens(book: World, tiers: list[tuple[str, str, str]]) -> None:
    made = Segment.objects.filter(name="Gold").first() or segment(book)
    for day, state in enumerate(tiers):
        for name, tier in zip(("Anvil", "Bolt", "Clamp"), state, strict=True):
            Account.objects.filter(name=name).update(tier=tier)
        evaluate_segments(account_ids=None, at=NOW + timedelta(days=day), by=SYSTEM)
        assert inside(made) == set(Account.objects.filter(tier="Gold").values_list("name", flat=True))
    open_stays = made.memberships.filter(left_at=None)
    assert open_stays.count() == open_stays.values("account").distinct().count()


def test_a_condition_that_is_none_is_refused_and_one_that_no_longer_reads_keeps_its_accounts(book: World) -> None:
    with pytest.raises(NotASegment) as refused:
        segment(book, "tiger = 3")
    assert refused.value.field == "where"
    made = segment(book)
    Segment.objects.filter(pk=made.pk).update(where="gone > 3")
    evaluate_segments(account_ids=None, at=NOW, by=SYSTEM)
    assert inside(made) == {"Anvil", "Clamp"}
    page = book.browser(book.ana).get(f"/segments/{made.pk}/").content.decode()
    assert "no longer reads" in page


def test_two_people_editing_notice_each_other_and_a_csm_may_not(book: World) -> None:
    made = segment(book)
    again: dict[str, Any] = {"segment_id": made.pk, "where": 'tier = "Silver"', "at": NOW}
    write_segment(**again, name="Silver", expected_version=1, by=book.mona.as_actor())
    with pytest.raises(SegmentEdited):
        write_segment(**again, name="Late", expected_version=1, by=book.ana.as_actor())
    with pytest.raises(PermissionDenied):
        write_segment(**again, name="Mine", expected_version=2, by=book.alice.as_actor())


def test_the_page_counts_what_its_reader_sees(book: World) -> None:
    made = segment(book)
    Account.objects.filter(name="Clamp").update(owner=book.bob)
    page = book.browser(book.bob).get(f"/segments/{made.pk}/").content.decode()
    assert "Clamp" in page
    assert "Anvil" not in page
    assert ">1</td>" in book.browser(book.bob).get("/segments/").content.decode()
    assert ">2</td>" in book.browser(book.mona).get("/segments/").content.decode()


def test_the_form_says_whom_it_would_hold_before_it_is_saved(book: World) -> None:
    client = book.browser(book.mona)
    said = client.get("/segments/preview/", {"where": 'tier = "Gold"'}).content.decode()
    assert "<b>2</b> accounts where" in said
    typed = {"name": "X", "where": "tier ==", "version": ""}
    assert client.post("/segments/new/", typed).status_code == 422
    made = client.post("/segments/new/", {"name": "Gold", "where": 'tier = "Gold"'})
    assert made.status_code == 302
    assert Segment.objects.get().name == "Gold"


@pytest.mark.parametrize("accounts", [1, 3])
def test_pages_cost_the_same_queries_for_few_and_many(book: World, query_count: Any, accounts: int) -> None:
    made = segment(book, "name is known")
    Account.objects.exclude(name__in=["Anvil", "Bolt", "Clamp"][:accounts]).delete()
    client = book.browser(book.mona)
    client.get("/segments/")
    with query_count() as queries:
        client.get(f"/segments/{made.pk}/")
    assert queries.number == 6, queries.sql


def test_the_api_makes_changes_and_lists(book: World) -> None:
    client = book.browser(book.mona)
    made = client.post("/api/v1/segments/", {"name": "Gold", "where": 'tier = "Gold"'}, content_type="application/json")
    assert made.status_code == 201, made.content
    evaluate_segments(account_ids=None, at=NOW, by=SYSTEM)
    pk = made.json()["id"]
    assert len(client.get(f"/api/v1/segments/{pk}/stays/?state=in").json()["results"]) == 2
    assert client.get("/api/v1/segments/preview/", {"where": 'tier = "Gold"'}).json()["accounts"] == 2
    changed = {"name": "Gold", "where": 'tier = "Silver"', "version": 1}
    assert client.put(f"/api/v1/segments/{pk}/", changed, content_type="application/json").json()["version"] == 2
    changed["version"] = 1
    assert client.put(f"/api/v1/segments/{pk}/", changed, content_type="application/json").status_code == 409
