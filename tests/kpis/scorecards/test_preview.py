"""What a proposed scorecard would do, held against what it does when it is live."""

import copy
import json
from decimal import Decimal
from typing import Any

import pytest

from accounts.models import Account
from core.actor import Actor
from kpis.models import Kpi, KpiValue, Scorecard, ScorecardVersion
from kpis.models import ScoreException as StoredException
from kpis.operations import correct_kpi_value, undo_correction
from kpis.queries.book import kept_book, read_book
from kpis.queries.effect import Effect
from kpis.queries.preview import CannotPreview, effect_of, effect_of_definition
from kpis.scoring import score_portfolio, scorecard_from_definition
from kpis.scoring.difference import pushes
from tests.kpis.health.book import NOVEMBER, NOW, SCORING, TODAY, fill, furnish, score, value
from tests.world import World

Definition = dict[str, Any]


@pytest.fixture
def book(world: World) -> World:
    furnish()
    return world


def live() -> ScorecardVersion:
    return ScorecardVersion.objects.select_related("scorecard").get(state="live", scorecard__name="Standard")


def text(**changes: Any) -> Definition:
    return copy.deepcopy(live().definition) | changes


def heavier(code: str, weight: int, definition: Definition | None = None) -> Definition:
    found = definition or text()
    next(item for item in found["items"] if item["kpi"] == code)["weight"] = weight
    return found


def account(name: str, **given: Any) -> Account:
    return Account.objects.create(name=name, **given)


def actor(world: World, person: Any) -> Actor:
    role = person.role
    return Actor(person.name, person.pk, frozenset(role.permissions), role.sees_all)


def effect(definition: Definition, *, by: Actor = SCORING, kept: bool = False) -> Effect:
    return effect_of_definition(definition, scorecard=live().scorecard, by=by, at=NOW, kept=kept)


def publish(definition: Definition) -> None:
    """The text becomes the live one, as if it had been there always."""
    ScorecardVersion.objects.filter(state="live").update(definition=definition)


def test_the_same_text_changes_nothing(book: World) -> None:
    fill(book.account)
    found = effect(text())
    assert (found.accounts, found.changed, found.moved, found.median) == (1, 0, (), Decimal(0))
    assert found.before == found.after == {"green": 1, "yellow": 0, "red": 0, "unknown": 0}
    assert (found.largest_fall, found.largest_rise, found.became_unknown, found.became_known) == (None, None, 0, 0)


def test_the_effect_is_what_scoring_then_says(book: World) -> None:
    others = [account("Umbra"), account("Corvid"), account("Delta"), account("Nothing known")]
    fill(book.account, seat_use=30)
    fill(others[0], seat_use=99, support_csat=30)
    fill(others[1], sla_attainment=80, realised_value=20)
    value(others[2], "seat_use", 80)
    every = [book.account, *others]
    score(*every, past=False)
    was = {one.pk: (one.health.score, one.health.band) for one in Account.objects.select_related("health")}
    proposed = heavier("seat_use", 9, text(green_from=70, yellow_from=60, minimum_coverage=0.1))
    proposed["categories"] = {**proposed["categories"], "adoption": 0.5}
    cap = {"kpi": "support_csat", "op": "<=", "value": 40, "kind": "cap", "limit": 45, "reason": "Unhappy", "order": 1}
    proposed["exceptions"] = [cap]

    said = effect(proposed)
    publish(proposed)
    score(*every, past=False)

    now = {one.pk: (one.health.score, one.health.band) for one in Account.objects.select_related("health")}
    moved = {one.account_id: one for one in said.moved}
    assert {pk for pk in was if was[pk][1] != now[pk][1]} == set(moved)
    for pk, one in moved.items():
        assert (one.before, one.band_before) == was[pk]
        assert (one.after, one.band_after) == now[pk]
    assert said.changed == sum(was[pk] != now[pk] for pk in was)
    assert moved[others[0].pk].reasons == ("Cap at 45: Unhappy",)
    assert said.before == {band: sum(one[1] == band for one in was.values()) for band in said.before}
    assert said.after == {band: sum(one[1] == band for one in now.values()) for band in said.after}


