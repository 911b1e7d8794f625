"""Create, edit and archive: who may, what is refused, and what the trail says."""

from datetime import date
from decimal import Decimal
from threading import Barrier, Thread
from uuid import uuid4

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.utils.timezone import now

from accounts.models import Account
from accounts.operations import NameTaken, NeedsOwner, NotAParent, archive_account, create_account, edit_account
from core.actor import Actor
from core.errors import Conflict, DomainError
from core.models import Entry
from tenants.context import tenant_scope
from tests.accounts.conftest import entries
from tests.database import NORTH
from tests.world import World


def test_a_new_account_stands_in_the_table_and_in_the_trail(world: World) -> None:
    account = create_account(name="  Meridian Freight ", key="M-1", arr=Decimal("482000"), by=world.mona.as_actor())
    stored = Account.objects.get(pk=account.pk)
    assert (stored.name, stored.key, stored.arr, stored.currency, stored.owner_id, stored.version) == (
        "Meridian Freight",
        "M-1",
        Decimal("482000.00"),
        "EUR",
        None,
        1,
    )
    entry = Entry.objects.get(event="accounts.account_created")
    assert (entry.account_id, entry.actor_id, entry.actor_label) == (account.pk, world.mona.pk, "Mona")
    assert entry.data == {"account_id": str(account.pk), "source": "page"}


def test_somebody_who_sees_their_own_accounts_owns_what_they_create(world: World) -> None:
    assert create_account(name="Acme", by=world.alice.as_actor()).owner_id == world.alice.pk
    assert create_account(name="Acme 2", owner_id=world.bob.pk, by=world.alice.as_actor()).owner_id == world.bob.pk


@pytest.mark.parametrize("who", ["ana", "vic"])
def test_creating_needs_the_permission(world: World, who: str) -> None:
    with pytest.raises(PermissionDenied, match="^Your role does not allow you to create accounts.$"):
        create_account(name="Acme", by=getattr(world, who).as_actor())
    assert not Account.objects.filter(name="Acme").exists()
    assert entries("accounts.account_created") == []


def test_a_taken_name_or_number_is_refused_beside_its_field(world: World) -> None:
    create_account(name="Acme", key="A1", by=world.mona.as_actor())
    for given, words, field in (
        ({"name": "Acme"}, "There is already an account called “Acme”.", "name"),
        ({"name": "Other", "key": "A1"}, "Number A1 already belongs to another account.", "key"),
        ({"name": "   "}, "An account needs a name.", "name"),
    ):
        with pytest.raises(DomainError) as refused:
            create_account(**given, by=world.mona.as_actor())
        assert (str(refused.value), refused.value.field) == (words, field)
    assert Account.objects.count() == 2
    assert len(entries("accounts.account_created")) == 1


def test_accounts_without_a_number_do_not_clash(world: World) -> None:
    create_account(name="One", key="", by=world.mona.as_actor())
    create_account(name="Two", key="", by=world.mona.as_actor())
    assert Account.objects.filter(key=None).count() == 3


def test_a_field_that_nobody_may_set_is_a_defect(world: World) -> None:
    with pytest.raises(TypeError, match="sample"):
        create_account(name="Acme", sample=True, by=world.mona.as_actor())


