"""A whole file of accounts against those that are there: taken together, or refused row by row with the reason."""

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.utils.timezone import now

from accounts import columns
from accounts.models import Account
from accounts.operations import Imported, archive_account, check_import, import_accounts
from core.errors import DomainError
from tests.accounts.conftest import entries
from tests.world import World
from users.models import User


def bring(world: World, *rows: Mapping[str, Any], by: User | None = None) -> Imported:
    numbered = list(enumerate(rows, start=2))
    actor = (by or world.mona).as_actor()
    would = check_import(rows=numbered, by=actor, at=now())
    did = import_accounts(rows=numbered, sha256="a" * 64, by=actor, at=now())
    assert would == did, "the check promises what the import does"
    return did


def test_new_known_and_unchanged_accounts(world: World) -> None:
    Account.objects.create(name="Acme", key="A1", tier="Gold", arr=Decimal(10))
    result = bring(
        world,
        {"name": "Acme Corporation", "key": "A1", "arr": Decimal("20.00")},
        {"name": "Initech"},
        {"name": "Umbra", "key": "U1", "owner_email": "Alice@Example.com"},
    )
    assert result == Imported(created=1, updated=1, unchanged=1, refused=[])
    acme = Account.objects.get(key="A1")
    assert (acme.name, acme.arr, acme.tier, acme.version) == ("Acme Corporation", Decimal("20.00"), "Gold", 2)
    assert Account.objects.get(name="Umbra").owner_id == world.alice.pk
    assert Account.objects.get(pk=world.account.pk).version == 1
    assert entries("accounts.accounts_imported") == [
        {"account_id": None, "created": 1, "updated": 1, "refused": 0, "file_sha256": "a" * 64}
    ]


def test_an_empty_cell_changes_nothing(world: World) -> None:
    Account.objects.create(name="Acme", tier="Gold", arr=Decimal(10))
    assert bring(world, {"name": "Acme", "tier": "", "arr": None}).unchanged == 1
    assert Account.objects.get(name="Acme").tier == "Gold"


def test_a_number_is_given_to_an_account_that_has_none(world: World) -> None:
    assert bring(world, {"name": "Initech", "key": "I1"}).updated == 1
    assert Account.objects.get(pk=world.account.pk).key == "I1"


@pytest.mark.parametrize(
    ("rows", "refused"),
    [
        ([{"key": "X"}], [(2, "This row names no account.")]),
        ([{"name": "New"}, {"name": "New"}], [(3, "“New” stands in this file twice; the first one counts.")]),
        (
            [{"name": "New", "key": "N"}, {"name": "Newer", "key": "N"}],
            [(3, "Number N stands in this file twice; the first one counts.")],
        ),
        ([{"name": "New", "owner_email": "x@y.z"}], [(2, "Nobody here has the e-mail x@y.z.")]),
        ([{"name": "Acme", "key": "A2"}], [(2, "“Acme” has the number A1 here, not A2.")]),
        ([{"name": "Initech", "key": "A1"}], [(2, "Number A1 belongs to “Acme”, and “Initech” is another account.")]),
        ([{"name": "Gone"}], [(2, "“Gone” is archived. Bring it back first.")]),
        (
            [{"name": "Acme Ltd", "key": "A1"}, {"name": "Acme"}],
            [(3, "An earlier row of this file speaks of “Acme Ltd” already; the first one counts.")],
        ),
    ],
)
def test_a_row_that_cannot_be_taken_says_why(
    world: World, rows: list[dict[str, Any]], refused: list[tuple[int, str]]
) -> None:
    Account.objects.create(name="Acme", key="A1")
    gone = Account.objects.create(name="Gone")
    archive_account(account_id=gone.pk, by=world.mona.as_actor(), at=now())
    before = set(Account.objects.exclude(key="A1").values_list("name", "key", "version"))
    result = bring(world, *rows, {"name": "Good"})
    assert result.refused == refused
    first_new = {(rows[0]["name"], rows[0].get("key"), 1)} if refused[0][0] == 3 and not result.updated else set()
    after = set(Account.objects.exclude(key="A1").values_list("name", "key", "version"))
    assert after == before | first_new | {("Good", None, 1)}


def test_somebody_who_sees_their_own_accounts_brings_their_own(world: World) -> None:
    theirs = "belongs to an account that is not yours."
    Account.objects.create(name="Hidden", key="H1", owner=world.bob)
    result = bring(
        world,
        {"name": "Initech", "tier": "A"},
        {"name": "Hidden", "tier": "A"},
        {"name": "Anything", "key": "H1"},
        {"name": "New"},
        {"name": "Bob's", "owner_email": "bob@example.com"},
        by=world.alice,
    )
    assert (result.created, result.updated) == (2, 1)
    assert result.refused == [(3, f"“Hidden” or its number {theirs}"), (4, f"“Anything” or its number {theirs}")]
    assert Account.objects.get(name="New").owner_id == world.alice.pk
    assert Account.objects.get(name="Bob's").owner_id == world.bob.pk
    assert Account.objects.get(name="Hidden").tier == ""