def test_revenue_is_summed_by_currency_and_unknown_is_counted(book: World) -> None:
    for name, arr, currency in (("A", 100, "EUR"), ("B", 250, "EUR"), ("C", 40, "USD"), ("D", None, "EUR")):
        fill(account(name, arr=arr, currency=currency))
    fill(book.account, seat_use=0, engagement_score=0, activation_30_days=0)

    found = effect(text(green_from=76, yellow_from=50))

    assert found.arr_before["green"].largest_first == [(Decimal(350), "EUR"), (Decimal(40), "USD")]
    assert found.arr_before["green"].unknown == 1
    assert found.arr_after["yellow"].largest_first == [(Decimal(350), "EUR"), (Decimal(40), "USD")]
    assert found.arr_after["yellow"].unknown == 2
    flow = found.flows[0]
    assert (flow.before, flow.after, flow.accounts, flow.arr.unknown) == ("green", "yellow", 4, 1)
    assert [one.name for one in found.moved] == ["B", "A", "C", "D"]
    assert found.moved[0].reasons == ("The bands moved, not the score",)


def test_the_kpi_that_got_the_weight_is_named_not_those_that_made_room(book: World) -> None:
    fill(book.account, seat_use=20, support_csat=99, sla_attainment=100, relationship_nps=90, realised_value=99)
    moved = effect(heavier("seat_use", 30)).moved
    first, *others = moved[0].causes
    assert (first.kpi, first.name) == ("seat_use", "Seat use (monthly active / paid)")
    assert first.points < 0
    assert all(abs(one.points) < abs(first.points) / 3 for one in others)


def test_no_kpi_is_blamed_for_what_the_bands_did(book: World) -> None:
    fill(book.account, seat_use=79)
    moved = effect(heavier("seat_use", 5, text(green_from=70))).moved[0]
    assert (moved.band_before, moved.band_after, moved.causes) == ("yellow", "green", ())
    assert moved.change is not None
    assert moved.change < 0
    assert moved.reasons == ("The bands moved; the score alone would have kept its colour",)


def test_the_pushes_sum_to_the_change(book: World) -> None:
    fill(book.account, seat_use=20, support_csat=99)
    proposed = heavier("seat_use", 7, text(categories={**text()["categories"], "support": 0.6}))
    proposed["items"] = [item for item in proposed["items"] if item["kpi"] != "support_csat"]
    scored = []
    for definition in (text(), proposed):
        card = scorecard_from_definition(definition, version="x")
        scored.append(score_portfolio(card, *read_book(TODAY).cells([book.account.pk], card.kpis)))
    change = (scored[1].base_hundredths[0] - scored[0].base_hundredths[0]) / 100
    assert sum(points for _, points in pushes(*scored, [0])[0]) == pytest.approx(change, abs=0.02)


def test_less_coverage_makes_unknown(book: World) -> None:
    fill(book.account)
    found = effect(text(minimum_coverage=0.95))
    assert (found.became_unknown, found.became_known) == (1, 0)
    assert found.moved[0].after is None
    assert found.moved[0].reasons[0].startswith("The least coverage moved")
    assert found.median is None


def test_a_cap_that_a_person_set_holds_on_both_sides(book: World) -> None:
    fill(book.account)
    StoredException.objects.create(
        account=book.account, kind="cap", limit_hundredths=6000, reason="Champion left", starts_on=TODAY,
        created_at=NOW, created_by="Mona",
    )  # fmt: skip
    found = effect(heavier("seat_use", 9))
    assert found.before["yellow"] == found.after["yellow"] == 1


def test_an_account_of_another_scorecard_is_elsewhere(book: World) -> None:
    fill(book.account)
    fill(account("Small", tier="Starter"))
    starters = Scorecard.objects.create(
        name="Starters", priority=10, rule={"tier": ["Starter"]}, created_at=NOW, created_by="Mona"
    )
    draft = ScorecardVersion(scorecard=starters, number=1, definition=text(green_from=90), created_at=NOW)

    alone = effect_of(draft, by=SCORING, at=NOW)
    assert (alone.accounts, alone.elsewhere) == (1, 1)
    assert [(one.name, one.band_before, one.band_after) for one in alone.moved] == [("Small", "green", "yellow")]

    draft.state, draft.created_by = "live", "Mona"
    draft.save()
    rest = effect(text(green_from=90))
    assert [one.name for one in rest.moved] == ["Initech"]
    assert rest.elsewhere == 1


def test_whoever_sees_only_their_own_is_told_of_their_own(book: World) -> None:
    fill(book.account)
    fill(account("Bob's", owner=book.bob))
    found = effect(text(green_from=76), by=actor(book, book.alice))
    assert found.limited
    assert [one.name for one in found.moved] == ["Initech"]
    assert (found.accounts, found.elsewhere) == (1, 0)
    assert not effect(text(), by=actor(book, book.mona)).limited


