"""The trail: append-only in the database itself, and a chain that shows whatever was done to it."""

import threading
from uuid import uuid4

import pytest
from django.db import DatabaseError, connection, transaction

from core.actor import Actor
from core.audit import record, record_many, verify_chain
from core.models import Entry, EntryHead, Outbox
from tenants.context import tenant_scope
from tests.core.events import Heard, Noted
from tests.database import NORTH, SOUTH

BY = Actor(label="Alice", user_id=uuid4())


@pytest.fixture
def trail(db):
    """Ten entries in an empty trail of north, one of them about an account."""
    with tenant_scope(NORTH):
        _unguarded("delete from core_entry", "update core_entryhead set seq = 0, hash = ''")
        for number in range(9):
            record(Noted(None, note=f"note {number}"), by=BY)
        record(Noted(uuid4(), note={"ö": [1, 2.5, None, '\\ "']}), by=Actor.system("tests"))
        yield


def _unguarded(*statements: str) -> None:
    """What a superuser can do: everything, with the triggers switched off."""
    with connection.cursor() as cursor:
        cursor.execute("set local session_replication_role = replica")
        for statement in statements:
            cursor.execute(statement)
        cursor.execute("set local session_replication_role = origin")


# Writing -------------------------------------------------------------------------------------------------------


def test_an_entry_says_who_did_what_when(trail):
    account_id = uuid4()
    entry = record(Noted(account_id, note="renewed"), by=BY)
    stored = Entry.objects.get(pk=entry.seq)
    assert (stored.seq, stored.event, stored.account_id) == (11, "tests.noted", account_id)
    assert stored.data == {"account_id": str(account_id), "note": "renewed"}
    assert (stored.actor_id, stored.actor_label, stored.at) == (BY.user_id, "Alice", entry.at)
    assert (stored.hash, stored.previous_hash) == (entry.hash, entry.previous_hash)
    assert stored.previous_hash == Entry.objects.get(pk=10).hash


def test_it_belongs_in_the_transaction_of_the_change(scratch_database):
    with tenant_scope(NORTH):
        for write in (record, record_many):
            with pytest.raises(RuntimeError, match="transaction of the change"):
                write(Noted(None) if write is record else [Noted(None)], by=BY)


def test_a_change_that_is_rolled_back_leaves_no_entry_and_no_gap(trail):
    with transaction.atomic():
        record(Noted(None), by=BY)
        transaction.set_rollback(True)
    assert record(Noted(None), by=BY).seq == 11
    assert verify_chain() == []


@pytest.mark.parametrize("write", [record, lambda event, by: record_many([event], by=by)])
def test_records_of_tables_are_refused(world, write):
    before = Entry.objects.count()
    with pytest.raises(TypeError, match="not JSON serializable"):
        write(Noted(None, note=world.account), by=BY)
    assert Entry.objects.count() == before


def test_no_entry_holds_more_than_plain_values(world):
    """Ids and codes only: what the events of a working day wrote is read back as it was."""
    record(Noted(world.account.pk, note=[world.account.pk, "code"]), by=BY)
    data = Entry.objects.latest("seq").data
    assert data == {"account_id": str(world.account.pk), "note": [str(world.account.pk), "code"]}


def test_a_long_name_of_an_actor_is_cut_to_the_column(trail):
    assert record(Noted(None), by=Actor(label="x" * 500)).actor_label == "x" * 160
    record_many([Noted(None)], by=Actor(label="y" * 500))
    assert Entry.objects.latest("seq").actor_label == "y" * 160


def test_many_at_once_are_the_same_as_one_by_one(trail):
    ids = [uuid4(), None, uuid4()]
    record_many([Noted(account_id, note=number) for number, account_id in enumerate(ids)], by=BY)
    stored = Entry.objects.filter(seq__gt=10).order_by("seq")
    assert list(stored.values_list("seq", "account_id", "data__note")) == list(
        zip((11, 12, 13), ids, range(3), strict=True)
    )
    assert verify_chain() == []
    record_many([], by=BY)
    with pytest.raises(ValueError, match="one kind"):
        record_many([Noted(None), Heard(None)], by=BY)


def test_every_tenant_has_a_chain_of_its_own(db):
    with tenant_scope(NORTH):
        north = record(Noted(None), by=BY)
    with tenant_scope(SOUTH):
        south = record(Noted(None), by=BY)
        record(Noted(None), by=BY)
        assert verify_chain() == []
    with tenant_scope(NORTH):
        assert record(Noted(None), by=BY).seq == north.seq + 1
        assert verify_chain() == []
    assert south.hash != north.hash


def test_nothing_waits_for_subscribers_when_there_are_none(trail):
    assert not Outbox.objects.exists()


