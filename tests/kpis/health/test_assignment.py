"""Several scorecards, one winner: by explicit priority, with the reason in words."""

from copy import deepcopy
from datetime import date, timedelta
from typing import Any

import pytest
import time_machine

from accounts.models import Account
from accounts.operations import edit_account
from kpis.models import AccountHealth, HealthScore, Scorecard, ScorecardVersion
from kpis.queries.assignment import accounts_under_another_card, cards_for, why
from kpis.scoring.assignment import Facts, because, matches, rule_text
from tests.kpis.health.book import NOVEMBER, NOW, OCTOBER, TODAY, fill, furnish, score, value
from tests.world import World


@pytest.fixture
def book(world: World) -> World:
    furnish()
    return world


def another(name: str, priority: int, rule: dict[str, Any], **weights: int) -> ScorecardVersion:
    """A live scorecard like the standard one; weights: KPI code -> its impact on this one."""
    definition = deepcopy(ScorecardVersion.objects.get(scorecard__name="Standard").definition)
    for item in definition["items"]:
        item["weight"] = weights.get(item["kpi"], item["weight"])
    card = Scorecard.objects.create(name=name, priority=priority, rule=rule, created_at=NOW, created_by="x")
    return ScorecardVersion.objects.create(
        scorecard=card, number=1, definition=definition, state="live", created_at=NOW, created_by="x", live_since=NOW
    )


def facts(**given: Any) -> Facts:
    return Facts(account_id=None, **given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("rule", "given", "does"),
    [
        ({}, {}, True),
        ({"stage": ["onboarding"]}, {"stage": "onboarding"}, True),
        ({"stage": ["Onboarding "]}, {"stage": "onboarding"}, True),
        ({"tier": ["gold", "silver"]}, {"tier": "SILVER"}, True),
        ({"tier": ["gold"], "region": ["EMEA"]}, {"tier": "gold", "region": "emea"}, True),
        ({"tier": ["gold"], "region": ["EMEA"]}, {"tier": "gold", "region": "APAC"}, False),
        ({"tier": ["gold"]}, {}, False),
        ({"tier": [""]}, {}, False),
        ({"younger_than_days": 30}, {"customer_since": TODAY - timedelta(days=29)}, True),
        ({"younger_than_days": 30}, {"customer_since": TODAY - timedelta(days=30)}, False),
        ({"younger_than_days": 30}, {"customer_since": None}, False),
        ({"owner": ["ana"]}, {}, False),
    ],
)
def test_every_part_of_a_rule_must_match(rule: dict[str, Any], given: dict[str, Any], does: bool) -> None:
    assert matches(rule, facts(**given), TODAY) is does


def test_a_rule_says_why_it_matches() -> None:
    rule = {"stage": ["onboarding"], "younger_than_days": 30}
    young = facts(stage="onboarding", customer_since=date(2026, 11, 8))

    assert because(rule, young, TODAY) == "stage is Onboarding and customer for 12 days, fewer than 30"
    assert rule_text(rule) == "stage Onboarding, customer for fewer than 30 days"
    assert rule_text({}) == "every account"


def test_an_account_that_two_scorecards_match_says_which_applies_and_why(book: World) -> None:
    another("Onboarding", 10, {"stage": ["onboarding"]})
    another("Gold", 20, {"tier": ["gold"]})
    book.account.stage, book.account.tier = "onboarding", "Gold"

    found = why(book.account, today=TODAY)

    assert found is not None
    assert found.why == "Onboarding applies: stage is Onboarding; priority 10 before Gold 20, Standard 1000"
    assert [one.name for one in found.others] == ["Gold", "Standard"]
    assert [one.because for one in found.others] == ["tier is Gold", "it is for every account"]


def test_archived_scorecards_and_those_without_a_live_text_apply_to_nobody(book: World) -> None:
    Scorecard.objects.create(name="Empty", priority=5, rule={}, created_at=NOW, created_by="x")
    gone = another("Gone", 6, {}).scorecard
    gone.archived_at = NOW
    gone.save()

    found = why(book.account, today=TODAY)

    assert found is not None
    assert (found.winner.name, found.others) == ("Standard", ())
    assert found.why == "Standard applies: it is for every account"


