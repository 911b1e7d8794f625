"""The tenant's own objects: defined by an administrator, usable at once, and hidden from roles that may not know."""

from datetime import date
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.utils.timezone import now

from accounts.conditions import ConditionError, matching, read, words
from accounts.models import Account, CustomObject, CustomRecord
from accounts.operations import archive_account, create_account
from accounts.operations.custom import NotAField, add_field
from accounts.operations.custom_values import NotAValue
from accounts.operations.objects import MOST_OBJECTS, NotAnObject, add_object, change_object, retire_object
from accounts.operations.records import archive_record, create_record, edit_record
from core.actor import Actor
from core.errors import Conflict, DomainError
from tests.accounts.conftest import entries
from tests.world import World

TODAY = date(2026, 11, 20)


def project(world: World, **given: Any) -> CustomObject:
    """An object Project with status, due, budget and a secret margin."""
    by = world.amy.as_actor()
    made = add_object(name="Project", plural="Projects", by=by, **given)
    fields: tuple[tuple[str, str, dict[str, Any]], ...] = (
        ("Status", "choice", {"choices": ["On time", "Late"]}),
        ("Due", "date", {}),
        ("Budget", "number", {"unit": "EUR"}),
        ("Margin", "number", {"view_roles": ["manager"]}),
    )
    for label, kind, more in fields:
        add_field(label=label, kind=kind, record="object:project", by=by, **more)
    return made


def record_of(world: World, name: str = "Roll-out", account: Account | None = None, **own: Any) -> CustomRecord:
    given = {f"custom.{code}": value for code, value in own.items()}
    at = account or world.account
    return create_record(code="project", account_id=at.pk, name=name, by=world.amy.as_actor(), at=now(), **given)


def found(text: str, by: Actor) -> set[str]:
    return set(Account.objects.filter(matching(read(text, by=by), today=TODAY)).values_list("name", flat=True))


def test_records_are_made_edited_deleted_and_restored_with_their_trail(world: World) -> None:
    project(world)
    one = record_of(world, status="late", budget="12000.50")
    assert one.custom == {"status": "Late", "budget": "12000.5"}
    by = world.alice.as_actor()
    changed = edit_record(record_id=one.pk, expected_version=1, changes={"custom.status": "On time"}, by=by)
    assert (changed.version, changed.custom["status"]) == (2, "On time")
    with pytest.raises(Conflict):
        edit_record(record_id=one.pk, expected_version=1, changes={"name": "Mine"}, by=by)
    archive_record(record_id=one.pk, by=by, at=now())
    archive_record(record_id=one.pk, by=by, at=now())
    archive_record(record_id=one.pk, by=by, at=now(), restore=True)
    said = [(data["what"], data["changes"]) for data in entries("accounts.record_changed")]
    assert said == [
        ("added", {"name": [None, "Roll-out"], "custom.status": [None, "Late"], "custom.budget": [None, "12000.5"]}),
        ("edited", {"custom.status": ["Late", "On time"]}),
        ("deleted", {}),
        ("restored", {}),
    ]


def test_conditions_ask_for_any_record_and_for_how_many(world: World) -> None:
    project(world)
    nine = create_account(name="Nine", by=world.amy.as_actor())
    create_account(name="None", by=world.amy.as_actor())
    record_of(world, status="Late", due="2026-11-01", budget="5")
    record_of(world, "Second", status="On time", due="2026-12-01")
    record_of(world, "Third", nine, status="On time", due="2026-12-01", budget="900")
    gone = record_of(world, "Gone", nine, status="Late")
    archive_record(record_id=gone.pk, by=world.amy.as_actor(), at=now())
    by = world.amy.as_actor()
    assert found("any project", by) == {"Initech", "Nine"}
    assert found('any project where status = "late"', by) == {"Initech"}
    assert found('any project where (status = "late" and due < today)', by) == {"Initech"}
    assert found('any project where (status = "late" and due > today)', by) == set(), "of one record, not of two"
    assert found("not any project", by) == {"None"}
    assert found('not any projects where (status = "late")', by) == {"Nine", "None"}
    assert found("count of projects >= 2", by) == {"Initech"}
    assert found("count of projects = 0", by) == {"None"}
    assert found("count of project where (budget > 100) = 1 and name starts with ni", by) == {"Nine"}
    assert found("any project where budget is unknown", by) == {"Initech"}
    assert words(read('any project where status = "late" and count of projects > 1', by=by)) == (
        "any project where Status is Late and number of projects is above 1"
    )
    for wrong, said in (
        ("any invoice", "There are no records called"),
        ("any project where colour = 1", "There is no field"),
        ("any project where (any project)", "no records of their own"),
        ("any project where budget > many", "is a number"),
    ):
        with pytest.raises(ConditionError, match=said):
            read(wrong, by=by)


