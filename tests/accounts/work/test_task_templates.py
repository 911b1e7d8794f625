"""Task templates on their pages: edited, previewed, applied; weekends and days off are skipped where asked."""

from datetime import date
from typing import Any

import pytest
import time_machine

from accounts.models import DayOff, Task, TaskTemplate
from accounts.operations.task_templates import due_day, keep_day_off, save_template
from core.errors import DomainError
from tests.world import World


@pytest.fixture(autouse=True)
def _today() -> Any:
    with time_machine.travel("2026-11-20 09:30Z", tick=False):
        yield


def made(world: World, *items: dict[str, Any]) -> TaskTemplate:
    return save_template(name="Onboarding", items=list(items) or [{"title": "Kick-off"}], by=world.mona.as_actor())


@pytest.mark.parametrize(
    ("start", "days", "due"),
    [
        (date(2026, 12, 23), 1, date(2026, 12, 24)),
        (date(2026, 12, 23), 2, date(2026, 12, 28)),  # the 25th is off, then a weekend
        (date(2026, 12, 25), 0, date(2026, 12, 28)),
        (date(2026, 12, 19), 0, date(2026, 12, 21)),  # a Saturday
        (date(2026, 11, 20), 5, date(2026, 11, 27)),
        (date(2026, 11, 20), 1000, date(2030, 9, 23)),
    ],
)
def test_days_off_are_neither_counted_nor_chosen(start: date, days: int, due: date) -> None:
    assert due_day(start, days, weekdays=True, off={date(2026, 12, 25)}) == due
    assert due_day(start, days, weekdays=False, off={date(2026, 12, 25)}) == date.fromordinal(start.toordinal() + days)


def test_a_preview_shows_the_days_and_makes_nothing(world: World) -> None:
    keep_day_off(on=date(2026, 11, 23), name="Company day", by=world.mona.as_actor())
    found = made(world, {"title": "Kick-off", "days": 1, "weekdays": True}, {"title": "Look back", "days": 1})
    browser, url = world.browser(world.alice), f"/tasks/templates/{found.pk}/apply/"
    given = {"to": "Initech", "starts_on": "2026-11-20", "assignee_id": str(world.alice.pk)}
    page = browser.post(url, given)
    assert [(day, item["title"]) for day, item in page.context["plan"]] == [
        (date(2026, 11, 21), "Look back"),
        (date(2026, 11, 24), "Kick-off"),
    ]
    assert not Task.objects.exists()
    browser.post(url, {**given, "make": "1"})
    assert set(Task.objects.values_list("title", "due_on")) == {
        ("Kick-off", date(2026, 11, 24)),
        ("Look back", date(2026, 11, 21)),
    }
    for wrong, words in (({"to": ""}, "Name the account."), ({"to": "Nobody"}, "is called “Nobody”"),
                         ({"starts_on": "soon"}, "Date has wrong format")):  # fmt: skip
        answer = browser.post(url, {**given, **wrong})
        assert (answer.status_code, words in answer.content.decode()) == (422, True), wrong
    api = browser.post(
        f"/api/v1/task-templates/{found.pk}/preview/",
        {"account_id": str(world.account.pk), "starts_on": "2026-11-20"},
        content_type="application/json",
    )
    assert [one["due_on"] for one in api.json()] == ["2026-11-24", "2026-11-21"]


def test_the_form_keeps_rows_with_words_and_says_what_is_wrong_with_one(world: World) -> None:
    browser = world.browser(world.mona)
    rows = {
        "item_title": ["Kick-off", "", "Train"], "item_days": ["2", "", "x"], "item_priority": ["1", "2", "2"],
        "item_notes": ["", "", ""], "item_weekdays": ["0"],
    }  # fmt: skip
    answer = browser.post("/tasks/templates/new/", {"name": "Start", **rows})
    assert (answer.status_code, "Task 2, days" in answer.content.decode()) == (422, True)
    assert not TaskTemplate.objects.exists()
    rows["item_days"] = ["2", "", "10"]
    browser.post("/tasks/templates/new/", {"name": "Start", **rows})
    found = TaskTemplate.objects.get()
    assert [(one["title"], one["days"], one["priority"], one["weekdays"]) for one in found.items] == [
        ("Kick-off", 2, 1, True),
        ("Train", 10, 2, False),
    ]


def test_two_people_who_edit_a_template_notice_each_other(world: World) -> None:
    found, browser = made(world), world.browser(world.mona)
    url, rows = f"/tasks/templates/{found.pk}/", {"item_title": ["A"], "item_days": ["0"], "item_priority": ["2"]}
    browser.post(url, {"name": "Mine", "version": "1", **rows})
    answer = browser.post(url, {"name": "Theirs", "version": "1", **rows})
    assert (answer.status_code, "Somebody changed this template" in answer.content.decode()) == (422, True)
    assert TaskTemplate.objects.get().name == "Mine"
    browser.post(url, {"name": "Theirs", "version": "2", **rows})
    assert (TaskTemplate.objects.get().name, TaskTemplate.objects.get().version) == ("Theirs", 3)


def test_templates_and_days_off_are_kept_by_those_who_may(world: World) -> None:
    found = made(world)
    alice, mona = world.browser(world.alice), world.browser(world.mona)
    assert alice.get("/tasks/templates/").status_code == 200
    assert alice.get(f"/tasks/templates/{found.pk}/").status_code == 403
    assert alice.post("/tasks/templates/", {"on": "2026-12-25"}).status_code == 403
    assert mona.post("/tasks/templates/", {"on": "2026-12-25", "name": "Christmas"}).status_code == 302
    again = mona.post("/tasks/templates/", {"on": "2026-12-25"})
    assert (again.status_code, "on the list already" in again.content.decode()) == (422, True)
    assert mona.post("/tasks/templates/", {"on": "soon"}).status_code == 422
    mona.post("/tasks/templates/", {"on": "2026-12-25", "remove": "1"})
    assert not DayOff.objects.exists()
    mona.post(f"/tasks/templates/{found.pk}/archive/")
    assert world.browser(world.alice).get(f"/tasks/templates/{found.pk}/apply/").status_code == 404
    mona.post(f"/tasks/templates/{found.pk}/archive/", {"restore": "1"})
    assert TaskTemplate.objects.get().archived_at is None
    keep_day_off(on=date(2026, 12, 25), by=world.mona.as_actor())
    with pytest.raises(DomainError):
        keep_day_off(on=date(2026, 12, 25), by=world.mona.as_actor())