# The database refuses ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "update core_entry set event = 'x' where seq = 3",
        "update core_entry set seq = seq + 100",
        "delete from core_entry where seq = 10",
        "truncate core_entry",
        "truncate core_entry cascade",
        "delete from core_entryhead",
        "truncate core_entryhead",
        "update core_entryhead set seq = seq - 1",
        "insert into core_entryhead (seq, hash) values (0, '')",
        "insert into core_entry (event, data, actor_label, at) values ('x', '{}', 'x', now())"
        " on conflict (seq) do update set event = 'x'; update core_entry set event = 'y'",
    ],
)
def test_sql_of_the_tables_owner_cannot_change_what_happened(trail, statement):
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert Entry.objects.count() == 10
    assert verify_chain() == []


def test_neither_can_python(trail):
    entry = Entry.objects.get(pk=4)
    entry.actor_label = "Mallory"
    for change in (entry.save, entry.delete, Entry.objects.all().delete, lambda: Entry.objects.update(event="x")):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            change()


def test_whoever_inserts_by_hand_cannot_choose_number_or_hash(trail):
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into core_entry (seq, event, data, actor_label, at, previous_hash, hash)"
            " values (3, 'tests.noted', '{}', 'Mallory', now(), 'forged', 'forged') returning seq, hash"
        )
        seq, digest = cursor.fetchone()
    assert (seq, digest == "forged") == (11, False)
    assert verify_chain() == []


# Tampering is found --------------------------------------------------------------------------------------------


_REHASH = (
    "update core_entry set hash ="
    " core_entry_hash(previous_hash, seq, event, account_id, data, actor_id, actor_label, at)"
)


@pytest.mark.parametrize(
    ("statements", "found"),
    [
        (["update core_entry set data = '{}' where seq = 4"], [(4, "content changed")]),
        (["update core_entry set actor_label = 'Bob' where seq = 10"], [(10, "content changed")]),
        (["update core_entry set actor_id = null where seq = 1"], [(1, "content changed")]),
        (["update core_entry set at = at + interval '1 microsecond' where seq = 2"], [(2, "content changed")]),
        (["update core_entry set event = 'x' where seq = 4", f"{_REHASH} where seq = 4"], [(5, "link broken")]),
        (
            ["update core_entry set event = 'x' where seq = 10", f"{_REHASH} where seq = 10"],
            [(10, "end of the trail cut off")],
        ),
        (["delete from core_entry where seq = 5"], [(6, "entry missing before it"), (6, "link broken")]),
        (["delete from core_entry where seq = 1"], [(2, "entry missing before it"), (2, "link broken")]),
        (["delete from core_entry where seq > 8"], [(10, "end of the trail cut off")]),
        (["delete from core_entry"], [(10, "end of the trail cut off")]),
        (["delete from core_entry", "delete from core_entryhead"], [(0, "end of the trail cut off")]),
        (["delete from core_entryhead"], [(10, "end of the trail cut off")]),
        (
            ["delete from core_entry where seq = 10", "update core_entryhead set seq = 9"],
            [(9, "end of the trail cut off")],
        ),
        (
            ["update core_entry set seq = case seq when 3 then -4 else -3 end where seq in (3, 4)",
             "update core_entry set seq = -seq where seq < 0"],
            [(3, "content changed"), (3, "link broken"), (4, "content changed"), (4, "link broken"),
             (5, "link broken")],
        ),
        (
            ["insert into core_entry (seq, event, data, actor_label, at, previous_hash, hash)"
             " values (11, 'x', '{}', 'x', now(), '', '')"],
            [(10, "end of the trail cut off"), (11, "content changed"), (11, "link broken")],
        ),
    ],
)  # fmt: skip
def test_what_a_superuser_did_to_it_is_found(trail, statements, found):
    _unguarded(*statements)
    assert sorted((one.seq, one.reason) for one in verify_chain()) == found


# Many writers --------------------------------------------------------------------------------------------------


def test_eight_writers_at_once_leave_one_unbroken_chain(scratch_database):
    with tenant_scope(NORTH):
        before = EntryHead.objects.get().seq
    faults: list[BaseException] = []

    def write(number: int) -> None:
        try:
            with tenant_scope(NORTH):
                for turn in range(20):
                    with transaction.atomic():
                        record(Noted(None, note=f"{number}/{turn}"), by=BY)
                        if turn % 5 == 0:
                            record_many([Noted(None, note=f"{number}/{turn}/{i}") for i in range(3)], by=BY)
                        if turn % 7 == 3:
                            transaction.set_rollback(True)
        except BaseException as error:
            faults.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert faults == []
    with tenant_scope(NORTH):
        written = 8 * (
            17 + 3 * 4
        )  # turns 3, 10 and 17 were rolled back, of the others 0, 5, 10 and 15 wrote three more
        written -= 8 * 3  # turn 10 was among both
        assert EntryHead.objects.get().seq == before + written == Entry.objects.count()
        assert verify_chain() == []
