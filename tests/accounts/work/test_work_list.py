"""The work list: one list over tasks, steps, renewals, mentions and data, put away and back by itself."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.utils.timezone import now

from accounts.models import Account, Contract, Renewal, Task, Team, TeamMember
from accounts.operations.comments import write_comment
from accounts.operations.snoozing import snooze_work
from accounts.operations.task_templates import apply_template, save_template
from accounts.operations.tasks import close_task, create_task
from accounts.queries.work import Asked, Item, led_by, work_counts, work_page
from core.errors import Conflict, DomainError
from tests.accounts.conftest import entries
from tests.world import World
from users.models import User

AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
TODAY = AT.date()


@pytest.fixture(autouse=True)
def _today() -> Any:
    with time_machine.travel(AT, tick=False):
        yield


def items(user: User, on: date = TODAY, **asked: Any) -> list[Item]:
    by = user.as_actor()
    return work_page(Asked(**asked), by=by, on=on, team=led_by(by), size=50).rows


def titles(user: User, on: date = TODAY, **asked: Any) -> list[tuple[str, str]]:
    return [(one.reason, one.title) for one in items(user, on, **asked)]


def counts(user: User, on: date = TODAY, **asked: Any) -> Any:
    by = user.as_actor()
    return work_counts(Asked(**asked), by=by, on=on, team=led_by(by))


def task(world: World, title: str, *, days: int | None = 0, by: User | None = None, **given: Any) -> Task:
    due = None if days is None else TODAY + timedelta(days=days)
    return create_task(
        title=title, account_id=world.account.pk, due_on=due, by=(by or world.alice).as_actor(), at=AT, **given
    )


def renewal(account: Account, days: int, **given: Any) -> Renewal:
    due = TODAY + timedelta(days=days)
    contract = Contract.objects.create(
        account=account, name="Subscription", state="active", starts_on=date(2025, 1, 1), ends_on=due
    )
    return Renewal.objects.create(
        contract=contract, account=account, due_on=due, amount=1000, currency="EUR", opened_at=AT, **given
    )


def test_one_list_by_reason_and_day(world: World) -> None:
    for title, days in (("Later", 30), ("Late", -2), ("Very late", -9), ("Now", 0), ("Some day", None), ("Soon", 3)):
        task(world, title, days=days)
    renewal(world.account, 60)
    write_comment(
        subject_kind="account", subject_id=world.account.pk, body="@Alice look here", by=world.mona.as_actor(), at=AT
    )
    assert titles(world.alice) == [
        ("overdue", "Very late"),
        ("overdue", "Late"),
        ("today", "Now"),
        ("mention", "Mona named you at “Initech”: @Alice look here"),
        ("decision", "Say how this renewal stands"),
        ("soon", "Soon"),
        ("later", "Later"),
        ("undated", "Some day"),
    ]
    assert counts(world.alice).reasons == {
        "overdue": 2, "today": 1, "mention": 1, "decision": 1, "soon": 1, "later": 1, "undated": 1,
    }  # fmt: skip
    assert items(world.alice)[0].account == "Initech"


def test_of_one_day_what_is_urgent_comes_first(world: World) -> None:
    for title, priority in (("Low", 3), ("High", 1), ("Normal", 2)):
        task(world, title, priority=priority)
    assert [title for _, title in titles(world.alice)] == ["High", "Normal", "Low"]
    assert [title for _, title in titles(world.alice, priority=1)] == ["High"]


def test_renewals_are_there_when_they_are_near_or_nobody_has_said_how_they_stand(world: World) -> None:
    account = Account.objects.create(name="Acme", owner=world.alice)
    renewal(account, 91)  # too far
    said = Account.objects.create(name="Said", owner=world.alice)
    renewal(said, 60, status="secure")  # far, and somebody has said
    near = Account.objects.create(name="Near", owner=world.alice)
    renewal(near, 20, status="secure")
    late = Account.objects.create(name="Gone by", owner=world.alice)
    renewal(late, -1)
    assert [(one.account, one.reason) for one in items(world.alice, kind="renewal")] == [
        ("Gone by", "overdue"),
        ("Near", "later"),
    ]
    assert [one.account for one in items(world.alice, kind="renewal", on=TODAY + timedelta(days=1))] == [
        "Gone by", "Acme", "Near",
    ]  # fmt: skip


def test_put_away_it_is_hidden_counted_and_comes_back_by_itself(world: World) -> None:
    made, other = task(world, "Wait"), renewal(world.account, 60)
    until = TODAY + timedelta(days=5)
    for kind, key in (("task", made.pk), ("renewal", other.pk)):
        snooze_work(kind=kind, item_id=key, until=until, reason="They are away", by=world.alice.as_actor(), at=AT)
    assert titles(world.alice) == []
    assert counts(world.alice).views["snoozed"] == 2
    assert counts(world.alice).mine == 0
    assert {(one.snooze_reason, one.snoozed_until) for one in items(world.alice, view="snoozed")} == {
        ("They are away", until)
    }
    assert len(titles(world.alice, until - timedelta(days=1))) == 0
    assert [title for _, title in titles(world.alice, until)] == ["Wait", "Say how this renewal stands"]
    assert counts(world.alice, until).views["snoozed"] == 0
    assert [entry["until"] for entry in entries("accounts.work_snoozed")] == [until.isoformat()]


def test_a_mention_is_put_away_by_whom_it_is_for_alone(world: World) -> None:
    write_comment(subject_kind="account", subject_id=world.account.pk, body="@Alice?", by=world.mona.as_actor(), at=AT)
    (found,) = items(world.alice)
    asked = {"kind": "mention", "item_id": found.id, "until": TODAY + timedelta(days=1), "reason": "x", "at": AT}
    with pytest.raises(ObjectDoesNotExist):
        snooze_work(**asked, by=world.mona.as_actor())
    snooze_work(**asked, by=world.alice.as_actor())
    assert titles(world.alice) == []
    assert len(titles(world.alice, TODAY + timedelta(days=1))) == 1


@pytest.mark.parametrize(("days", "reason", "field"), [(0, "x", "until"), (-1, "x", "until"), (1, "  ", "reason")])
def test_to_put_away_wants_a_day_ahead_and_a_reason(world: World, days: int, reason: str, field: str) -> None:
    found = renewal(world.account, 60)
    with pytest.raises(DomainError) as refusal:
        snooze_work(
            kind="renewal", item_id=found.pk, until=TODAY + timedelta(days=days), reason=reason,
            by=world.alice.as_actor(), at=AT,
        )  # fmt: skip
    assert refusal.value.field == field
    assert entries("accounts.work_snoozed") == []


def test_two_people_who_put_away_the_same_thing_notice_each_other(world: World) -> None:
    found, ahead = renewal(world.account, 60), TODAY + timedelta(days=3)
    asked = {"kind": "renewal", "item_id": found.pk, "until": ahead, "reason": "x", "seen": None, "at": AT}
    snooze_work(**asked, by=world.alice.as_actor())
    with pytest.raises(Conflict):
        snooze_work(**asked, by=world.mona.as_actor())
    with pytest.raises(PermissionDenied):
        snooze_work(**{**asked, "seen": ahead}, by=world.vic.as_actor())


def test_a_lead_sees_what_their_team_has_and_nobody_what_they_do_not_see(world: World) -> None:
    team = Team.objects.create(name="North", lead=world.mona)
    TeamMember.objects.create(team=team, user=world.alice)
    task(world, "Alice's")
    task(world, "Hidden", private=True)
    task(world, "Mona's", by=world.mona)
    assert titles(world.mona, view="team") == [("today", "Alice's")]
    assert counts(world.mona).views["team"] == 1
    assert titles(world.alice, view="team") == []
    assert titles(world.bob, view="all") == []
    world.enter("south")
    assert titles(world.charlie, view="all") == []


def test_pages_go_through_all_kinds_in_order_and_back(world: World) -> None:
    for number in range(4):
        task(world, f"T{number}", days=number)
        renewal(Account.objects.create(name=f"A{number}", owner=world.alice), 10 + number, status="secure")
    by, cursor, seen = world.alice.as_actor(), "", []
    for _ in range(3):
        page = work_page(Asked(), by=by, on=TODAY, team=[], size=3, after=cursor)
        seen.append([one.id for one in page.rows])
        cursor = page.after or ""
    assert [len(rows) for rows in seen] == [3, 3, 2]
    assert sum(seen, []) == [one.id for one in items(world.alice)]
    back = work_page(Asked(), by=by, on=TODAY, team=[], size=3, before=page.before or "")
    assert [one.id for one in back.rows] == seen[1]


def test_the_page_and_the_first_page_say_the_same(world: World) -> None:
    task(world, "Call them")
    renewal(world.account, 60)
    browser = world.browser(world.alice)
    first, whole = browser.get("/").context, browser.get("/work/").context
    assert [one.id for one in first["items"]] == [one.id for group in whole["groups"] for one in group.items]
    assert first["counts"] == whole["counts"]
    assert browser.get("/work/?kind=task").context["counts"].mine == 2
    assert [one.title for one in browser.get("/work/?kind=task").context["page"].rows] == ["Call them"]


def test_putting_away_on_the_page(world: World) -> None:
    found = renewal(world.account, 60)
    browser, url = world.browser(world.alice, htmx=True), f"/work/renewal/{found.pk}/snooze/"
    assert "Why it can wait" in browser.get(url).content.decode()
    for given, words in (
        ({"reason": "x"}, "Choose a day to come."),
        ({"until": "2026-11-25"}, "Say why it can wait."),
        ({"until": "2026-02-30", "reason": "x"}, "Date has wrong format"),
    ):
        answer = browser.post(url, given)
        assert answer.status_code == 422
        assert words in answer.content.decode()
    answer = browser.post(url, {"until": "2026-11-25", "reason": "They decide then"})
    assert "It comes back on 25 November." in answer["HX-Trigger"]
    assert titles(world.alice) == []
    assert browser.post(url, {"until": "2026-11-26", "reason": "Later"}).status_code == 422  # it was seen awake
    browser.post(f"/work/renewal/{found.pk}/wake/")
    assert len(titles(world.alice)) == 1
    assert world.browser(world.bob).get(url).status_code == 404
    assert world.browser(world.vic).post(url, {"until": "2026-11-25", "reason": "x"}).status_code == 403


def test_the_list_through_the_api(world: World) -> None:
    made = task(world, "Call them")
    browser = world.browser(world.alice)
    body = browser.get("/api/v1/work/").json()
    assert [(one["kind"], one["title"], one["reason"]) for one in body["results"]] == [("task", "Call them", "today")]
    assert (body["views"]["mine"], body["kinds"], body["reasons"]) == (1, {"task": 1}, {"today": 1})
    given = {"kind": "task", "id": str(made.pk), "until": "2026-11-23", "reason": "Monday"}
    answer = browser.post("/api/v1/work/snooze/", given, content_type="application/json")
    assert (answer.status_code, answer.json()["snoozed_until"]) == (200, "2026-11-23")
    assert browser.get("/api/v1/work/?view=snoozed").json()["views"]["snoozed"] == 1
    for wrong in ("view=x", "kind=x", "reason=x", "priority=9", "owner=x", "colour=red"):
        assert browser.get(f"/api/v1/work/?{wrong}").status_code == 400, wrong
    gone = {**given, "id": str(world.account.pk)}
    assert browser.post("/api/v1/work/snooze/", gone, content_type="application/json").status_code == 404


def test_the_list_costs_the_same_with_few_and_many(world: World, query_count: Any) -> None:
    browser, numbers = world.browser(world.mona), []
    browser.get("/work/?view=all")
    for _ in range(3):
        account = Account.objects.create(name=f"A{len(numbers)}", owner=world.mona)
        create_task(title="T", account_id=account.pk, by=world.mona.as_actor(), at=now())
        renewal(account, 20)
        with query_count() as queries:
            browser.get("/work/?view=all")
        numbers.append(queries.number)
    assert numbers[0] == numbers[2] <= 20


def test_the_account_says_what_it_needs_next_and_how_far_its_plans_are(world: World) -> None:
    for title, days in (("Later", 9), ("Late", -1), ("A", 1), ("B", 2), ("C", 3)):
        task(world, title, days=days)
    found = save_template(name="Onboarding", items=[{"title": "X"}, {"title": "Y"}], by=world.mona.as_actor())
    done, _ = apply_template(
        template_id=found.pk, account_id=world.account.pk, starts_on=TODAY - timedelta(days=3),
        by=world.alice.as_actor(), at=AT,
    )  # fmt: skip
    close_task(task_id=done.pk, by=world.alice.as_actor(), at=AT)
    browser = world.browser(world.alice, htmx=True)
    answer = browser.get(f"/accounts/{world.account.pk}/panels/next/")
    assert [one.title for one in answer.context["items"]] == ["Y", "Late", "A"]
    assert answer.context["more"]
    (plan,) = browser.get(f"/accounts/{world.account.pk}/panels/plan/").context["plans"]
    assert (plan.name, plan.done, plan.all, plan.overdue, plan.share) == ("Onboarding", 1, 2, 1, 50)
    assert world.browser(world.bob).get(f"/accounts/{world.account.pk}/panels/next/").status_code == 404


def test_a_lead_sees_what_their_team_has_put_away(world: World) -> None:
    TeamMember.objects.create(team=Team.objects.create(name="North", lead=world.mona), user=world.alice)
    made = task(world, "Wait")
    asked = {"kind": "task", "item_id": made.pk, "until": TODAY + timedelta(days=1), "reason": "x", "at": AT}
    snooze_work(**asked, by=world.alice.as_actor())
    assert [one.title for one in items(world.mona, view="snoozed")] == ["Wait"]
    assert counts(world.mona).views["snoozed"] == 1
    assert counts(world.amy).views["snoozed"] == 0