@pytest.mark.parametrize("broken", ["no weight", "bands", "unknown kpi", "anchors", "not a number"])
def test_what_is_no_scorecard_is_refused_in_words(book: World, broken: str) -> None:
    proposed = text()
    if broken == "no weight":
        proposed["categories"] = dict.fromkeys(proposed["categories"], 0)
    elif broken == "bands":
        proposed["yellow_from"] = 80
    elif broken == "unknown kpi":
        proposed["items"][0]["kpi"] = "nobody"
    elif broken == "anchors":
        proposed["items"][0]["anchors"] = [[5, 0], [5, 100]]
    else:
        proposed["items"][0]["weight"] = "much"
    with pytest.raises(CannotPreview):
        effect(proposed)


def test_kept_values_see_a_new_one_at_once(book: World) -> None:
    fill(book.account)
    assert kept_book(TODAY) is not None
    assert effect(text(), kept=True).before["green"] == 1
    newcomer = account("Newcomer")
    fill(newcomer, seat_use=0)
    assert effect(text(), kept=True).accounts == 2
    assert KpiValue.objects.filter(account=newcomer).exists()


def test_kept_values_see_a_correction_that_is_taken_back(book: World) -> None:
    fill(book.account)
    cell = {"account_id": book.account.pk, "kpi_code": "seat_use", "period": NOVEMBER, "by": SCORING, "at": NOW}
    before = KpiValue.objects.get(kpi__code="seat_use")
    made = correct_kpi_value(**cell, new=Decimal(0), reason="typing error", expected_value_id=before.pk)
    assert effect(text(), kept=True).before["green"] == 0
    undo_correction(value_id=made.pk, by=SCORING, at=NOW)
    assert effect(text(), kept=True).before["green"] == 1


def test_the_stored_form_is_plain_and_names_what_it_counts(book: World) -> None:
    book.account.arr = Decimal("1200.50")
    book.account.save()
    fill(book.account)
    stored = json.loads(json.dumps(effect(text(green_from=76)).as_json()))
    assert stored["accounts"] == stored["changed"] == stored["changes_colour"] == 1
    assert stored["bands"][0] == {
        "band": "green",
        "before": {"accounts": 1, "arr": {"amounts": {"EUR": "1200.50"}, "unknown": 0}},
        "after": {"accounts": 0, "arr": {"amounts": {}, "unknown": 0}},
    }
    assert stored["moved"][0] | {"account_id": ""} == {
        "account_id": "", "name": "Initech", "owner": "Alice", "sample": False, "arr": "1200.50", "currency": "EUR",
        "before": "75.00", "after": "75.00", "band_before": "green", "band_after": "yellow", "causes": [],
        "reasons": ["The bands moved, not the score"],
    }  # fmt: skip


def test_archived_accounts_and_portfolio_figures_have_no_part(book: World) -> None:
    fill(account("Gone", archived_at=NOW))
    assert effect(text()).accounts == 1
    assert not set(read_book(TODAY).codes) & set(Kpi.objects.filter(portfolio_only=True).values_list("code", flat=True))


def asked(world: World, person: Any, version: ScorecardVersion, body: Any) -> Any:
    return world.browser(person).post(
        f"/api/v1/scorecard-versions/{version.pk}/preview/", body, content_type="application/json"
    )


def test_the_api_tries_a_text_and_stores_nothing(book: World) -> None:
    fill(book.account)
    version = live()
    said = asked(book, book.ana, version, {"definition": text(green_from=76)})
    assert said.status_code == 200
    body = said.json()
    assert (body["changes_colour"], body["moved"][0]["name"], body["limited"]) == (1, "Initech", False)
    assert asked(book, book.ana, version, {}).json()["changes_colour"] == 0
    assert live().definition["green_from"] == 75


def test_the_api_refuses_what_is_no_scorecard_and_who_may_not(book: World) -> None:
    refused = asked(book, book.ana, live(), {"definition": text(green_from=10)})
    assert (refused.status_code, refused.json()["code"]) == (409, "CannotPreview")
    assert asked(book, book.ana, live(), {"definition": [1]}).status_code == 409
    for person in (book.alice, book.vic):
        assert asked(book, person, live(), {}).status_code == 403
    nothing = ScorecardVersion(pk=book.account.pk)
    assert asked(book, book.ana, nothing, {}).status_code == 404
