"""A file of records: mapped, tried, brought in, finished by a corrected file, undone."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from accounts.models import Account, Contact, ContactRole, ImportRow, Outcome, RecordImport
from accounts.operations import edit_account
from accounts.operations.record_imports import map_import, start_import, start_step
from accounts.operations.record_runs import bring_import, try_import, undo_import
from accounts.queries.imports import LINE
from core.errors import DomainError
from tests.accounts.conftest import entries
from tests.world import World

AT = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
PEOPLE = """Full name,Mail,Job title,Company,Role,Shoe size
Ann Lee,ann@initech.example,CFO,Initech,Champion,38
Ben Orr,ben@initech.example,CTO,Initech,,44
Cy Roe,cy@nowhere.example,COO,Innitech,,41
,dee@initech.example,,Initech,,
"""


def begin(world: World, kind: str, text: str, **given: Any) -> RecordImport:
    mona = world.mona.as_actor()
    batch = start_import(kind=kind, data=text.encode(), file_name="people.csv", by=mona, at=AT, **given)
    return map_import(import_id=batch.pk, mapping=batch.mapping, key=batch.key, by=mona)


def bring(world: World, batch: RecordImport) -> dict[str, int]:
    bring_import(batch=batch, by=world.mona.as_actor(), at=AT)
    return {what: count for what, count in batch.summary.items() if count}


def test_columns_are_proposed_by_name_and_remembered(world: World) -> None:
    mona = world.mona.as_actor()
    batch = start_import(kind="contacts", data=PEOPLE.encode(), file_name="p.csv", by=mona, at=AT)
    assert list(batch.mapping.values()) == ["name", "email", "title", "account", "role", ""]
    assert (batch.rows, batch.key, batch.state) == (4, "email", "mapping")
    map_import(import_id=batch.pk, mapping={**batch.mapping, "5": "note"}, key="email", by=mona)
    again = start_import(kind="contacts", data=PEOPLE.encode(), file_name="p.csv", by=mona, at=AT)
    assert again.mapping["5"] == "note"


def test_a_dry_run_says_what_would_be_and_changes_nothing(world: World) -> None:
    batch = begin(world, "contacts", PEOPLE)
    try_import(batch=batch, by=world.mona.as_actor(), at=AT)
    assert (batch.state, batch.summary["create"], batch.summary["held"]) == ("tried", 2, 2)
    assert not Contact.objects.exists()
    assert entries("accounts.contact_created") == []
    held = ImportRow.objects.filter(action="held").order_by("line")
    assert [(row.line, row.column) for row in held] == [(4, "Company"), (5, "Full name")]
    assert "Initech" in held[0].fix


def test_rows_come_in_once_however_often_the_file_is_brought(world: World) -> None:
    assert bring(world, begin(world, "contacts", PEOPLE)) == {"create": 2, "held": 2}
    assert bring(world, begin(world, "contacts", PEOPLE)) == {"same": 2, "held": 2}
    changed = PEOPLE.replace("CFO", "CEO")
    assert bring(world, begin(world, "contacts", changed)) == {"update": 1, "same": 1, "held": 2}
    assert Contact.objects.get(email="ann@initech.example").title == "CEO"
    assert set(ContactRole.objects.values_list("role", flat=True)) == {"champion", "user"}
    assert len(entries("accounts.records_imported")) == 3


def test_a_row_with_two_faults_names_both(world: World) -> None:
    """Who corrects the file sees everything at once, not the second fault only after the first is mended."""
    text = f"Full name,Mail,Job title,Role\n,,{'x' * 251},King\nAnn Lee,ann@initech.example,,King\n"
    batch = begin(world, "contacts", text)
    assert bring(world, batch) == {"held": 2}
    many, one = batch.lines.order_by("line")
    assert (many.column, one.column) == ("Job title", "Role")
    assert many.error == (f"This is longer than 250 characters. Role: {one.error} Name is missing. E-mail is missing.")


def test_the_held_rows_corrected_and_brought_back_finish_the_job(world: World) -> None:
    first = begin(world, "contacts", PEOPLE)
    bring(world, first)
    corrected = (
        f"{LINE},Full name,Mail,Company\n4,Cy Roe,cy@nowhere.example,Initech\n5,Dee,dee@initech.example,Initech\n"
    )
    second = begin(world, "contacts", corrected, corrects=first.pk)
    assert bring(world, second) == {"create": 2}
    first.refresh_from_db()
    assert (first.summary["held"], first.summary["corrected"]) == (0, 2)


def test_undo_takes_back_what_nobody_changed_since(world: World) -> None:
    mona = world.mona.as_actor()
    known = Account.objects.create(name="Globex", region="EMEA")
    batch = begin(world, "accounts", "Name,Region\nGlobex,APAC\nUmbrella,EMEA\nWonka,EMEA\n")
    assert bring(world, batch) == {"create": 2, "update": 1}
    wonka = Account.objects.get(name="Wonka")
    edit_account(account_id=wonka.pk, expected_version=wonka.version, changes={"region": "LATAM"}, by=mona)
    undo_import(batch=batch, by=mona, at=AT)
    known.refresh_from_db()
    wonka.refresh_from_db()
    assert (batch.state, known.region, wonka.archived_at) == ("undone", "EMEA", None)
    assert Account.objects.get(name="Umbrella").archived_at == AT
    assert "Somebody changed" in batch.lines.get(line=4).error
    (told,) = entries("accounts.records_import_undone")
    assert (told["undone"], told["stayed"]) == (2, 1)


def test_people_and_outcomes_go_back_too(world: World) -> None:
    people = begin(world, "contacts", PEOPLE)
    bring(world, people)
    undo_import(batch=people, by=world.mona.as_actor(), at=AT)
    assert not Contact.objects.filter(archived_at=None).exists()
    assert not ContactRole.objects.exists()
    text = "Account,Outcome,Date,Amount\nInitech,Renewed,2026-10-01,12.000,00 €\n".replace("12.000,00 €", "12000")
    outcomes = begin(world, "outcomes", text)
    assert bring(world, outcomes) == {"create": 1}
    assert (Outcome.objects.get().on, Outcome.objects.get().amount) == (date(2026, 10, 1), 12000)
    assert bring(world, begin(world, "outcomes", text)) == {"same": 1}
    undo_import(batch=outcomes, by=world.mona.as_actor(), at=AT)
    assert Outcome.objects.get().withdrawn_at == AT


def test_a_new_account_that_looks_like_a_known_one_waits_for_a_person(world: World) -> None:
    Account.objects.create(name="Acme Ltd")
    batch = begin(world, "accounts", "Name,New account\nACME Limited,\nAcme Ltd.,yes\n")
    assert bring(world, batch) == {"create": 1, "held": 1}
    held = batch.lines.get(action="held")
    assert held.error == "It looks like “Acme Ltd” (100 %)."
    assert "Acme Ltd" in held.fix


def test_what_cannot_be_is_refused_in_words(world: World) -> None:
    mona = world.mona.as_actor()
    for kind, data, words in (
        ("ships", b"a\nb", "Choose what"),
        ("accounts", b"", "first row names"),
        ("accounts", b"name\n", "first row names"),
        ("accounts", b"%PDF-1.4\x00", "not a text file"),
    ):
        with pytest.raises(DomainError, match=words):
            start_import(kind=kind, data=data, file_name="x", by=mona, at=AT)
    batch = start_import(kind="accounts", data=b"name,other\nA,B", file_name="x", by=mona, at=AT)
    for mapping, words in (
        ({"0": "name", "1": "name"}, "Two columns"),
        ({"0": "colour"}, "No such field"),
        ({"0": "region"}, "which record"),
    ):
        with pytest.raises(DomainError, match=words):
            map_import(import_id=batch.pk, mapping=mapping, key="name", by=mona)
    with pytest.raises(DomainError, match="cannot be done now"):
        start_step(import_id=batch.pk, step="undo", by=mona)
    with pytest.raises(PermissionDenied):
        start_import(kind="accounts", data=b"name\nA", file_name="x", by=world.vic.as_actor(), at=AT)
