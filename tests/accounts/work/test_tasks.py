"""Tasks: given and told once, private, put off, reminded once, made from templates; and what stands beside them."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core.exceptions import PermissionDenied

from accounts.models import Account, Notice, Task
from accounts.operations.task_templates import apply_template, due_day, save_template
from accounts.operations.tasks import close_task, create_task, edit_task, remind, reopen_task, snooze_task
from accounts.queries.tasks import my_tasks, unread
from accounts.tasks import remind as remind_task
from core.actor import Actor
from core.errors import Conflict, DomainError
from tests.accounts.conftest import entries, woken
from tests.world import World
from users.models import User

AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
TODAY = AT.date()


@pytest.fixture(autouse=True)
def _today() -> Any:
    with time_machine.travel(AT, tick=False):
        yield


def task_of(world: World, title: str = "Send the offer", *, by: User | None = None, **given: Any) -> Task:
    person = (by or world.alice).as_actor()
    account_id = given.pop("account_id", world.account.pk)
    return create_task(title=title, account_id=account_id, by=person, at=AT, **given)


def change(task: Task, by: User, **changes: Any) -> Task:
    return edit_task(task_id=task.pk, expected_version=task.version, changes=changes, by=by.as_actor(), at=AT)


def told(user: User) -> list[str]:
    return list(Notice.objects.filter(user=user).order_by("created_at", "id").values_list("text", flat=True))


def test_giving_a_task_tells_the_new_owner_exactly_once(world: World) -> None:
    task = task_of(world)
    assert told(world.alice) == []

    task = change(task, world.alice, assignee_id=world.mona.pk)
    task = change(task, world.alice, title="Send the new offer")
    assert told(world.mona) == ["Alice gave you a task: Send the offer"]

    change(change(task, world.mona, assignee_id=world.alice.pk), world.alice, assignee_id=world.mona.pk)
    assert len(told(world.mona)) == 2, "given again is news again"
    assert unread(by=world.mona.as_actor()) == 2


def test_a_task_goes_only_to_who_sees_the_account(world: World) -> None:
    with pytest.raises(DomainError) as refusal:
        task_of(world, assignee_id=world.bob.pk)
    assert refusal.value.field == "assignee_id"
    with pytest.raises(Account.DoesNotExist):
        task_of(world, by=world.bob)
    with pytest.raises(PermissionDenied):
        task_of(world, by=world.vic)
    with pytest.raises(DomainError):
        task_of(world, " ")
    assert not Task.objects.exists()


def test_two_editors_notice_each_other(world: World) -> None:
    task = task_of(world)
    change(Task.objects.get(), world.mona, title="Mine")
    with pytest.raises(Conflict):
        change(task, world.alice, title="No, mine")


def test_a_private_task_is_invisible_to_third_persons_everywhere(world: World) -> None:
    task = task_of(world, "Secret talk", by=world.mona, private=True)
    third, page = world.browser(world.amy), f"/tasks/{task.pk}/"

    for url in ("/tasks/?view=all", f"/accounts/{world.account.pk}/tasks/", "/search/?q=Secret", "/"):
        assert "Secret talk" not in third.get(url).content.decode(), url
    for verb in ("", "done/", "drop/", "reopen/", "snooze/", "comments/"):
        assert third.post(page + verb, {"title": "x"}).status_code == 404, verb
    assert third.get(page).status_code == 404
    assert third.get("/api/v1/tasks/").json()["results"] == []
    assert third.get(f"/api/v1/tasks/{task.pk}/").status_code == 404
    assert third.post(f"/api/v1/tasks/{task.pk}/close/", {}, content_type="application/json").status_code == 404
    body = {"subject_kind": "task", "subject_id": str(task.pk), "body": "x"}
    assert third.post("/api/v1/comments/", body, content_type="application/json").status_code == 404
    assert entries("accounts.task_changed")[-1]["account_id"] is None, "not on the account's timeline either"

    assert "Secret talk" in world.browser(world.mona).get(page).content.decode()
    change(task, world.mona, assignee_id=world.alice.pk)
    assert world.browser(world.alice).get(page).status_code == 200
    shared = Task.objects.get()
    change(shared, world.alice, private=False)
    with pytest.raises(DomainError):
        change(Task.objects.get(), world.alice, private=True)


def test_done_dropped_and_open_again(world: World) -> None:
    task, by = task_of(world), world.alice.as_actor()
    for _ in range(2):
        close_task(task_id=task.pk, by=by, at=AT)
    assert (Task.objects.get().done_by, Task.objects.get().dropped) == (by.label, False)
    reopen_task(task_id=task.pk, by=by, at=AT)
    close_task(task_id=task.pk, by=by, at=AT, dropped=True)
    assert Task.objects.get().dropped
    assert [entry["what"] for entry in entries("accounts.task_changed")] == ["made", "done", "reopened", "dropped"]


def test_a_snoozed_task_comes_back_on_its_day(world: World) -> None:
    task, by = task_of(world), world.alice.as_actor()
    for until, reason in ((TODAY, "later"), (TODAY + timedelta(days=3), " ")):
        with pytest.raises(DomainError):
            snooze_task(task_id=task.pk, until=until, reason=reason, by=by, at=AT)
    snooze_task(task_id=task.pk, until=TODAY + timedelta(days=3), reason="They are away", by=by, at=AT)
    assert not my_tasks(by=by, on=TODAY).exists()
    assert my_tasks(by=by, on=TODAY + timedelta(days=3)).exists()
    snooze_task(task_id=task.pk, until=None, by=by, at=AT)
    assert my_tasks(by=by, on=TODAY).exists()


def test_a_reminder_fires_once(world: World) -> None:
    task = task_of(world, assignee_id=world.mona.pk, remind_on=TODAY)
    task_of(world, "Later", remind_on=TODAY + timedelta(days=1))
    system = Actor.system("test")
    assert [remind(on=TODAY, by=system, at=AT) for _ in range(3)] == [1, 0, 0]
    remind_task.apply()
    assert told(world.mona) == ["Alice gave you a task: Send the offer", "Reminder: Send the offer"]

    change(Task.objects.get(pk=task.pk), world.mona, remind_on=TODAY - timedelta(days=1))
    assert remind(on=TODAY, by=system, at=AT) == 1


@pytest.mark.parametrize(
    ("start", "days", "weekdays", "due"),
    [
        (date(2026, 11, 20), 2, False, date(2026, 11, 22)),
        (date(2026, 11, 20), 0, True, date(2026, 11, 20)),
        (date(2026, 11, 20), 1, True, date(2026, 11, 23)),
        (date(2026, 11, 20), 6, True, date(2026, 11, 30)),
        (date(2026, 11, 21), 0, True, date(2026, 11, 23)),
        (date(2026, 11, 22), 5, True, date(2026, 11, 30)),
    ],
)
def test_days_after_a_start(start: date, days: int, weekdays: bool, due: date) -> None:
    assert due_day(start, days, weekdays=weekdays) == due


def test_a_template_makes_dated_tasks(world: World) -> None:
    items = [{"title": "Call", "days": 0}, {"title": "Review", "days": 1, "weekdays": True, "priority": 1}]
    template = save_template(name="Kick-off", items=items, by=world.mona.as_actor())
    with pytest.raises(PermissionDenied):
        save_template(name="Mine", items=items, by=world.alice.as_actor())
    for wrong in ([], [{"title": ""}], [{"title": "x", "days": -1}]):
        with pytest.raises(DomainError):
            save_template(name="Wrong", items=wrong, by=world.mona.as_actor())

    made = apply_template(
        template_id=template.pk, account_id=world.account.pk, starts_on=TODAY, by=world.alice.as_actor(), at=AT
    )
    assert [(task.title, task.due_on, task.priority) for task in made] == [
        ("Call", date(2026, 11, 20), 2), ("Review", date(2026, 11, 23), 1),
    ]  # fmt: skip


def test_pages_make_close_and_undo(world: World) -> None:
    browser, panel = world.browser(world.alice, htmx=True), f"/accounts/{world.account.pk}/tasks/"
    answer = browser.post(panel, {"title": "Old thing", "due_on": "2026-11-01", "assignee_id": str(world.alice.pk)})
    assert answer.status_code == 200
    task = Task.objects.get()
    for url in (panel, "/tasks/?view=overdue", "/"):
        assert "Old thing" in browser.get(url).content.decode(), url
    assert browser.post(panel, {"title": ""}).status_code == 422
    done = browser.post(f"/tasks/{task.pk}/done/")
    assert Task.objects.get().done_at
    browser.post(woken(done)["toast"]["undoUrl"])
    assert Task.objects.get().done_at is None
    plain = world.browser(world.alice)
    assert plain.post(f"/tasks/{task.pk}/snooze/", {"until": "2026-11-01"}).status_code == 422
    assert plain.post(f"/tasks/{task.pk}/snooze/", {"until": "2026-12-01", "reason": "Away"}).status_code == 302
    assert plain.post(f"/tasks/{task.pk}/", {"title": "New", "version": "1"}).status_code == 409
    values = {"title": "New", "version": Task.objects.get().version, "assignee_id": str(world.mona.pk)}
    assert plain.post(f"/tasks/{task.pk}/", values).status_code == 302
    assert Task.objects.get().assignee_id == world.mona.pk
    template = save_template(name="Kick-off", items=[{"title": "Call", "days": 0}], by=world.mona.as_actor())
    given = {"template_id": str(template.pk), "starts_on": "2026-11-20", "assignee_id": str(world.alice.pk)}
    assert browser.post(panel, given).status_code == 200
    assert Task.objects.filter(title="Call").exists()
    assert browser.post(panel, {**given, "template_id": "x"}).status_code == 422


def test_lists_cost_the_same_for_one_and_three(world: World, query_count: Callable[..., Any]) -> None:
    browser, urls = world.browser(world.alice), ("/tasks/", f"/accounts/{world.account.pk}/tasks/", "/notices/", "/")
    counts: dict[str, list[int]] = {url: [] for url in urls}
    for wanted in (1, 3):
        while Task.objects.count() < wanted:
            made = task_of(world, f"T{Task.objects.count()}", by=world.mona, assignee_id=world.alice.pk)
            assert made.pk
        for url in urls:
            browser.get(url)
            with query_count() as queries:
                browser.get(url)
            counts[url].append(queries.number)
    for url, (one, three) in counts.items():
        assert one == three <= 25, (url, one, three)


def test_the_api_has_every_verb(world: World) -> None:
    browser, url = world.browser(world.mona), "/api/v1/tasks/"
    json: dict[str, Any] = {"content_type": "application/json"}
    made = browser.post(url, {"title": "Call", "account_id": str(world.account.pk)}, **json)
    assert made.status_code == 201
    one = f"{url}{made.json()['id']}/"
    assert browser.patch(one, {"priority": 1, "version": 1}, **json).json()["version"] == 2
    assert browser.patch(one, {"priority": 2, "version": 1}, **json).status_code == 409
    assert browser.post(f"{one}snooze/", {"until": "2026-12-01", "reason": "Away"}, **json).status_code == 200
    assert browser.post(f"{one}close/", {"dropped": True}, **json).json()["dropped"]
    assert browser.post(f"{one}reopen/", {}, **json).json()["done_at"] is None
    assert world.browser(world.bob).get(one).status_code == 404
    templates = "/api/v1/task-templates/"
    body = {"name": "Start", "items": [{"title": "Call", "days": 1}]}
    template = browser.post(templates, body, **json).json()
    assert browser.put(f"{templates}{template['id']}/", {**body, "version": 1}, **json).json()["version"] == 2
    given = {"account_id": str(world.account.pk), "starts_on": "2026-11-20"}
    assert browser.post(f"{templates}{template['id']}/apply/", given, **json).json()[0]["due_on"] == "2026-11-21"
    assert browser.post(f"{templates}{template['id']}/archive/", {}, **json).json()["archived_at"]
