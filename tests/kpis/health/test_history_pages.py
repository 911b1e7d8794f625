"""The history of an account as people and programs see it: lines, causes, and the two readings of a day."""

import re
from datetime import timedelta
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
import time_machine

from core.time import months_back
from kpis.models import AccountHealth, HealthScore, KpiValue
from kpis.operations import correct_kpi_value
from kpis.queries.lines import lines
from kpis.queries.waterfall import default_ends, moved, readings
from tests.kpis.health.book import NOVEMBER, NOW, OCTOBER, TODAY, fill, furnish, score
from tests.kpis.scorecards.cards import published
from tests.world import World


@pytest.fixture
def book(world: World) -> Any:
    furnish()
    with time_machine.travel(NOW, tick=False):
        yield world


def page(world: World, query: str = "", person: str = "mona") -> str:
    answer = world.browser(getattr(world, person)).get(f"/accounts/{world.account.pk}/history/{query}")
    assert answer.status_code == 200, answer.status_code
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode())))


def api(world: World, rest: str, person: str = "mona", **given: Any) -> Any:
    return world.browser(getattr(world, person)).get(f"/api/v1/accounts/{world.account.pk}/{rest}", given)


def correct(world: World, code: str, new: object, period: Any = OCTOBER) -> KpiValue:
    seen = KpiValue.objects.current().get(account=world.account, kpi__code=code, period=period)
    return correct_kpi_value(
        account_id=world.account.pk, kpi_code=code, period=period, new=Decimal(str(new)), reason="counted again",
        expected_value_id=seen.pk, by=world.alice.as_actor(), at=NOW + timedelta(hours=1),
    )  # fmt: skip


def heavier_relationship(world: World) -> None:
    """A new version goes live in which one category weighs three times as much."""
    live = HealthScore.objects.filter(account=world.account).select_related("version").latest("scored_at").version
    codes = list(live.definition["categories"])
    published(world, categories={code: 0.6 if at == 0 else 0.1 for at, code in enumerate(codes)})


def test_a_weight_change_makes_no_trend(book: World) -> None:
    """The same figures month after month: the stored line has a step where the card changed."""
    for month in months_back(NOVEMBER, 12):
        fill(book.account, month, seat_use=20, executive_contact_days=90)
    score(book.account)
    heavier_relationship(book)
    health = score(book.account, at=NOW + timedelta(hours=2))

    found = lines(book.account, TODAY, by=book.mona.as_actor())

    was, again = [point.was for point in found.points], [point.today for point in found.points]
    assert len(set(was[:-1])) == 1
    assert was[-1] != was[0]
    assert len(set(again)) == 1
    assert again[-1] == was[-1]
    assert [point.changed for point in found.points] == [False] * 11 + [True]
    assert (health.change_hundredths, health.arrow) == (0, 0)


def test_what_moved_it_is_told_apart_and_sums(book: World) -> None:
    fill(book.account, OCTOBER, seat_use=20)
    score(book.account)
    heavier_relationship(book)
    fill(book.account, NOVEMBER, seat_use=60, sla_attainment=91)
    correct(book, "relationship_nps", -20)
    score(book.account, at=NOW + timedelta(hours=2), past=False)
    rows = readings(book.account.pk, by=book.mona.as_actor())
    ends = default_ends(rows, TODAY)
    assert ends is not None

    first, last = (HealthScore.objects.select_related("version__scorecard").get(pk=end.pk) for end in ends)
    found = moved(first, last)

    assert found is not None
    assert (found.first.as_of.isoformat(), found.last.as_of) == ("2026-10-31", TODAY)
    assert found.adds_up
    assert found.change == Decimal(last.score_hundredths - first.score_hundredths) / 100
    assert {part.code for part in found.parts} >= {"new", "weights", "corrected"}
    for part in found.parts:
        assert sum(cause.points for cause in part.causes) == part.points
    (nps,) = [cause for part in found.parts if part.code == "corrected" for cause in part.causes]
    assert nps.before
    assert nps.after
    assert (nps.before.value, nps.after.value, nps.after.reason) == (30, -20, "counted again")
    weights = next(part for part in found.parts if part.code == "weights")
    assert all(cause.name.startswith("Weight of ") and "→" in cause.note for cause in weights.causes)


def test_a_stored_score_that_its_values_do_not_explain_is_said(book: World) -> None:
    fill(book.account, OCTOBER, seat_use=20)
    fill(book.account, NOVEMBER)
    score(book.account)
    ends = default_ends(readings(book.account.pk, by=book.mona.as_actor()), TODAY)
    assert ends is not None
    first, last = (HealthScore.objects.select_related("version__scorecard").get(pk=end.pk) for end in ends)
    right = moved(first, last)
    assert right is not None
    assert right.adds_up
    for wrong in (-3, 3):  # a score that was made otherwise than by its parts
        last.base_hundredths += wrong
        last.score_hundredths += wrong
        found = moved(first, last)
        assert found is not None
        assert not found.adds_up
        last.base_hundredths -= wrong
        last.score_hundredths -= wrong
    HealthScore.objects.filter(pk=last.pk).update(
        base_hundredths=last.base_hundredths - 300, score_hundredths=last.score_hundredths - 300
    )
    assert "The parts do not add up to the change. Please tell us." in page(book)


