"""What was deleted is listed by kind and brought back by whoever may."""

from datetime import date
from typing import Any

import pytest
from django.utils.timezone import now

from accounts.models import Account, Contact, Document, SavedView, Task, TaskTemplate, Team
from accounts.operations import archive_account, people, tasks
from accounts.operations.activities import record_activity, remove_activity
from accounts.operations.records import archive_record
from accounts.queries.deleted import KINDS
from tests.accounts.custom.test_objects import project, record_of
from tests.world import World


def gone(world: World, kind: str) -> Any:
    """One row of a kind called Zephyr that was deleted."""
    by, at = world.alice.as_actor(), now()
    match kind:
        case "accounts":
            made = Account.objects.create(name="Zephyr", owner=world.alice)
            archive_account(account_id=made.pk, by=world.mona.as_actor(), at=at)
        case "contacts":
            made = people.create_contact(name="Zephyr", by=by, at=at)
            people.archive_contact(contact_id=made.pk, by=by, at=at)
        case "records":
            project(world)
            made = record_of(world, "Zephyr")
            archive_record(record_id=made.pk, by=by, at=at)
        case "activities":
            made = record_activity(
                account_id=world.account.pk, kind="call", subject="Zephyr", happened_at=at, by=by, at=at
            )
            remove_activity(activity_id=made.pk, by=by, at=at)
        case "documents":
            made = Document.objects.create(
                account=world.account, name="Zephyr", path="x", sha256="0" * 64, size=1, by_label="x", created_at=at,
                removed_at=at,
            )  # fmt: skip
        case "tasks":
            made = tasks.create_task(title="Zephyr", account_id=world.account.pk, by=by, at=at)
            tasks.close_task(task_id=made.pk, by=by, at=at, dropped=True)
        case "views":
            made = SavedView.objects.create(name="Zephyr", owner=world.alice, removed_at=at)
        case "templates":
            made = TaskTemplate.objects.create(name="Zephyr", archived_at=at)
        case _:
            made = Team.objects.create(name="Zephyr", archived_at=at)
    return made


@pytest.mark.parametrize("kind", list(KINDS))
def test_each_kind_is_listed_and_comes_back(world: World, kind: str) -> None:
    made = gone(world, kind)
    who = {"accounts": world.mona, "templates": world.mona, "teams": world.mona}.get(kind, world.alice)
    page, address = world.browser(who), f"/deleted/?kind={kind}"
    assert "Zephyr" in page.get(f"{address}&q=zeph").content.decode()
    assert "None of that name" in page.get(f"{address}&q=other").content.decode()
    back = page.post(f"/deleted/{kind}/{made.pk}/restore/", follow=True).content.decode()
    assert "“Zephyr” is back" in back
    assert "Nothing is deleted here" in page.get(address).content.decode()
    assert page.post(f"/deleted/{kind}/{made.pk}/restore/").status_code == 404, "it is not gone any more"


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "contacts"])
def test_what_one_does_not_see_is_not_listed_and_not_brought_back(world: World, kind: str) -> None:
    made = gone(world, kind)
    bob = world.browser(world.bob)
    assert "Zephyr" not in bob.get(f"/deleted/?kind={kind}").content.decode()
    assert bob.post(f"/deleted/{kind}/{made.pk}/restore/").status_code == 404


@pytest.mark.parametrize("kind", ["accounts", "contacts", "records", "activities", "documents", "tasks"])
def test_who_may_not_brings_nothing_back(world: World, kind: str) -> None:
    made = gone(world, kind)
    vic = world.browser(world.vic)
    page = vic.get(f"/deleted/?kind={kind}").content.decode()
    assert "Zephyr" in page
    assert "Bring back<span" not in page
    assert vic.post(f"/deleted/{kind}/{made.pk}/restore/").status_code == 403


def test_what_belongs_to_an_archived_account_comes_back_with_it(world: World) -> None:
    gone(world, "records")
    archive_account(account_id=world.account.pk, by=world.mona.as_actor(), at=now())
    assert "Zephyr" not in world.browser(world.mona).get("/deleted/?kind=records").content.decode()


def test_a_refusal_is_said(world: World) -> None:
    made = gone(world, "contacts")
    other = people.create_contact(name="Cara", by=world.amy.as_actor(), at=now())
    Contact.objects.filter(pk=made.pk).update(merged_into=other)
    assert world.browser(world.alice).post(f"/deleted/contacts/{made.pk}/restore/").status_code == 404


def test_only_dropped_tasks_are_listed(world: World) -> None:
    by = world.alice.as_actor()
    done = tasks.create_task(title="Done", account_id=world.account.pk, due_on=date(2026, 12, 1), by=by, at=now())
    tasks.close_task(task_id=done.pk, by=by, at=now())
    assert "Done" not in world.browser(world.alice).get("/deleted/?kind=tasks").content.decode().partition("<main")[2]
    assert Task.objects.get().done_at