def test_importing_needs_the_permission(world: World) -> None:
    for operation in (
        lambda by: import_accounts(rows=[(2, {"name": "New"})], sha256="x", by=by, at=now()),
        lambda by: check_import(rows=[(2, {"name": "New"})], by=by, at=now()),
    ):
        with pytest.raises(PermissionDenied):
            operation(world.ana.as_actor())
    assert not Account.objects.filter(name="New").exists()


def test_a_file_that_changes_nothing_leaves_no_entry(world: World) -> None:
    assert bring(world, {"name": "Initech"}) == Imported(0, 0, 1, [])
    assert entries("accounts.accounts_imported") == []


def test_a_name_taken_under_the_import_undoes_the_whole_file(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the look and the insert somebody else makes an account of the file."""
    from accounts.operations import importing

    merged = importing._Merge.of(
        rows=[(2, {"name": "Acme"}), (3, {"name": "Beta"})], by=world.mona.as_actor(), at=now()
    )
    Account.objects.create(name="Acme")
    monkeypatch.setattr(importing._Merge, "of", lambda rows, by, at: merged)
    with pytest.raises(
        DomainError, match="^Somebody made an account of this file at the same moment. Bring it again.$"
    ):
        import_accounts(rows=[], sha256="x", by=world.mona.as_actor(), at=now())
    assert not Account.objects.filter(name="Beta").exists()
    assert entries("accounts.accounts_imported") == []


def test_a_thousand_names_come_at_once(world: World, shared_data: Path, query_count: Any) -> None:
    data = (shared_data / "kpi_workbooks/accounts.csv").read_bytes()
    sheet = columns.read(columns.lines_in(data))
    with query_count() as queries:
        result = import_accounts(rows=sheet.rows, sha256="b" * 64, by=world.mona.as_actor(), at=now())
    assert result == Imported(1000, 0, 0, [])
    assert Account.objects.filter(key__startswith="C").count() == 1000
    assert queries.number <= 10
    assert import_accounts(rows=sheet.rows, sha256="b" * 64, by=world.mona.as_actor(), at=now()) == Imported(
        0, 0, 1000, []
    )


def test_what_the_file_does_not_say_stays_as_it_was(world: World) -> None:
    made = Account.objects.create(name="Acme", key="A1", tier="Gold", owner=world.bob, stage="value")
    assert bring(world, {"name": "Acme", "key": "A1", "region": "EMEA"}).updated == 1
    stored = Account.objects.get(pk=made.pk)
    unchanged = (stored.tier, stored.owner_id, stored.stage, stored.created_at, stored.sample, stored.archived_at)
    assert unchanged == ("Gold", world.bob.pk, "value", made.created_at, False, None)
    assert (stored.region, stored.version) == ("EMEA", 2)


# Parents --------------------------------------------------------------------------------------------------------


def test_accounts_come_below_their_parents_whatever_the_order_of_the_rows(world: World) -> None:
    result = bring(
        world, {"name": "Leaf", "parent": "Group"}, {"name": "Group", "parent": "Initech"}, {"name": "Initech"}
    )

    assert result == Imported(created=2, updated=0, unchanged=1, refused=[])
    leaf = Account.objects.select_related("parent__parent").get(name="Leaf")
    assert (leaf.parent.name, leaf.parent.parent) == ("Group", world.account)


def test_a_parent_that_is_known_is_a_change(world: World) -> None:
    Account.objects.create(name="Group")

    assert bring(world, {"name": "Initech", "parent": "Group"}).updated == 1
    assert bring(world, {"name": "Initech", "parent": "Group"}).unchanged == 1


def test_a_parent_that_cannot_be_refuses_its_row_and_changes_nothing(world: World) -> None:
    below = Account.objects.create(name="Below", parent=world.account)
    result = bring(
        world,
        {"name": "Initech", "parent": "Below", "tier": "Gold"},
        {"name": "Lost", "parent": "Nobody"},
        {"name": "Lost too", "parent": "Lost"},
        {"name": "Own", "parent": "Own"},
    )

    assert result.created == result.updated == 0
    assert dict(result.refused) == {
        2: "“Below” is below this account, so it cannot be its parent.",
        3: "No account is called “Nobody”, so it cannot be the parent.",
        4: "No account is called “Lost”, so it cannot be the parent.",
        5: "“Own” is below this account, so it cannot be its parent.",
    }
    world.account.refresh_from_db()
    assert (world.account.tier, world.account.parent_id, below.parent_id) == ("", None, world.account.pk)
