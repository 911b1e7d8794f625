"""People, contracts, tasks and own records as they stood: from what was kept of each change, else unknown."""

from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils.timezone import localdate, now

from accounts.models import Contact, Contract, CustomRecord, PastChange, Task
from accounts.operations import contracts, people, tasks
from accounts.operations.custom import add_field
from accounts.operations.records import archive_record, edit_record
from accounts.queries.past import lines_at, subject
from core.models import Entry
from tests.accounts.custom.test_objects import project, record_of
from tests.world import World


@pytest.fixture
def past(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Days ago -> the trail says that what follows happened then."""

    def go(days: int) -> None:
        monkeypatch.setattr("core.audit.now", lambda: now() - timedelta(days=days))

    return go


def lines(world: World, kind: str, pk: Any, days: int, who: Any = None) -> dict[str, Any]:
    by = (who or world.amy).as_actor()
    found = lines_at(subject(kind, pk, by=by), on=localdate() - timedelta(days=days), by=by)
    return {line.name: line for line in found}


def edited_contact(world: World, past: Any) -> Contact:
    by = world.amy.as_actor()
    add_field(label="Birthday", kind="date", record="contact", by=by)
    add_field(label="Salary", kind="number", record="contact", by=by, view_roles=["manager"])
    past(90)
    role = {"account_id": world.account.pk, "role": "champion", "starts_on": date(2026, 1, 1)}
    one = people.create_contact(name="Cara", title="Buyer", by=by, at=now(), role=role)
    Contact.objects.filter(pk=one.pk).update(created_at=now() - timedelta(days=90))
    past(60)
    changes = {"title": "CFO", "custom.birthday": "1980-02-03", "custom.salary": "9"}
    people.edit_contact(contact_id=one.pk, expected_version=one.version, changes=changes, by=by)
    past(20)
    people.edit_contact(contact_id=one.pk, expected_version=one.version + 1, changes={"title": "CEO"}, by=by)
    return one


def test_a_person_as_they_were(world: World, past: Any) -> None:
    one = edited_contact(world, past)
    said = [lines(world, "contact", one.pk, days) for days in (80, 40, 5)]
    assert [found["title"].then for found in said] == ["Buyer", "CFO", "CEO"]
    assert [found["custom.birthday"].then for found in said] == ["nothing", "3 Feb 1980", "3 Feb 1980"]
    assert (said[1]["title"].differs, said[1]["title"].last.who) == (True, "Amy")
    assert "custom.salary" in said[0]
    assert "custom.salary" not in lines(world, "contact", one.pk, 5, who=world.alice)
    day = localdate() - timedelta(days=40)
    got = world.browser(world.amy).get(f"/api/v1/as-of/contact/{one.pk}/?on={day}").json()
    assert next(line["then"] for line in got if line["name"] == "title") == "CFO"
    assert world.browser(world.bob).get(f"/api/v1/as-of/contact/{one.pk}/?on={day}").status_code == 404
    told = str(list(Entry.objects.filter(event="accounts.contact_edited").values_list("data", flat=True)))
    assert "CFO" not in told, "what is said about people is not on the trail"
    page = world.browser(world.alice).get(f"/as-of/contact/{one.pk}/?on={localdate() - timedelta(days=40)}")
    assert "CFO" in page.content.decode()
    assert "Champion at Initech" in page.content.decode()
    assert "9" not in page.content.decode().partition("Salary")[2][:200]


def test_a_change_whose_values_nobody_kept_is_unknown_around_it(world: World, past: Any) -> None:
    one = edited_contact(world, past)
    PastChange.objects.order_by("at").first().delete()
    assert lines(world, "contact", one.pk, 80)["title"].known is False
    assert lines(world, "contact", one.pk, 5)["title"].then == "CEO"
    assert lines(world, "contact", one.pk, 80)["phone"].known is True


def test_a_contract_as_it_was(world: World, past: Any) -> None:
    by = world.amy.as_actor()
    past(90)
    one = contracts.create_contract(
        account_id=world.account.pk, name="Main", starts_on=date(2026, 1, 1), by=by, at=now() - timedelta(days=90),
        lines=[{"amount": 100, "billing": "month"}],
    )  # fmt: skip
    Contract.objects.filter(pk=one.pk).update(created_at=now() - timedelta(days=90))
    past(60)
    contracts.activate_contract(contract_id=one.pk, by=by, at=now())
    past(30)
    contracts.cancel_contract(
        contract_id=one.pk, on=date(2026, 11, 1), last_day=date(2026, 12, 31), reason="Price", by=by, at=now()
    )
    said = [lines(world, "contract", one.pk, days) for days in (80, 50, 5)]
    assert [found["state"].then for found in said] == ["Draft", "Active", "Active"]
    assert [found["ends_on"].then for found in said] == ["nothing", "nothing", "31 Dec 2026"]
    assert [found["end_reason"].then for found in said] == ["nothing", "nothing", "Price"]
    page = world.browser(world.mona).get(f"/as-of/contract/{one.pk}/?on={localdate() - timedelta(days=80)}")
    assert "100" in page.content.decode()


def test_a_task_as_it_was(world: World, past: Any) -> None:
    by = world.alice.as_actor()
    one = tasks.create_task(title="Call", account_id=world.account.pk, by=by, at=now())
    Task.objects.filter(pk=one.pk).update(created_at=now() - timedelta(days=90))
    past(60)
    changes = {"title": "Call them", "due_on": date(2026, 12, 1)}
    tasks.edit_task(task_id=one.pk, expected_version=1, changes=changes, by=by, at=now())
    past(30)
    tasks.close_task(task_id=one.pk, by=by, at=now())
    said = [lines(world, "task", one.pk, days, who=world.alice) for days in (80, 50, 5)]
    assert [found["title"].then for found in said] == ["Call", "Call them", "Call them"]
    assert [found["done_at"].then for found in said] == ["no", "no", "yes"]
    assert said[0]["assignee_id"].then == "Alice"


def test_an_own_record_as_it_was(world: World, past: Any) -> None:
    project(world)
    by = world.amy.as_actor()
    past(90)
    one = record_of(world, status="Late", budget="5")
    CustomRecord.objects.filter(pk=one.pk).update(created_at=now() - timedelta(days=90))
    past(60)
    edit_record(record_id=one.pk, expected_version=1, changes={"custom.status": "On time"}, by=by)
    past(30)
    archive_record(record_id=one.pk, by=by, at=now())
    said = [lines(world, "record", one.pk, days) for days in (80, 50, 5)]
    assert [found["custom.status"].then for found in said] == ["Late", "On time", "On time"]
    assert [found["archived_at"].then for found in said] == ["no", "no", "yes"]
    assert "custom.margin" not in lines(world, "record", one.pk, 5, who=world.alice)
    CustomRecord.objects.filter(pk=one.pk).update(
        custom={"status": "Late"}
    )  # by a script, which the trail does not know
    assert lines(world, "record", one.pk, 5)["custom.status"].known is False


def test_days_and_records_that_cannot_be(world: World) -> None:
    project(world, view_roles=["manager"])
    one = record_of(world)
    page, address = world.browser(world.mona), f"/as-of/record/{one.pk}/"
    assert page.get(address).status_code == 200
    assert page.get(f"{address}?on=soon").status_code == 422
    assert page.get(f"{address}?on={localdate() + timedelta(days=1)}").status_code == 422
    assert "It was not here yet" in page.get(f"{address}?on=2001-01-01").content.decode()
    assert world.browser(world.alice).get(address).status_code == 404, "her role may not know of projects"
    assert page.get(f"/as-of/invoice/{one.pk}/").status_code == 404
    assert page.get(f"/as-of/task/{uuid4()}/").status_code == 404
