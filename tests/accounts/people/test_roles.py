"""Contacts with dated roles: given, ended, moved; what follows when a champion leaves."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from accounts.conditions import matching, read
from accounts.models import Account, Activity, Contact, ContactRole, Notice, Task
from accounts.operations import archive_account
from accounts.operations.champions import ask_for_champion
from accounts.operations.people import archive_contact, create_contact, edit_contact
from accounts.operations.roles import RoleThere, change_standing, end_role, leave_account, move_contact, open_role
from accounts.queries.people import Wanted, people, person_lines
from accounts.queries.stakeholders import stakeholder_map
from core.actor import Actor
from core.errors import Conflict, DomainError
from tests.accounts.conftest import entries
from tests.world import World
from users.models import User

AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
TODAY, MARCH = AT.date(), date(2026, 3, 2)


def person(world: World, name: str = "Nina Berg", role: str = "", **given: Any) -> Contact:
    """Somebody at the world's account since March, when a role is given."""
    placed = {"account_id": given.pop("account", world.account).pk, "role": role, "starts_on": MARCH}
    placed |= {n: given.pop(n) for n in ("influence", "stance", "reports_to_id") if n in given}
    return create_contact(name=name, role=placed if role else None, by=world.mona.as_actor(), at=AT, **given)


def role_of(contact: Contact) -> ContactRole:
    found: ContactRole = contact.roles.get(ends_on=None)
    return found