def test_conditions_ask_for_contacts_contracts_and_tasks_too(world: World) -> None:
    assert found("any contact", world.amy.as_actor()) == set()
    assert found("count of contracts where (ends_on < today + 90 days) = 0", world.amy.as_actor()) == {"Initech"}
    assert found("not any task where due_on < today", world.amy.as_actor()) == {"Initech"}


def test_an_object_that_a_role_may_not_know_of_is_nowhere_for_it(world: World) -> None:
    project(world, view_roles=["manager"])
    one = record_of(world, status="Late")
    alice, mona = world.alice.as_actor(), world.mona.as_actor()
    assert found("any project", mona) == {"Initech"}
    for by in (alice, None):
        with pytest.raises(ConditionError, match="no records called") as refused:
            read("any project", by=by)
        assert "There are: project" not in refused.value.message
    assert not CustomRecord.objects.visible_to(alice).exists()
    with pytest.raises(CustomRecord.DoesNotExist):
        edit_record(record_id=one.pk, expected_version=1, changes={"name": "Mine"}, by=alice)
    with pytest.raises(CustomObject.DoesNotExist):
        create_record(code="project", account_id=world.account.pk, name="x", by=alice, at=now())


def test_a_field_of_a_record_that_a_role_may_not_see_is_nowhere_for_it(world: World) -> None:
    project(world)
    one = record_of(world, margin="9")
    alice, mona = world.alice.as_actor(), world.mona.as_actor()
    assert found("any project where margin = 9", mona) == {"Initech"}
    with pytest.raises(ConditionError, match="There is no field"):
        read("any project where margin = 9", by=alice)
    with pytest.raises(NotAValue, match="There is no field"):
        edit_record(record_id=one.pk, expected_version=1, changes={"custom.margin": "1"}, by=alice)


def test_who_may_only_see_an_object_changes_none_of_its_records(world: World) -> None:
    project(world, edit_roles=["manager"])
    one = record_of(world)
    for by in (world.alice.as_actor(), world.vic.as_actor()):
        with pytest.raises(PermissionDenied):
            edit_record(record_id=one.pk, expected_version=1, changes={"name": "Mine"}, by=by)
        with pytest.raises(PermissionDenied):
            archive_record(record_id=one.pk, by=by, at=now())
    assert (
        edit_record(record_id=one.pk, expected_version=1, changes={"name": "Hers"}, by=world.mona.as_actor()).name
        == "Hers"
    )


