"""Caps and floors: by a person and by a rule, dated, printed beside the score, gone when their ground is gone."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.core.exceptions import PermissionDenied

from core.models import Entry
from kpis.models import HealthScore, KpiValue, ScorecardVersion, ScoreException
from kpis.operations.exceptions import (
    ExceptionEnded,
    NotAnException,
    Wanted,
    add_standard_exceptions,
    restore_exception,
    set_exception,
    withdraw_exception,
)
from kpis.queries.evidence import evidence
from kpis.queries.exceptions import exceptions_of
from tests.kpis.health.book import NOW, TODAY, fill, furnish, score, value
from tests.world import World

LEFT = {
    "kpi": "champion_status",
    "op": "<=",
    "value": 0,
    "kind": "cap",
    "limit": 60,
    "reason": "Champion left",
    "order": 10,
}


@pytest.fixture
def book(world: World) -> World:
    furnish()
    return world


def wanted(**given: Any) -> Wanted:
    plain: dict[str, Any] = {
        "kind": "cap",
        "limit": Decimal(60),
        "reason": "Escalation with the board",
        "starts_on": TODAY,
    }
    return Wanted(**{**plain, **given})


def put(book: World, *, at: Any = NOW, **given: Any) -> ScoreException:
    return set_exception(account_id=book.account.pk, wanted=wanted(**given), by=book.mona.as_actor(), at=at)


def rule(**given: Any) -> None:
    """Give the standard scorecard one rule."""
    version = ScorecardVersion.objects.get()
    version.definition["exceptions"] = [{**LEFT, **given}]
    version.save()


def test_a_cap_is_stored_and_printed_with_what_the_score_would_be_without(book: World) -> None:
    fill(book.account)
    made = put(book)

    health = score(book.account)

    stored = health.latest
    assert (health.score_hundredths, health.band, stored.base_hundredths) == (6000, "yellow", 7500)
    assert stored.exceptions == [[str(made.pk), "cap", 6000, "Escalation with the board", 7500, 6000]]
    assert sum(part[5] for part in stored.parts) == 7500
    found = evidence(HealthScore.objects.select_related("version__scorecard").get(pk=stored.pk))
    assert [one.text for one in found.exceptions] == ["Escalation with the board caps overall at 60; without it 75.00"]
    assert found.adds_up
    assert found.recomputed.same


def test_champion_left_caps_overall_at_60_and_lifting_the_condition_lifts_the_cap(book: World) -> None:
    rule()
    fill(book.account)
    value(book.account, "champion_status", 0)
    capped = score(book.account)
    assert capped.score_hundredths == 6000
    (moved,) = evidence(HealthScore.objects.select_related("version__scorecard").get(pk=capped.latest_id)).exceptions
    assert moved.text == f"Champion left caps overall at 60; without it {moved.before:.2f}"
    assert moved.by_rule
    assert moved.before > 60

    KpiValue.objects.filter(kpi__code="champion_status").update(superseded_at=NOW)
    value(book.account, "champion_status", 100)

    lifted = score(book.account)
    assert lifted.latest.exceptions == []
    assert lifted.score_hundredths == lifted.latest.base_hundredths > 7500


def test_a_value_that_counts_no_more_holds_no_cap(book: World) -> None:
    rule()
    fill(book.account)
    value(book.account, "champion_status", 0, date(2026, 5, 1))

    assert score(book.account).latest.exceptions == []


def test_a_person_has_the_last_word_over_a_rule(book: World) -> None:
    rule()
    fill(book.account)
    value(book.account, "champion_status", 0)
    put(book, kind="floor", limit=Decimal(70), reason="New champion signed today")

    health = score(book.account)

    assert health.score_hundredths == 7000
    assert [(one[3], one[5]) for one in health.latest.exceptions] == [
        ("Champion left", 6000),
        ("New champion signed today", 7000),
    ]


def test_one_that_expires_stops_with_the_night(book: World) -> None:
    fill(book.account)
    put(book, expires_on=TODAY + timedelta(days=1))

    days = [score(book.account, at=NOW + timedelta(days=day)).score_hundredths for day in (0, 1, 2)]

    assert days == [6000, 6000, 7500]


def test_one_that_is_to_come_does_nothing_yet(book: World) -> None:
    fill(book.account)
    put(book, starts_on=TODAY + timedelta(days=2))

    days = [score(book.account, at=NOW + timedelta(days=day)).score_hundredths for day in (0, 1, 2)]

    assert days == [7500, 7500, 6000]


def test_without_enough_data_a_cap_makes_no_score(book: World) -> None:
    value(book.account, "seat_use", 80)
    put(book)

    health = score(book.account)

    assert (health.score_hundredths, health.latest.exceptions) == (None, [])


def test_setting_and_withdrawing_lead_to_a_new_score_and_stand_on_the_trail(
    book: World, django_capture_on_commit_callbacks: Any
) -> None:
    fill(book.account)
    mona = book.mona.as_actor()
    with time_machine.travel(NOW, tick=False):
        with django_capture_on_commit_callbacks(execute=True):
            made = put(book)
        capped = HealthScore.objects.get(superseded_at=None)
        with django_capture_on_commit_callbacks(execute=True):
            withdraw_exception(exception_id=made.pk, by=mona, at=NOW)
        free = HealthScore.objects.get(superseded_at=None)
        with django_capture_on_commit_callbacks(execute=True):
            again = restore_exception(exception_id=made.pk, by=mona, at=NOW)

    assert (capped.score_hundredths, free.score_hundredths) == (6000, 7500)
    assert HealthScore.objects.get(superseded_at=None).exceptions[0][0] == str(again.pk) != str(made.pk)
    events = list(
        Entry.objects.filter(event__startswith="kpis.exception").order_by("seq").values_list("event", flat=True)
    )
    assert events == ["kpis.exception_set", "kpis.exception_withdrawn", "kpis.exception_set"]


def test_what_was_scored_with_an_exception_can_be_known_as_it_was(book: World) -> None:
    """Set on Friday, withdrawn on Monday: it held on Friday for ever, and on Friday nobody knew of the withdrawal."""
    made, monday = put(book), NOW + timedelta(days=3)
    withdraw_exception(exception_id=made.pk, by=book.mona.as_actor(), at=monday)

    (now,) = exceptions_of([book.account.pk])[book.account.pk]
    (then,) = exceptions_of([book.account.pk], known_at=NOW)[book.account.pk]

    assert (now.holds_on(TODAY), now.holds_on(monday.date())) == (True, False)
    assert (then.holds_on(TODAY), then.holds_on(monday.date())) == (True, True)
    assert exceptions_of([book.account.pk], known_at=NOW - timedelta(seconds=1)) == {}


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"limit": Decimal("100.5")}, "limit"),
        ({"limit": Decimal("60.005")}, "limit"),
        ({"limit": Decimal("NaN")}, "limit"),
        ({"reason": "  "}, "reason"),
        ({"reason": "x" * 201}, "reason"),
        ({"starts_on": TODAY - timedelta(days=1)}, "starts_on"),
        ({"expires_on": TODAY - timedelta(days=1)}, "expires_on"),
        ({"kind": "lid"}, "kind"),
        ({"order": 0}, "order"),
    ],
)
def test_what_cannot_be_set_is_refused_at_its_field(book: World, given: dict[str, Any], field: str) -> None:
    with pytest.raises(NotAnException) as refusal:
        put(book, **given)

    assert refusal.value.field == field
    assert not ScoreException.objects.exists()


def test_only_who_may_sets_one_and_nobody_twice(book: World) -> None:
    with pytest.raises(PermissionDenied):
        set_exception(account_id=book.account.pk, wanted=wanted(), by=book.alice.as_actor(), at=NOW)
    assert not ScoreException.objects.exists()
    made = put(book)
    with pytest.raises(ExceptionEnded):
        restore_exception(exception_id=made.pk, by=book.mona.as_actor(), at=NOW)
    withdraw_exception(exception_id=made.pk, by=book.mona.as_actor(), at=NOW)
    with pytest.raises(ExceptionEnded, match="Mona withdrew this already"):
        withdraw_exception(exception_id=made.pk, by=book.mona.as_actor(), at=NOW)


# Pages and API --------------------------------------------------------------------------------------------------


def text_of(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def test_the_dialog_sets_one_and_says_what_is_wrong_beside_the_field(book: World) -> None:
    browser, address = book.browser(book.mona, htmx=True), f"/accounts/{book.account.pk}/exceptions/"
    with time_machine.travel(NOW, tick=False):
        wrong = browser.post(address, {"kind": "cap", "limit": "160", "reason": "", "starts_on": "2026-11-20"})
        assert wrong.status_code == 422
        assert "Enter points from 0 to 100." in text_of(wrong)
        assert "Say why: it is printed beside the score." in text_of(wrong)

        done = browser.post(
            address, {"kind": "cap", "limit": "60", "reason": "Board", "starts_on": "2026-11-20", "expires_on": ""}
        )

    assert done.status_code == 204
    made = ScoreException.objects.get()
    assert (made.kind, made.limit_hundredths, made.reason, made.expires_on) == ("cap", 6000, "Board", None)
    panel = text_of(browser.get(f"/accounts/{book.account.pk}/panels/exceptions/"))
    assert "<b>Cap at 60</b>: Board" in panel
    assert f"/accounts/{book.account.pk}/exceptions/{made.pk}/withdraw/" in panel


def test_without_script_the_page_sets_one_and_withdraws_it(book: World) -> None:
    browser, address = book.browser(book.mona), f"/accounts/{book.account.pk}/exceptions/"
    with time_machine.travel(NOW, tick=False):
        browser.force_login(book.mona)
        assert browser.get(address).status_code == 200
        done = browser.post(address, {"kind": "floor", "limit": "50", "reason": "Board", "starts_on": "2026-11-20"})
        made = ScoreException.objects.get()
        gone = browser.post(f"{address}{made.pk}/withdraw/")
        twice = browser.post(f"{address}{made.pk}/withdraw/")

    assert (done.status_code, gone.status_code, twice.status_code) == (302, 302, 302)
    made.refresh_from_db()
    assert made.withdrawn_by == "Mona"


def test_a_csm_sees_what_holds_and_may_not_change_it(book: World) -> None:
    made = put(book)
    browser = book.browser(book.alice)

    panel = text_of(browser.get(f"/accounts/{book.account.pk}/panels/exceptions/"))

    assert "Escalation with the board" in panel
    assert "Withdraw" not in panel
    assert browser.post(f"/accounts/{book.account.pk}/exceptions/{made.pk}/withdraw/").status_code == 403
    assert book.browser(book.bob).get(f"/accounts/{book.account.pk}/panels/exceptions/").status_code == 404


def test_the_reason_is_printed_wherever_the_score_is_explained(book: World) -> None:
    fill(book.account)
    put(book)
    score(book.account)
    browser, here = book.browser(book.alice), f"/accounts/{book.account.pk}"

    with time_machine.travel(NOW, tick=False):
        browser.force_login(book.alice)
        health, why, page = (
            text_of(browser.get(f"{here}/{path}/")) for path in ("panels/health", "panels/why", "evidence")
        )

    printed = "<b>Escalation with the board</b> caps overall at 60; without it 75.00."
    assert printed in health
    assert printed in page
    assert "caps and floors make it 60.00" in page
    assert "Why it is 60.00" in why
    assert "Before caps and floors" in why
    assert "Standard v1</b> applies: it is for every account." in health


def test_the_api_sets_lists_withdraws_and_explains(book: World) -> None:
    fill(book.account)
    browser, api = book.browser(book.mona), f"/api/v1/accounts/{book.account.pk}"
    with time_machine.travel(NOW, tick=False):
        browser.force_login(book.mona)
        wrong = browser.post(f"{api}/exceptions/", {"kind": "cap", "limit": 60}, "application/json")
        made = browser.post(f"{api}/exceptions/", {"kind": "cap", "limit": 60, "reason": "Board"}, "application/json")
        score(book.account)
        listed = browser.get(f"{api}/exceptions/").json()
        explained = browser.get(f"{api}/evidence/").json()
        gone = browser.post(f"{api}/exceptions/{made.json()['id']}/withdraw/")
        back = browser.post(f"{api}/exceptions/{made.json()['id']}/restore/")
        card = browser.get(f"{api}/scorecard/").json()

    assert (wrong.status_code, made.status_code, gone.status_code, back.status_code) == (400, 201, 200, 201)
    assert [(one["state"], one["moves"]) for one in listed] == [("holds", True)]
    assert explained["exceptions"][0]["text"] == "Board caps overall at 60; without it 75.00"
    assert (explained["score"], explained["base"], explained["adds_up"]) == ("60.00", "75.00", True)
    assert (gone.json()["state"], back.json()["state"]) == ("withdrawn", "holds")
    assert card["why"] == "Standard applies: it is for every account"


def test_the_usual_caps_are_offered_to_a_draft_once(book: World) -> None:
    live = ScorecardVersion.objects.get()
    draft = ScorecardVersion.objects.create(
        scorecard=live.scorecard, number=2, definition=live.definition, based_on=live, created_at=NOW, created_by="x"
    )
    mona = book.mona.as_actor()

    done = add_standard_exceptions(version_id=draft.pk, edits=1, by=mona)
    again = add_standard_exceptions(version_id=draft.pk, edits=2, by=mona)

    assert [row["reason"] for row in done.definition["exceptions"]] == ["Champion left"]
    assert (again.edits, again.definition["exceptions"]) == (2, done.definition["exceptions"])
    page = text_of(book.browser(book.mona).get(f"/scorecards/versions/{draft.pk}/"))
    assert "Add the usual caps" in page
