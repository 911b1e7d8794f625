"""The inbox: read and unread, put away with a reason and back by itself, repeats as one line."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from accounts.models import Notice
from accounts.operations.notices import read_notices, snooze_notice, tell
from accounts.queries.tasks import grouped, notices_in, unread
from core.errors import DomainError
from tests.world import World
from users.models import User

AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
TODAY = AT.date()


@pytest.fixture(autouse=True)
def _today() -> Any:
    with time_machine.travel(AT, tick=False):
        yield


def notice(user: User, key: str, url: str = "/tasks/1/", kind: str = "mention", ago: int = 0) -> Notice:
    tell(people=[user.pk], kind=kind, text=f"News {key}", url=url, key=key, at=AT - timedelta(minutes=ago))
    return Notice.objects.get(user=user, key=key)


def test_put_away_it_waits_for_its_day(world: World) -> None:
    found, by, until = notice(world.alice, "a"), world.alice.as_actor(), TODAY + timedelta(days=3)
    snooze_notice(notice_id=found.pk, until=until, reason="After the fair", by=by, at=AT)
    assert unread(by=by, on=TODAY) == 0
    assert [one.snooze_reason for one in notices_in("snoozed", by=by, on=TODAY)] == ["After the fair"]
    assert read_notices(by=by, at=AT) == 0, "all that wait: not what is put away"
    assert unread(by=by, on=until) == 1
    assert list(notices_in("snoozed", by=by, on=until)) == []
    for given, field in (({"until": TODAY, "reason": "x"}, "until"), ({"until": until, "reason": " "}, "reason")):
        with pytest.raises(DomainError) as refusal:
            snooze_notice(notice_id=found.pk, **given, by=by, at=AT)
        assert refusal.value.field == field
    with pytest.raises(Notice.DoesNotExist):
        snooze_notice(notice_id=found.pk, until=until, reason="x", by=world.mona.as_actor(), at=AT)


def test_repeats_about_one_thing_are_one_line_and_read_together(world: World) -> None:
    first = notice(world.alice, "a", "/tasks/1/#comment-1", ago=2)
    second = notice(world.alice, "b", "/tasks/1/#comment-2", ago=1)
    other = notice(world.alice, "c", "/tasks/2/")
    kind = notice(world.alice, "d", "/tasks/1/", kind="reminder", ago=3)
    by = world.alice.as_actor()
    groups = grouped(notices_in("", by=by, on=TODAY).order_by("-created_at"))
    assert [[one.pk for one in group.notices] for group in groups] == [[other.pk], [second.pk, first.pk], [kind.pk]]
    assert read_notices(by=by, at=AT, notice_id=second.pk, alike=True) == 2
    assert {one.pk for one in notices_in("", by=by, on=TODAY)} == {other.pk, kind.pk}
    assert read_notices(by=by, at=AT, notice_id=first.pk, unread=True) == 1


def test_the_inbox_on_the_page_and_through_the_api(world: World) -> None:
    found = notice(world.alice, "a")
    notice(world.alice, "b")
    browser, url = world.browser(world.alice, htmx=True), f"/notices/{found.pk}/snooze/"
    assert "1 more about the same" in browser.get("/notices/").content.decode()
    assert "Why it can wait" in browser.get(url).content.decode()
    answer = browser.post(url, {"until": "2026-11-25"})
    assert (answer.status_code, "Say why it can wait." in answer.content.decode()) == (422, True)
    assert browser.post(url, {"until": "2026-11-25", "reason": "Fair"}).status_code == 200
    page = browser.get("/notices/?show=snoozed").content.decode()
    assert "put away until" in page
    assert "Fair" in page
    browser.post(url, {"wake": "1"})
    assert unread(by=world.alice.as_actor(), on=TODAY) == 2
    assert world.browser(world.mona).get(url).status_code == 404
    given = {"until": "2026-11-26", "reason": "Later"}
    api = world.browser(world.alice).post(f"/api/v1/notices/{found.pk}/snooze/", given, content_type="application/json")
    assert (api.status_code, api.json()["snoozed_until"]) == (200, "2026-11-26")