def test_the_page_walks_from_the_change_to_the_cells(book: World) -> None:
    fill(book.account, OCTOBER, seat_use=20)
    fill(book.account, NOVEMBER)
    score(book.account)

    text = page(book)

    assert "The parts add up to the change of +" in text
    assert "New data" in text
    assert "Seat use (monthly active / paid)" in text
    assert "20% Oct 2026" in text
    assert "80% Nov 2026" in text


def test_the_page_shows_both_readings_of_a_day_and_who_corrected_what(book: World) -> None:
    fill(book.account, OCTOBER, seat_use=20)
    score(book.account)
    october = HealthScore.objects.get(account=book.account, as_of="2026-10-31")
    correct(book, "seat_use", 80)

    text = page(book, f"?of={october.pk}")

    assert f"Known then {october.score:.2f}" in text
    assert "True then 75.00" in text
    assert "the stored bytes, one for one" in text
    assert "This score speaks of 31 Oct 2026 and was computed on 20 Nov 2026" in text
    assert "Alice: counted again" in text
    assert "True then 75.00" in page(book, "?of=2026-11-01")


def test_a_day_shows_what_was_known_by_its_end(book: World) -> None:
    fill(book.account, OCTOBER, seat_use=20)
    score(book.account)
    correct(book, "seat_use", 80)
    score(book.account, at=NOW + timedelta(days=3))

    assert "Known then 75.00" not in page(book, "?on=2026-11-22")
    assert "Known then 75.00" in page(book, "?on=2026-11-23")
    assert "By the end of 1 Nov 2026 no score had been computed yet" in page(book, "?on=2026-11-01")
    assert "The scores that were ever stored for 31 Oct 2026" in page(book, "?of=2026-11-01")


def test_a_replaced_score_keeps_its_evidence(book: World) -> None:
    fill(book.account, NOVEMBER, seat_use=20)
    score(book.account, past=False)
    first = HealthScore.objects.get(account=book.account)
    correct(book, "seat_use", 80, NOVEMBER)
    score(book.account, at=NOW + timedelta(hours=2), past=False)

    browser = book.browser(book.mona)
    answer = browser.get(f"/accounts/{book.account.pk}/evidence/?score={first.pk}").content.decode()

    assert "replaced since" in answer
    assert f"What makes {Decimal(first.score_hundredths) / 100:.2f}" in answer
    assert f"?score={first.pk}&amp;kpi=seat_use#kpi" in answer
    assert browser.get(f"/accounts/{book.account.pk}/evidence/?score=nonsense").status_code == 404


def test_an_account_without_scores_says_so(book: World) -> None:
    assert "Nothing has been scored yet" in page(book)
    assert api(book, "moves/").status_code == 404
    assert api(book, "scores/").json()["results"] == []


def test_the_api_says_what_the_page_says(book: World) -> None:
    fill(book.account, OCTOBER, seat_use=20)
    fill(book.account, NOVEMBER)
    score(book.account)
    correct(book, "seat_use", 50)

    moves = api(book, "moves/").json()
    assert moves["adds_up"]
    assert Decimal(moves["start"]) + sum(Decimal(part["points"]) for part in moves["parts"]) == Decimal(moves["end"])
    listed = api(book, "scores/", until="2026-10-31").json()["results"]
    assert [row["as_of"] for row in listed] == ["2026-10-31"]
    again = api(book, f"scores/{listed[0]['id']}/").json()
    assert again["reproduced"]
    assert [row["kpi"] for row in again["changed"]] == ["seat_use"]
    assert again["known_then"]["score_hundredths"] < again["true_then"]["score_hundredths"]
    assert len(api(book, "history/").json()["points"]) == 12


@pytest.mark.parametrize("rest", ["history/", "moves/", "scores/"])
def test_a_colleagues_history_is_not_there(book: World, rest: str) -> None:
    fill(book.account)
    score(book.account)

    assert api(book, rest, person="bob").status_code == 404
    assert book.browser(book.bob).get(f"/accounts/{book.account.pk}/history/").status_code == 404


def test_another_accounts_score_is_not_this_ones(book: World) -> None:
    fill(book.account)
    score(book.account)
    stored = AccountHealth.objects.get(account=book.account).latest_id
    other = type(book.account).objects.create(name="Other", owner=book.alice)
    fill(other)
    score(other)

    assert book.browser(book.mona).get(f"/accounts/{other.pk}/history/?of={stored}").status_code == 404
    assert book.browser(book.mona).get(f"/api/v1/accounts/{other.pk}/scores/{stored}/").status_code == 404


@pytest.mark.parametrize("months", [1, 6])
def test_the_page_costs_the_same_queries_for_few_and_many_values(book: World, query_count: Any, months: int) -> None:
    for month in months_back(OCTOBER, months):
        fill(book.account, month, seat_use=20)
    fill(book.account, NOVEMBER)
    score(book.account)
    correct(book, "seat_use", 50)
    client = book.browser(book.mona)
    address = f"/accounts/{book.account.pk}/history/?of=2026-10-31"
    client.get(address)

    with query_count() as queries:
        client.get(address)

    assert queries.number <= 25, queries.sql