def test_an_object_is_changed_retired_and_brought_back(world: World) -> None:
    by, made = world.amy.as_actor(), project(world)
    record_of(world)
    change_object(object_id=made.pk, expected_version=1, changes={"plural": "All projects"}, by=by)
    with pytest.raises(Conflict):
        change_object(object_id=made.pk, expected_version=1, changes={"plural": "x"}, by=by)
    retire_object(object_id=made.pk, by=by)
    with pytest.raises(ConditionError):
        read("any project", by=by)
    assert not CustomRecord.objects.visible_to(by).exists()
    with pytest.raises(NotAField, match="no such kind"):
        add_field(label="New", kind="text", record="object:project", by=by)
    retire_object(object_id=made.pk, by=by, restore=True)
    assert found("any project", by) == {"Initech"}
    assert [data["what"] for data in entries("accounts.custom_object_changed")] == [
        "added", "changed", "retired", "brought back",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("given", "where"),
    [
        ({"name": " ", "plural": "x"}, "name"),
        ({"name": "Site", "plural": " "}, "plural"),
        ({"name": "projects", "plural": "x"}, "name"),
        ({"name": "Task", "plural": "x"}, "name"),
        ({"name": "Site", "plural": "Sites", "edit_roles": ["king"]}, "edit_roles"),
    ],
)
def test_an_object_that_cannot_be_is_refused(world: World, given: dict[str, Any], where: str) -> None:
    project(world)
    with pytest.raises(NotAnObject) as refused:
        add_object(**given, by=world.amy.as_actor())
    assert refused.value.field == where


def test_only_who_keeps_fields_makes_objects_and_not_without_end(world: World) -> None:
    with pytest.raises(PermissionDenied):
        add_object(name="Project", plural="Projects", by=world.mona.as_actor())
    CustomObject.objects.bulk_create(
        CustomObject(code=f"o{number}", name=f"O{number}", plural=f"Os{number}") for number in range(MOST_OBJECTS)
    )
    with pytest.raises(NotAnObject, match="already"):
        add_object(name="Project", plural="Projects", by=world.amy.as_actor())


def test_an_account_has_no_records_without_end(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    project(world)
    monkeypatch.setattr("accounts.operations.records.MOST_AT_ONE_ACCOUNT", 1)
    record_of(world)
    with pytest.raises(DomainError, match="at most 1 Projects"):
        record_of(world, "Another")


def test_what_is_brought_back_needs_its_place(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    project(world)
    monkeypatch.setattr("accounts.operations.records.MOST_AT_ONE_ACCOUNT", 1)
    by = world.alice.as_actor()
    first = record_of(world)
    archive_record(record_id=first.pk, by=by, at=now())
    record_of(world, "Another")
    with pytest.raises(DomainError, match="at most 1 Projects"):
        archive_record(record_id=first.pk, by=by, at=now(), restore=True)
    page = world.browser(world.alice).post(f"/objects/project/{first.pk}/delete/", {"restore": "1"}, follow=True)
    assert "One account has at most 1 Projects." in page.content.decode()
    first.refresh_from_db()
    assert first.archived_at is not None
    assert [data["what"] for data in entries("accounts.record_changed")] == ["added", "deleted", "added"]


def test_records_of_an_archived_account_stay_as_they_are(world: World) -> None:
    project(world)
    kept, gone, by = record_of(world), record_of(world, "Old"), world.mona.as_actor()
    archive_record(record_id=gone.pk, by=by, at=now())
    archive_account(account_id=world.account.pk, by=by, at=now())
    before = entries("accounts.record_changed")
    for refused in (
        lambda: edit_record(record_id=kept.pk, expected_version=1, changes={"name": "Mine"}, by=by),
        lambda: archive_record(record_id=kept.pk, by=by, at=now()),
        lambda: archive_record(record_id=gone.pk, by=by, at=now(), restore=True),
    ):
        with pytest.raises(DomainError, match="“Initech” is archived. Bring it back first."):
            refused()
    kept.refresh_from_db()
    assert (kept.name, kept.archived_at) == ("Roll-out", None)
    assert entries("accounts.record_changed") == before


def test_the_page_of_conditions_says_what_records_can_be_asked_for(world: World) -> None:
    project(world, view_roles=["manager"])
    page = world.browser(world.mona).get("/accounts/condition/fields/").content.decode()
    assert "any project" in page
    assert "<code>margin</code>" in page
    assert "any contract" in page
    assert "any project" not in world.browser(world.alice).get("/accounts/condition/fields/").content.decode()
