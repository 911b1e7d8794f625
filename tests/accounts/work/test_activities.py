"""Calls, mails, meetings and notes: written down, corrected, removed, and mixed with the trail by time."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.utils.timezone import now

from accounts.models import Account, Activity
from accounts.operations import edit_account
from accounts.operations.activities import edit_activity, record_activity, remove_activity
from accounts.queries.timeline import mixed_timeline
from core.errors import Conflict, DomainError
from tests.accounts.conftest import entries, woken
from tests.world import World

AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


def written(world: World, subject: str = "Talked about the rollout", **given: Any) -> Activity:
    by = given.pop("by", world.alice).as_actor()
    at = given.pop("at", AT)
    return record_activity(
        account_id=world.account.pk, kind=given.pop("kind", "call"), subject=subject, by=by, at=at, **given
    )


def test_what_was_written_down_says_who_and_when_and_the_trail_keeps_no_words(world: World) -> None:
    made = written(world, " Talked ", body="They want more seats", minutes=20)

    assert (made.subject, made.body, made.minutes, made.happened_at) == ("Talked", "They want more seats", 20, AT)
    assert made.by_label == world.alice.as_actor().label
    (entry,) = entries("accounts.activity_changed")
    assert entry == {
        "account_id": str(world.account.pk), "activity_id": str(made.pk), "kind": "call", "what": "recorded",
        "fields": [],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"kind": "dance"}, "kind"),
        ({"subject": " "}, "subject"),
        ({"happened_at": AT + timedelta(hours=1)}, "happened_at"),
        ({"minutes": 2000}, "minutes"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(world: World, given: dict[str, Any], field: str) -> None:
    with pytest.raises(DomainError) as refusal:
        written(world, **given)
    assert refusal.value.field == field
    assert not Activity.objects.exists()


def test_who_may_write_and_correct(world: World) -> None:
    with pytest.raises(PermissionDenied):
        written(world, by=world.vic)
    with pytest.raises(Account.DoesNotExist):
        written(world, by=world.bob)
    made = written(world)
    with pytest.raises(Activity.DoesNotExist):
        remove_activity(activity_id=made.pk, by=world.bob.as_actor(), at=AT)
    with pytest.raises(PermissionDenied):
        remove_activity(activity_id=made.pk, by=world.ana.as_actor(), at=AT)
    remove_activity(activity_id=made.pk, by=world.mona.as_actor(), at=AT)


def test_two_editors_notice_each_other(world: World) -> None:
    made = written(world)
    edit_activity(
        activity_id=made.pk, expected_version=1, changes={"subject": "Seats"}, by=world.alice.as_actor(), at=AT
    )
    with pytest.raises(Conflict):
        edit_activity(
            activity_id=made.pk, expected_version=1, changes={"subject": "No"}, by=world.mona.as_actor(), at=AT
        )
    assert Activity.objects.get().subject == "Seats"
    assert entries("accounts.activity_changed")[-1]["fields"] == ["subject"]


def test_the_timeline_mixes_people_and_system_by_time_in_pages_that_lose_nothing(world: World) -> None:
    start = now()
    for number in range(5):
        written(world, f"A{number}", at=start, happened_at=start - timedelta(days=number, seconds=number % 2))
        edit_account(
            account_id=world.account.pk, expected_version=number + 1, changes={"tier": f"T{number}"},
            by=world.alice.as_actor(),
        )  # fmt: skip
    written(world, "Same moment 1", at=start)
    written(world, "Same moment 2", at=start)

    seen, after = [], ""
    while True:
        page = mixed_timeline(world.account.pk, part="", after=after, size=3, by=world.alice.as_actor())
        seen += page.rows
        if page.after is None:
            break
        after = page.after

    assert [row.at for row in seen] == sorted((row.at for row in seen), reverse=True)
    assert len({row.activity_id or row.seq for row in seen}) == len(seen) == 12
    whole = mixed_timeline(world.account.pk, part="call", after="", size=50, by=world.alice.as_actor())
    assert len(whole.rows) == 7
    assert mixed_timeline(world.account.pk, part="mail", after="", size=5, by=world.alice.as_actor()).rows == []
    for made_up in ("x", "1.2", "..", "99999999999999999999..", "1.9999999999999999999.zz", "-1.5.x"):
        mixed_timeline(world.account.pk, part="", after=made_up, size=5, by=world.alice.as_actor())


def test_writing_down_is_one_key_away_from_every_page_of_an_account(world: World) -> None:
    browser, url = world.browser(world.alice), f"/accounts/{world.account.pk}/activities/"
    for page in ("", "people/", "contracts/"):
        head = browser.get(f"/accounts/{world.account.pk}/{page}").content.decode()
        assert f'href="{url}"' in head, page
        assert 'data-shortcut="c"' in head, page
    form = browser.get(url).content.decode()
    assert '<details class="details log" open>' in form
    assert "<title>Timeline," in form
    assert f'href="{url}"' not in world.browser(world.vic).get(f"/accounts/{world.account.pk}/").content.decode()


def test_the_panel_writes_corrects_removes_and_undoes(world: World) -> None:
    browser = world.browser(world.alice, htmx=True)
    url = f"/accounts/{world.account.pk}/activities/"
    answer = browser.post(url, {"kind": "meeting", "subject": "Quarterly review", "body": "All well", "minutes": "45"})
    assert answer.status_code == 200
    assert "Quarterly review" in answer.content.decode()
    made = Activity.objects.get()

    form = browser.get(f"{url}{made.pk}/").content.decode()
    assert "Quarterly review" in form
    saved = browser.post(f"{url}{made.pk}/", {"kind": "note", "subject": "Review", "version": "1"})
    assert Activity.objects.get().subject == "Review"
    assert Activity.objects.get().body == ""
    assert saved["HX-Retarget"] == "#timeline"
    assert browser.post(f"{url}{made.pk}/", {"kind": "note", "version": "2"}).status_code == 422, "without a subject"
    assert browser.post(woken(saved)["toast"]["undoUrl"]).status_code == 200
    assert (Activity.objects.get().subject, Activity.objects.get().body) == ("Quarterly review", "All well")
    assert browser.post(f"{url}{made.pk}/undo/?to=made-up").status_code == 404

    gone = browser.post(f"{url}{made.pk}/remove/")
    assert "Quarterly review" not in gone.content.decode()
    browser.post(woken(gone)["toast"]["undoUrl"])
    assert Activity.objects.get().removed_at is None


def test_a_refused_form_keeps_the_words_and_a_stale_one_says_so(world: World) -> None:
    browser = world.browser(world.alice)
    url = f"/accounts/{world.account.pk}/activities/"
    answer = browser.post(url, {"kind": "call", "body": "Long words"})
    assert answer.status_code == 422
    assert "Long words" in answer.content.decode()
    made = written(world)
    stale = browser.post(f"{url}{made.pk}/", {"kind": "call", "subject": "Mine", "version": "7"})
    assert stale.status_code == 409
    assert "Keep theirs, subject" in stale.content.decode()
    assert world.browser(world.vic).post(url, {"kind": "call", "subject": "x"}).status_code == 403


def test_the_panel_costs_the_same_for_one_and_three(world: World, query_count: Callable[..., Any]) -> None:
    browser = world.browser(world.alice, htmx=True)
    url = f"/accounts/{world.account.pk}/panels/timeline/"
    written(world)
    browser.get(url)
    with query_count() as one:
        browser.get(url)
    written(world)
    written(world)
    with query_count() as three:
        browser.get(url)
    assert one.number == three.number <= 25


def test_the_api_has_every_verb(world: World) -> None:
    browser, url = world.browser(world.mona), "/api/v1/activities/"
    body = {"account_id": str(world.account.pk), "kind": "mail", "subject": "Offer"}
    made = browser.post(url, body, content_type="application/json")
    assert made.status_code == 201
    one = f"{url}{made.json()['id']}/"
    edited = browser.patch(one, {"subject": "The offer", "version": 1}, content_type="application/json")
    assert edited.json()["version"] == 2
    assert browser.patch(one, {"subject": "x", "version": 1}, content_type="application/json").status_code == 409
    assert [row["subject"] for row in browser.get(url, {"kind": "mail"}).json()["results"]] == ["The offer"]
    assert world.browser(world.bob).get(url).json()["results"] == []
    assert world.browser(world.bob).get(one).status_code == 404
    assert browser.post(f"{one}remove/", {}, content_type="application/json").json()["removed_at"]
    assert browser.get(url).json()["results"] == []
    assert browser.post(f"{one}remove/", {"restore": True}, content_type="application/json").status_code == 200