def test_two_people_take_one_name_at_the_same_time(scratch_database: None) -> None:
    by = Actor.system("tests")
    start, outcomes = Barrier(2), []

    def create() -> None:
        try:
            start.wait()
            with tenant_scope(NORTH):
                create_account(name="Acme", by=by)
            outcomes.append("created")
        except NameTaken as refusal:
            outcomes.append(str(refusal))
        finally:
            connection.close()

    threads = [Thread(target=create) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["There is already an account called “Acme”.", "created"]
    with tenant_scope(NORTH):
        assert Account.objects.filter(name="Acme").count() == 1
        assert Entry.objects.filter(event="accounts.account_created").count() == 1


def test_an_edit_says_what_was_before(world: World) -> None:
    changes = {"arr": Decimal("100"), "renewal_on": date(2027, 1, 31), "owner_id": world.bob.pk, "name": "Initech"}
    edit_account(account_id=world.account.pk, expected_version=1, changes=changes, by=world.alice.as_actor())
    stored = Account.objects.get(pk=world.account.pk)
    assert (stored.arr, stored.renewal_on, stored.owner_id, stored.version) == (
        Decimal("100.00"),
        date(2027, 1, 31),
        world.bob.pk,
        2,
    )
    assert entries("accounts.account_edited") == [
        {
            "account_id": str(world.account.pk),
            "changes": {
                "arr": [None, "100"],
                "renewal_on": [None, "2027-01-31"],
                "owner_id": [str(world.alice.pk), str(world.bob.pk)],
            },
        }
    ]


def test_an_edit_that_changes_nothing_is_no_news(world: World) -> None:
    edit_account(account_id=world.account.pk, expected_version=1, changes={"name": "Initech"}, by=world.mona.as_actor())
    assert Account.objects.get(pk=world.account.pk).version == 1
    assert entries("accounts.account_edited") == []


def test_two_editors_notice_each_other(world: World) -> None:
    edit_account(account_id=world.account.pk, expected_version=1, changes={"tier": "A"}, by=world.mona.as_actor())
    with pytest.raises(Conflict, match="Nothing of theirs was overwritten.$"):
        edit_account(account_id=world.account.pk, expected_version=1, changes={"tier": "B"}, by=world.alice.as_actor())
    assert Account.objects.get(pk=world.account.pk).tier == "A"
    assert len(entries("accounts.account_edited")) == 1


def test_a_colleagues_account_does_not_exist_for_somebody_who_sees_their_own(world: World) -> None:
    for account_id in (world.account.pk, uuid4()):
        with pytest.raises(Account.DoesNotExist):
            edit_account(account_id=account_id, expected_version=1, changes={"tier": "B"}, by=world.bob.as_actor())
        with pytest.raises(Account.DoesNotExist):
            archive_account(account_id=account_id, by=world.bob.as_actor(), at=now())
    assert Account.objects.get(pk=world.account.pk).tier == ""


def test_editing_needs_the_permission(world: World) -> None:
    with pytest.raises(PermissionDenied):
        edit_account(account_id=world.account.pk, expected_version=1, changes={"tier": "B"}, by=world.vic.as_actor())
    assert Account.objects.get(pk=world.account.pk).tier == ""


def test_an_account_is_not_lost_by_giving_it_to_nobody(world: World) -> None:
    nobody = {"owner_id": None}
    with pytest.raises(NeedsOwner) as refused:
        edit_account(account_id=world.account.pk, expected_version=1, changes=nobody, by=world.alice.as_actor())
    assert refused.value.field == "owner_id"
    assert Account.objects.get(pk=world.account.pk).owner_id == world.alice.pk
    edit_account(account_id=world.account.pk, expected_version=1, changes=nobody, by=world.mona.as_actor())
    assert Account.objects.get(pk=world.account.pk).owner_id is None


def test_renaming_to_a_taken_name_changes_nothing(world: World) -> None:
    create_account(name="Acme", by=world.mona.as_actor())
    with pytest.raises(NameTaken):
        edit_account(
            account_id=world.account.pk, expected_version=1, changes={"name": "Acme"}, by=world.mona.as_actor()
        )
    stored = Account.objects.get(pk=world.account.pk)
    assert (stored.name, stored.version) == ("Initech", 1)


def test_archiving_takes_out_and_brings_back_once(world: World) -> None:
    at = now()
    for _ in range(2):
        archive_account(account_id=world.account.pk, by=world.mona.as_actor(), at=at)
    assert (list(Account.objects.active()), Account.objects.get(pk=world.account.pk).archived_at) == ([], at)
    for _ in range(2):
        archive_account(account_id=world.account.pk, by=world.mona.as_actor(), at=at, restore=True)
    assert list(Account.objects.active()) == [world.account]
    assert [data["restored"] for data in entries("accounts.account_archived")] == [False, True]


@pytest.mark.parametrize("who", ["alice", "ana", "vic"])
def test_archiving_needs_the_permission(world: World, who: str) -> None:
    with pytest.raises(PermissionDenied):
        archive_account(account_id=world.account.pk, by=getattr(world, who).as_actor(), at=now())
    assert Account.objects.get(pk=world.account.pk).archived_at is None
    assert entries("accounts.account_archived") == []


def test_no_account_stands_above_itself(world: World) -> None:
    mona = world.mona.as_actor()
    below = create_account(name="Below", parent_id=world.account.pk, by=mona)
    under = create_account(name="Under", parent_id=below.pk, by=mona)

    for parent, said in ((world.account, "its own parent"), (below, "a circle"), (under, "a circle")):
        with pytest.raises(NotAParent, match=said):
            edit_account(account_id=world.account.pk, expected_version=1, changes={"parent_id": parent.pk}, by=mona)
    with pytest.raises(NotAParent, match="no such account"):
        create_account(
            name="Own", parent_id=Account.objects.create(name="Bobs", owner=world.bob).pk, by=world.alice.as_actor()
        )
    world.account.refresh_from_db()
    assert (world.account.parent_id, world.account.version) == (None, 1)