def test_each_account_is_scored_under_its_own_card_whoever_is_scored_with_it(book: World) -> None:
    another("Onboarding", 10, {"stage": ["onboarding"]}, seat_use=0)
    young = Account.objects.create(name="Young", stage="onboarding")
    for account in (book.account, young):
        fill(account, seat_use=20)

    score(book.account, young)

    together = dict(AccountHealth.objects.values_list("account__name", "score_hundredths"))
    versions = dict(AccountHealth.objects.values_list("account__name", "latest__version__scorecard__name"))
    assert versions == {"Initech": "Standard", "Young": "Onboarding"}
    assert together["Young"] == 7500 > together["Initech"]
    hashes = dict(HealthScore.objects.values_list("account__name", "input_hash"))
    HealthScore.objects.all().delete()
    for account in (young, book.account):
        score(account)
    assert dict(AccountHealth.objects.values_list("account__name", "score_hundredths")) == together
    assert dict(HealthScore.objects.values_list("account__name", "input_hash")) == hashes
    assert [(card.row.scorecard.name, ids) for card, ids in cards_for([young.pk, book.account.pk], today=TODAY)] == [
        ("Onboarding", [young.pk]),
        ("Standard", [book.account.pk]),
    ]


def test_an_edited_account_is_scored_under_the_card_it_belongs_to_now(
    book: World, django_capture_on_commit_callbacks: Any
) -> None:
    another("Onboarding", 10, {"stage": ["onboarding"]}, seat_use=0)
    fill(book.account, seat_use=20)
    before = score(book.account).score_hundredths
    mona = book.mona.as_actor()

    with time_machine.travel(NOW, tick=False), django_capture_on_commit_callbacks(execute=True):
        edit_account(account_id=book.account.pk, expected_version=1, changes={"stage": "onboarding"}, by=mona)

    health = AccountHealth.objects.select_related("latest__version__scorecard").get()
    assert (health.latest.version.scorecard.name, health.score_hundredths) == ("Onboarding", 7500)
    assert before is not None
    assert before < 7500


def test_accounts_that_moved_to_another_card_are_found(book: World) -> None:
    fill(book.account)
    score(book.account)
    assert accounts_under_another_card(TODAY) == []
    another("Onboarding", 10, {"stage": ["onboarding"]})
    Account.objects.update(stage="onboarding")

    assert accounts_under_another_card(TODAY) == [book.account.pk]


def test_a_month_end_keeps_the_version_it_was_scored_under(book: World) -> None:
    """Another card from today on: October stays, and a late correction of October is judged as October was."""
    fill(book.account, OCTOBER, seat_use=20)
    fill(book.account, NOVEMBER, seat_use=20)
    october = score(book.account).trend[10]
    another("Onboarding", 10, {"stage": ["onboarding"]}, seat_use=0)
    Account.objects.update(stage="onboarding")

    health = score(book.account)

    past = HealthScore.objects.get(as_of=date(2026, 10, 31), superseded_at=None)
    assert past.version.scorecard.name == "Standard"
    assert (health.trend[10], health.trend[11]) == (october, 7500)

    value(book.account, "effort_score", 7, OCTOBER)
    corrected = score(book.account)

    past = HealthScore.objects.get(as_of=date(2026, 10, 31), superseded_at=None)
    assert past.version.scorecard.name == "Standard"
    assert corrected.trend[10] == past.score_hundredths > october


def test_both_ends_of_the_change_are_under_the_card_that_applies_today(book: World) -> None:
    fill(book.account, date(2026, 9, 1), seat_use=20)
    fill(book.account, NOVEMBER, seat_use=20)
    score(book.account)
    another("Onboarding", 10, {"stage": ["onboarding"]}, seat_use=0)
    Account.objects.update(stage="onboarding")

    assert score(book.account).change_hundredths == 0


def test_an_account_leaves_a_card_for_the_young_when_it_is_old_enough(book: World) -> None:
    another("First 30 days", 10, {"younger_than_days": 30})
    Account.objects.update(customer_since=TODAY - timedelta(days=29))
    fill(book.account)

    names = [score(book.account, at=NOW + timedelta(days=day)).latest.version.scorecard.name for day in (0, 1)]

    assert names == ["First 30 days", "Standard"]


def test_dated_ranges_count_from_their_day(book: World) -> None:
    """Stricter from December on: the score of November stays, the one of December falls, by its own evidence."""
    version = ScorecardVersion.objects.get()
    for item in version.definition["items"]:
        if item["kpi"] == "seat_use":
            harder = [[points + 10 if points < 90 else points, worth] for points, worth in item["anchors"]]
            item["ranges"] = [{"from": "2026-12-01", "anchors": harder}]
    version.save()
    fill(book.account)

    before = score(book.account)
    after = score(book.account, at=NOW + timedelta(days=15))

    assert before.score_hundredths == 7500
    assert after.latest_id != before.latest_id
    assert after.score_hundredths < 7500
    assert after.trend[10] == 7500  # the end of November