def test_a_contact_has_a_role_at_an_account_from_a_day(world: World) -> None:
    made = person(world, "  Nina   Berg ", "champion", email="Nina@Initech.example", influence=3, stance=2)

    assert (made.name, made.email, made.version) == ("Nina Berg", "nina@initech.example", 2)
    role = role_of(made)
    assert (role.account, role.role, role.influence, role.stance, role.starts_on) == (
        world.account,
        "champion",
        3,
        2,
        MARCH,
    )
    assert entries("accounts.contact_created") == [{"account_id": None, "contact_id": str(made.pk), "source": "page"}]
    (opened,) = entries("accounts.role_opened")
    assert (opened["role"], opened["on"], opened["account_id"]) == ("champion", "2026-03-02", str(world.account.pk))


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"role": "hero"}, "role"),
        ({"starts_on": date(2026, 11, 21)}, "starts_on"),
        ({"influence": 4}, "influence"),
        ({"stance": 3}, "stance"),
        ({"reports_to_id": "018f0000-0000-7000-8000-000000000000"}, "reports_to_id"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(world: World, given: dict[str, Any], field: str) -> None:
    made = person(world)
    wanted = {"role": "user", "contact_id": made.pk, "account_id": world.account.pk, **given}
    with pytest.raises(DomainError) as refusal:
        open_role(**wanted, by=world.alice.as_actor(), at=AT)
    assert refusal.value.field == field
    assert not ContactRole.objects.exists()


def test_one_person_has_several_roles_and_one_standing(world: World) -> None:
    made = person(world, role="champion", influence=3, stance=1)
    second = open_role(contact_id=made.pk, account_id=world.account.pk, role="admin", by=world.alice.as_actor(), at=AT)
    assert (second.influence, second.stance) == (3, 1)
    with pytest.raises(RoleThere):
        open_role(contact_id=made.pk, account_id=world.account.pk, role="admin", by=world.alice.as_actor(), at=AT)
    made.refresh_from_db()
    change_standing(role_id=second.pk, expected_version=made.version, changes={"stance": -1}, by=world.alice.as_actor())
    assert set(made.roles.values_list("stance", flat=True)) == {-1}
    assert entries("accounts.standing_changed")[0]["changes"] == {"stance": [1, -1]}


def test_two_editors_notice_each_other(world: World) -> None:
    made = person(world, role="user")
    by = world.alice.as_actor()
    edit_contact(contact_id=made.pk, expected_version=made.version, changes={"title": "CFO"}, by=by)
    with pytest.raises(Conflict):
        edit_contact(contact_id=made.pk, expected_version=made.version, changes={"title": "CIO"}, by=by)
    with pytest.raises(Conflict):
        change_standing(role_id=role_of(made).pk, expected_version=made.version, changes={"influence": 2}, by=by)
    made.refresh_from_db()
    assert (made.title, role_of(made).influence) == ("CFO", 1)
    assert entries("accounts.contact_edited")[0]["fields"] == ["title"]


def test_nobody_reports_to_themselves_through_others(world: World) -> None:
    top = person(world, "Top", "sponsor")
    middle = person(world, "Middle", "user", reports_to_id=role_of(top).pk)
    low = person(world, "Low", "user", reports_to_id=role_of(middle).pk)
    with pytest.raises(DomainError, match="report to themselves"):
        change_standing(
            role_id=role_of(top).pk,
            expected_version=top.version,
            changes={"reports_to_id": role_of(low).pk},
            by=world.alice.as_actor(),
        )


def test_a_move_closes_the_old_role_with_day_and_reason_and_opens_the_new_one(world: World) -> None:
    other = Account.objects.create(name="Globex", owner=world.bob)
    made = person(world, role="champion", influence=3, stance=2)
    open_role(
        contact_id=made.pk, account_id=world.account.pk, role="admin", starts_on=MARCH, by=world.mona.as_actor(), at=AT
    )

    new = move_contact(
        contact_id=made.pk,
        account_id=world.account.pk,
        to_account_id=other.pk,
        role="economic_buyer",
        on=date(2026, 11, 16),
        reason="Hired away",
        by=world.mona.as_actor(),
        at=AT,
    )

    assert (new.account, new.role, new.starts_on, new.influence, new.stance) == (
        other,
        "economic_buyer",
        date(2026, 11, 16),
        1,
        None,
    )
    old = ContactRole.objects.filter(account=world.account)
    assert set(old.values_list("role", "ends_on", "end_reason")) == {
        ("champion", date(2026, 11, 16), "Hired away"),
        ("admin", date(2026, 11, 16), "Hired away"),
    }
    assert {one["left"] for one in entries("accounts.role_ended")} == {True}
    (left,) = entries("accounts.champion_left")
    assert (left["on"], left["reason"], left["others"]) == ("2026-11-16", "Hired away", 0)


def test_a_move_that_fails_leaves_everything(world: World) -> None:
    made = person(world, role="champion")
    foreign = Account.objects.create(name="Globex", owner=world.bob)
    gone: dict[str, Any] = {
        "contact_id": made.pk,
        "account_id": world.account.pk,
        "on": TODAY,
        "reason": "Left",
        "at": AT,
    }
    with pytest.raises(Account.DoesNotExist):
        move_contact(**gone, to_account_id=foreign.pk, role="user", by=world.alice.as_actor())
    with pytest.raises(DomainError):
        move_contact(**gone, to_account_id=world.account.pk, role="user", by=world.alice.as_actor())
    with pytest.raises(DomainError):
        leave_account(**{**gone, "reason": " "}, by=world.alice.as_actor())
    with pytest.raises(DomainError):
        leave_account(**{**gone, "on": date(2026, 3, 1)}, by=world.alice.as_actor())
    assert role_of(made).role == "champion"
    assert entries("accounts.champion_left") == []


def test_a_champion_who_leaves_becomes_a_task_of_the_owner_the_same_day_once(world: World) -> None:
    made = person(world, role="champion", influence=3)
    (ended,) = leave_account(
        contact_id=made.pk, account_id=world.account.pk, on=TODAY, reason="Retired", by=world.alice.as_actor(), at=AT
    )
    for _ in range(2):
        ask_for_champion(account_id=world.account.pk, role_id=ended.pk, by=Actor.system("accounts"), at=AT)

    task = Task.objects.get()
    assert (task.account, task.assignee, task.due_on, task.priority) == (world.account, world.alice, TODAY, 1)
    assert "Nina Berg" in task.notes
    assert "Retired" in task.notes
    told = Notice.objects.get()
    assert (told.user, told.text) == (world.alice, "Plumbline gave you a task: Win a new champion at Initech")
    found = stakeholder_map(world.account.pk, at=AT)
    (gap,) = [gap for gap in found.gaps if gap.role == "champion"]
    assert gap.last is not None
    assert gap.last.end_reason == "Retired"


def test_no_task_while_another_champion_is_there_or_the_account_is_archived(world: World) -> None:
    one, two = person(world, "One", "champion"), person(world, "Two", "champion")
    first = end_role(role_id=role_of(one).pk, on=TODAY, reason="Moved on", by=world.alice.as_actor(), at=AT)
    assert entries("accounts.champion_left")[0]["others"] == 1
    assert ask_for_champion(account_id=world.account.pk, role_id=first.pk, by=Actor.system("accounts"), at=AT) is None
    second = end_role(role_id=role_of(two).pk, on=TODAY, reason="Moved on", by=world.alice.as_actor(), at=AT)
    archive_account(account_id=world.account.pk, by=world.mona.as_actor(), at=AT)
    assert ask_for_champion(account_id=world.account.pk, role_id=second.pk, by=Actor.system("accounts"), at=AT) is None
    assert not Task.objects.exists()


def test_who_has_a_role_is_not_archived(world: World) -> None:
    made, free = person(world, role="user"), person(world, "Free")
    with pytest.raises(DomainError, match="has a role"):
        archive_contact(contact_id=made.pk, by=world.alice.as_actor(), at=AT)
    archive_contact(contact_id=free.pk, by=world.alice.as_actor(), at=AT)
    archive_contact(contact_id=free.pk, by=world.alice.as_actor(), at=AT)
    assert Contact.objects.get(pk=free.pk).archived_at == AT
    archive_contact(contact_id=free.pk, by=world.alice.as_actor(), at=AT, restore=True)
    assert [one["restored"] for one in entries("accounts.contact_archived")] == [False, True]


def test_one_sees_the_people_of_ones_accounts(world: World) -> None:
    mine, free = person(world, role="champion"), person(world, "Free")
    open_role(contact_id=mine.pk, account_id=world.account.pk, role="user", by=world.mona.as_actor(), at=AT)
    other = Account.objects.create(name="Globex", owner=world.bob)
    theirs = person(world, "Theirs", "user", account=other)

    def names(user: User, **wanted: Any) -> list[str]:
        return sorted(one.name for one in people(Wanted(**wanted), by=user.as_actor()))

    assert names(world.alice) == ["Free", "Nina Berg"], "nobody twice"
    assert names(world.bob) == ["Free", "Theirs"]
    assert names(world.mona, role="champion") == ["Nina Berg"]
    assert names(world.mona, account_id=other.pk) == ["Theirs"]
    assert names(world.mona, state="former") == ["Free"]
    assert names(world.mona, q="nin ber") == ["Nina Berg"]
    move_contact(
        contact_id=mine.pk,
        account_id=world.account.pk,
        to_account_id=other.pk,
        role="champion",
        on=TODAY,
        reason="Moved",
        by=world.mona.as_actor(),
        at=AT,
    )
    assert names(world.alice) == ["Free", "Nina Berg"], "who was here stays known"
    assert names(world.alice, role="champion") == [], "what they are elsewhere is not mine to see"
    (line,) = person_lines([mine], by=world.alice.as_actor())
    assert (line.roles, line.elsewhere) == ([], 1)
    assert free.pk != theirs.pk
    with pytest.raises(Contact.DoesNotExist):
        edit_contact(contact_id=theirs.pk, expected_version=2, changes={"name": "X"}, by=world.alice.as_actor())
    with pytest.raises(PermissionDenied):
        edit_contact(contact_id=mine.pk, expected_version=2, changes={"name": "X"}, by=world.vic.as_actor())


def test_the_map_says_who_reports_to_whom_gaps_and_single_threads(world: World) -> None:
    boss = person(world, "Boss", "sponsor", influence=3, stance=0)
    left = person(world, "Left", "admin", reports_to_id=role_of(boss).pk)
    under = person(world, "Under", "user", reports_to_id=role_of(left).pk)
    low = person(world, "Low", "user", reports_to_id=role_of(under).pk, stance=-2)
    leave_account(
        contact_id=left.pk, account_id=world.account.pk, on=TODAY, reason="Left", by=world.alice.as_actor(), at=AT
    )

    found = stakeholder_map(world.account.pk, at=AT)

    assert [(one.contact.name, one.depth, one.closes, one.was_under) for one in found.people] == [
        ("Boss", 0, 0, ""),
        ("Under", 0, 0, "Left"),
        ("Low", 1, 1, ""),
    ]
    assert [gap.role.value for gap in found.gaps] == ["champion", "economic_buyer", "admin"]
    assert found.warnings == ["Only Boss has influence here. If they leave, nobody carries the account."]
    assert [one.contact.name for one in found.former] == ["Left"]
    assert [one.stance_text for one in found.people] == ["Neutral", "Stance unknown", "Against us"]

    for day in (3, 10, 17):
        happened = datetime(2026, 11, day, 9, tzinfo=UTC)
        made = Activity.objects.create(
            account=world.account, kind="call", subject="Call", happened_at=happened, by_label="Alice"
        )
        made.contacts.add(low)
    assert stakeholder_map(world.account.pk, at=AT).warnings[1:] == [
        "All 3 activities of the last 90 days with anybody were with Low."
    ]
    made.contacts.add(boss)
    assert len(stakeholder_map(world.account.pk, at=AT).warnings) == 1


def test_conditions_ask_which_roles_are_held(world: World) -> None:
    Account.objects.create(name="Globex")
    made = person(world, role="champion")

    def found(text: str) -> list[str]:
        asked = matching(read(text), today=TODAY)
        return sorted(Account.objects.filter(asked).values_list("name", flat=True))

    assert found("has_champion = yes") == ["Initech"]
    assert found("has_champion = no") == ["Globex"]
    end_role(role_id=role_of(made).pk, on=TODAY, reason="Moved on", by=world.alice.as_actor(), at=AT)
    assert found("not has_champion") == ["Globex", "Initech"]
