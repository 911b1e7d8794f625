"""What is closed asks what becomes of its open tasks: keep, done, drop, move."""

from datetime import date
from typing import Any

import pytest
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.utils.timezone import now

from accounts.models import Account, Contract, Renewal, Task
from accounts.operations import archive_account
from accounts.operations.settling import settle_tasks
from accounts.operations.tasks import create_task
from core.errors import DomainError
from tests.world import World


def task(world: World, title: str, **given: Any) -> Task:
    return create_task(title=title, account_id=world.account.pk, by=world.alice.as_actor(), at=now(), **given)


def contract(world: World) -> Contract:
    return Contract.objects.create(
        account=world.account, name="Licence", state="active", starts_on=date(2026, 1, 1), ends_on=date(2027, 1, 1)
    )


def test_each_task_goes_its_own_way(world: World) -> None:
    goal = Account.objects.create(name="Acme", owner=world.alice)
    archive_account(account_id=world.account.pk, by=world.mona.as_actor(), at=now())
    made = {}
    for how in ("keep", "done", "drop", "move"):
        made[how] = Task.objects.create(account=world.account, title=how, assignee=world.alice, created_at=now())
    counts = settle_tasks(
        kind="account", parent_id=world.account.pk, choices={made[how].pk: how for how in made}, account_id=goal.pk,
        by=world.mona.as_actor(), at=now(),
    )  # fmt: skip
    assert counts == {"keep": 1, "done": 1, "drop": 1, "move": 1}
    for one in made.values():
        one.refresh_from_db()
    assert made["keep"].done_at is None
    assert (made["done"].done_at is not None, made["done"].dropped) == (True, False)
    assert made["drop"].dropped
    assert (made["move"].account_id, made["move"].done_at) == (goal.pk, None)


def test_refused_it_changes_nothing(world: World) -> None:
    one = task(world, "T")
    theirs = Account.objects.create(name="Bob's", owner=world.bob)
    asked: dict[str, Any] = {"kind": "account", "parent_id": world.account.pk, "at": now()}
    for given, field in (
        ({"choices": {one.pk: "burn"}}, "choices"),
        ({"choices": {one.pk: "move"}}, "to"),
        ({"choices": {one.pk: "move"}, "account_id": world.account.pk}, "to"),
        ({"choices": {one.pk: "move"}, "account_id": theirs.pk}, "to"),
    ):
        with pytest.raises(DomainError) as refusal:
            settle_tasks(**asked, **given, by=world.alice.as_actor())
        assert refusal.value.field == field
    with pytest.raises(PermissionDenied):
        settle_tasks(**asked, choices={one.pk: "drop"}, by=world.vic.as_actor())
    with pytest.raises(ObjectDoesNotExist):
        settle_tasks(**asked, choices={one.pk: "drop"}, by=world.bob.as_actor())
    with pytest.raises(DomainError, match="does not see"):
        settle_tasks(**asked, choices={one.pk: "move"}, account_id=theirs.pk, by=world.mona.as_actor())
    one.refresh_from_db()
    assert (one.done_at, one.account_id) == (None, world.account.pk)


def test_archiving_an_account_leads_to_its_open_tasks_and_without_any_to_the_account(world: World) -> None:
    browser, url = world.browser(world.mona), f"/accounts/{world.account.pk}/archive/"
    one = task(world, "Send the offer")
    answer = browser.post(url, follow=True)
    assert answer.redirect_chain[-1][0] == f"/tasks/left/account/{world.account.pk}/"
    assert "Send the offer" in answer.content.decode()
    page = f"/tasks/left/account/{world.account.pk}/"
    wrong = browser.post(page, {f"task_{one.pk}": "move", "to": "Nobody Ltd"})
    assert (wrong.status_code, "Name the account that they go to." in wrong.content.decode()) == (422, True)
    browser.post(page, {f"task_{one.pk}": "drop"})
    assert Task.objects.get().dropped
    browser.post(url, {"restore": "1"})
    assert browser.post(url, follow=True).redirect_chain[-1][0] == f"/accounts/{world.account.pk}/"
    assert world.browser(world.bob).get(page).status_code == 404
    assert browser.get(f"/tasks/left/colour/{world.account.pk}/").status_code == 404


def test_ending_a_contract_asks_for_its_own_tasks_alone(world: World) -> None:
    found = contract(world)
    mine = task(world, "Collect the keys", about=f"contract:{found.pk}")
    task(world, "Something else")
    assert (mine.subject_kind, mine.subject_id) == ("contract", found.pk)
    answer = world.browser(world.mona).post(
        f"/accounts/{world.account.pk}/contracts/{found.pk}/end/", {"on": "2026-06-30"}, follow=True
    )
    assert answer.redirect_chain[-1][0] == f"/tasks/left/contract/{found.pk}/"
    page = answer.content.decode()
    assert "Collect the keys" in page
    assert "Something else" not in page


def test_a_task_belongs_only_to_what_is_open_at_its_account(world: World) -> None:
    other = Account.objects.create(name="Acme", owner=world.alice)
    foreign = Contract.objects.create(account=other, name="C", state="active", starts_on=date(2026, 1, 1))
    for about in (f"contract:{foreign.pk}", "contract:x", "colour:red", f"renewal:{foreign.pk}"):
        with pytest.raises(DomainError) as refusal:
            task(world, "T", about=about)
        assert refusal.value.field == "about"
    assert not Task.objects.exists()


def test_through_the_api(world: World) -> None:
    found = contract(world)
    renewal = Renewal.objects.create(
        contract=found, account=world.account, due_on=date(2027, 1, 1), amount=1, currency="EUR", opened_at=now()
    )
    browser, json = world.browser(world.alice), {"content_type": "application/json"}
    given = {"title": "Call", "account_id": str(world.account.pk), "about": f"renewal:{renewal.pk}"}
    made = browser.post("/api/v1/tasks/", given, **json).json()
    assert (made["subject_kind"], made["subject_id"]) == ("renewal", str(renewal.pk))
    asked = {"kind": "renewal", "id": str(renewal.pk), "drop": [made["id"]]}
    assert browser.post("/api/v1/tasks/settle/", asked, **json).json()["drop"] == 1
    assert Task.objects.get().dropped
    gone = {**asked, "id": str(world.account.pk)}
    assert browser.post("/api/v1/tasks/settle/", gone, **json).status_code == 404
