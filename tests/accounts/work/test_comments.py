"""Comments: who may write, who is told, and that nobody hears of what they cannot see."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from accounts.models import Account, Comment, Notice
from accounts.operations.comments import edit_comment, remove_comment, write_comment
from accounts.operations.tasks import create_task
from core.errors import DomainError
from tests.accounts.conftest import woken
from tests.world import World
from users.models import User

AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


def write(world: World, body: str, by: User | None = None) -> Comment:
    person = (by or world.alice).as_actor()
    return write_comment(subject_kind="account", subject_id=world.account.pk, body=body, by=person, at=AT)


def told() -> list[str]:
    return sorted(Notice.objects.filter(kind="mention").values_list("user__name", flat=True))


def test_a_mention_makes_one_notice_for_who_sees_the_account(world: World) -> None:
    made = write(world, "@Mona @mona look; @bob and mail@amy.example too, @Alice")

    assert told() == ["Mona"], "Bob does not see it, a mail address is no mention, and nobody tells themselves"
    edit_comment(comment_id=made.pk, body="@Mona and @Amy", by=world.alice.as_actor(), at=AT)
    assert told() == ["Amy", "Mona"]
    Account.objects.filter(pk=world.account.pk).update(owner=world.bob)
    assert world.browser(world.alice).get(f"/accounts/{world.account.pk}/comments/").status_code == 404


def test_who_may_write_and_remove(world: World) -> None:
    with pytest.raises(Account.DoesNotExist):
        write(world, "x", by=world.bob)
    with pytest.raises(PermissionDenied):
        write(world, "x", by=world.vic)
    with pytest.raises(DomainError):
        write(world, "  ")
    made = write(world, "Mine")
    with pytest.raises(DomainError):
        remove_comment(comment_id=made.pk, by=world.mona.as_actor(), at=AT)
    with pytest.raises(Comment.DoesNotExist):
        remove_comment(comment_id=made.pk, by=world.bob.as_actor(), at=AT)


def test_a_private_task_tells_nobody_else(world: World) -> None:
    task = create_task(title="Secret", private=True, by=world.alice.as_actor(), at=AT, account_id=world.account.pk)
    write_comment(subject_kind="task", subject_id=task.pk, body="@Mona", by=world.alice.as_actor(), at=AT)
    assert told() == []
    assert world.browser(world.mona).get("/api/v1/comments/").json()["results"] == []


def test_the_panel_writes_removes_and_undoes_and_the_notices_are_read(world: World) -> None:
    browser, url = world.browser(world.alice, htmx=True), f"/accounts/{world.account.pk}/comments/"
    assert "Look here" in browser.post(url, {"body": "@Mona Look here"}).content.decode()
    assert browser.post(url, {"body": ""}).status_code == 422
    made = Comment.objects.get()
    gone = browser.post(f"/comments/{made.pk}/remove/")
    assert "Look here" not in browser.get(url).content.decode()
    browser.post(woken(gone)["toast"]["undoUrl"])
    assert "Look here" in browser.get(url).content.decode()

    mona = world.browser(world.mona)
    page = mona.get("/notices/").content.decode()
    assert "Alice named you" in page
    assert '<span class="n">1</span>' in page
    notice = Notice.objects.get()
    assert world.browser(world.amy).post(f"/notices/{notice.pk}/").status_code == 404
    opened = mona.post(f"/notices/{notice.pk}/", {"go": "1"})
    assert opened["Location"] == f"/accounts/{world.account.pk}/#comment-{made.pk}"
    assert "Nothing is unread" in mona.get("/notices/").content.decode()
    mona.post(f"/notices/{notice.pk}/", {"unread": "1"})
    mona.post("/notices/read/")
    assert Notice.objects.get().read_at


def test_the_api_has_every_verb(world: World) -> None:
    browser, url = world.browser(world.alice), "/api/v1/comments/"
    json: dict[str, Any] = {"content_type": "application/json"}
    body = {"subject_kind": "account", "subject_id": str(world.account.pk), "body": "Hello @Mona"}
    made = browser.post(url, body, **json)
    assert made.status_code == 201
    one = f"{url}{made.json()['id']}/"
    assert browser.patch(one, {"body": "Bye"}, **json).json()["edited_at"]
    assert len(browser.get(url, {"subject_id": str(world.account.pk)}).json()["results"]) == 1
    assert world.browser(world.bob).get(url).json()["results"] == []
    assert browser.post(f"{one}remove/", {}, **json).json()["removed_at"]
    mona = world.browser(world.mona)
    notice = mona.get("/api/v1/notices/").json()["results"][0]
    assert mona.post(f"/api/v1/notices/{notice['id']}/read/", {}, **json).json()["read_at"]
    assert world.browser(world.amy).get("/api/v1/notices/").json()["results"] == []
