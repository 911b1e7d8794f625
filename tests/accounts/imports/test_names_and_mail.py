"""Names in files: asked about once, known ever after; held rows are told by one mail; killed workers lose nothing."""

from types import SimpleNamespace
from typing import Any

import pytest
from django.core import mail as outbox

from accounts.models import Account, Contact, ImportRow, NameMatch, RecordImport
from accounts.operations import record_runs
from accounts.operations.name_matches import forget_name, say_names
from accounts.operations.record_imports import start_step
from accounts.operations.record_runs import bring_import, undo_import
from accounts.queries.imports import asked_names, held_reasons
from accounts.tasks.imports import mail_held_rows
from core.errors import DomainError
from core.models import JobCancelled
from tests.accounts.conftest import entries
from tests.accounts.imports.test_import_pages import LIST
from tests.accounts.imports.test_record_imports import AT, begin, bring
from tests.world import World

PEOPLE = """Name,Mail,Company
Ann,ann@acme.example,"ACME, Limited"
Ben,ben@acme.example,Acme Ltd.
Cy,cy@x.example,Zzz
"""


def test_a_name_is_asked_about_once_and_known_ever_after(world: World) -> None:
    mona = world.mona.as_actor()
    acme = Account.objects.create(name="Acme Ltd")
    batch = begin(world, "contacts", PEOPLE)
    assert bring(world, batch) == {"held": 3}
    asked, count = asked_names(batch, by=mona)
    assert count == 3
    assert [(one.text, one.near and one.near.name, one.score) for one in asked] == [
        ("ACME, Limited", "Acme Ltd", 100),
        ("Acme Ltd.", "Acme Ltd", 100),
        ("Zzz", None, 0),
    ]
    said = {"ACME, Limited": str(acme.pk), "Acme Ltd.": "Acme Ltd", "Zzz": ""}
    assert say_names(import_id=batch.pk, said=said, by=mona, at=AT) == 2
    start_step(import_id=batch.pk, step="again", by=mona)
    batch.refresh_from_db()
    assert bring(world, batch) == {"create": 2, "held": 1}
    assert set(Contact.objects.filter(roles__account=acme).values_list("name", flat=True)) == {"Ann", "Ben"}
    assert [(one["account_id"], one["score"]) for one in entries("accounts.name_matched")] == [(str(acme.pk), 100)] * 2
    text = 'Account,Outcome,Date\n"acme,  limited",Renewed,2026-10-01\n'
    assert bring(world, begin(world, "outcomes", text)) == {"create": 1}
    forget_name(match_id=NameMatch.objects.get(text="acme, limited").pk, by=mona)
    assert bring(world, begin(world, "outcomes", text.replace("10-01", "10-02"))) == {"held": 1}


def test_an_account_that_is_another_one_is_made_and_one_that_is_known_is_not_renamed(world: World) -> None:
    mona = world.mona.as_actor()
    acme = Account.objects.create(name="Acme Ltd", region="EMEA")
    batch = begin(world, "accounts", "Name,Region\nACME Limited,APAC\nAcme Incorporated Ltd,US\n")
    assert bring(world, batch)["held"] == 1
    say_names(import_id=batch.pk, said={"ACME Limited": str(acme.pk)}, by=mona, at=AT)
    start_step(import_id=batch.pk, step="again", by=mona)
    batch.refresh_from_db()
    bring(world, batch)
    acme.refresh_from_db()
    assert (acme.name, acme.region) == ("Acme Ltd", "APAC")
    other = begin(world, "accounts", 'Name\n"ACME, Ltd"\n')
    assert bring(world, other) == {"held": 1}
    say_names(import_id=other.pk, said={"ACME, Ltd": "new"}, by=mona, at=AT)
    start_step(import_id=other.pk, step="again", by=mona)
    other.refresh_from_db()
    assert bring(world, other) == {"create": 1}
    with pytest.raises(DomainError, match="There is no account"):
        say_names(import_id=other.pk, said={"X": "Nowhere"}, by=mona, at=AT)


def test_the_names_are_said_on_the_page(world: World) -> None:
    acme = Account.objects.create(name="Acme Ltd")
    batch = begin(world, "contacts", PEOPLE)
    bring(world, batch)
    browser = world.browser(world.mona)
    page = browser.get(f"{LIST}{batch.pk}/").content.decode()
    assert "It is Acme Ltd (100 %)" in page
    wrong = {"step": "names", "name": ["Zzz"], "other-0": "Nowhere"}
    answer = browser.post(f"{LIST}{batch.pk}/", wrong)
    assert answer.status_code == 422
    assert "There is no account “Nowhere”" in answer.content.decode()
    browser.post(f"{LIST}{batch.pk}/", {"step": "names", "name": ["ACME, Limited"], "is-0": str(acme.pk)})
    batch.refresh_from_db()
    assert (batch.state, batch.job.kind) == ("running", "accounts.bring_import")


def test_one_mail_tells_of_the_held_rows(world: World, monkeypatch: Any) -> None:
    here = SimpleNamespace(name="North", host="north.test")  # a worker's task base puts it in charge
    monkeypatch.setattr("accounts.tasks.imports.current_tenant", lambda: here)
    batch = begin(world, "contacts", PEOPLE)
    batch.mail_wanted, batch.created_by_id = True, world.mona.pk
    batch.save()
    bring(world, batch)
    outbox.outbox.clear()
    for _ in range(2):  # subscribers run at least once
        mail_held_rows(import_id=str(batch.pk))
    (letter,) = outbox.outbox
    assert letter.to == [world.mona.email]
    assert letter.subject == "3 rows wait for you: people.csv"
    assert "3 x Company: No account is called “…” or has that number." in letter.body
    assert f"/imports/{batch.pk}/held.csv" in letter.body
    assert letter.extra_headers["Message-ID"].startswith(f"<import-{batch.pk}-")
    quiet = begin(world, "contacts", PEOPLE)
    bring(world, quiet)
    mail_held_rows(import_id=str(quiet.pk))
    assert len(outbox.outbox) == 1
    assert world.browser().get(f"/imports/{batch.pk}/held.csv").status_code == 302
    assert held_reasons(batch) == [("Company: No account is called “…” or has that number.", 3)]


class Killed(BaseException):
    """What kill -9 leaves of a worker: everything that was committed, nothing else."""


@pytest.mark.parametrize("at_chunk", [1, 2, 3])
def test_a_killed_worker_loses_and_doubles_nothing(world: World, monkeypatch: Any, at_chunk: int) -> None:
    monkeypatch.setattr(record_runs, "MANY", 4)
    text = "Name,Region\n" + "".join(f"Kunde {at:03},R{at % 3}\n" for at in range(10))
    batch = begin(world, "accounts", text)
    start_step(import_id=batch.pk, step="bring", by=world.mona.as_actor())
    taken, seen = record_runs._taken, []

    def killed(*args: Any) -> list[ImportRow]:
        found = taken(*args)
        seen.append(len(found))
        if len(seen) == at_chunk:
            raise Killed
        return found

    monkeypatch.setattr(record_runs, "_taken", killed)
    batch.refresh_from_db()
    with pytest.raises(Killed):
        bring_import(batch=batch, by=world.mona.as_actor(), at=AT)
    assert Account.objects.filter(name__startswith="Kunde").count() == sum(seen[:-1])
    batch = RecordImport.objects.get(pk=batch.pk)
    assert bring(world, batch) == {"create": 10}
    assert Account.objects.filter(name__startswith="Kunde").count() == 10
    bring_import(batch=RecordImport.objects.get(pk=batch.pk), by=world.mona.as_actor(), at=AT, job=batch.job)
    assert len(entries("accounts.records_imported")) == 1
    undo_import(batch=batch, by=world.mona.as_actor(), at=AT)
    assert not Account.objects.filter(name__startswith="Kunde", archived_at=None).exists()


def test_a_stopped_import_keeps_what_is_done(world: World, monkeypatch: Any) -> None:
    monkeypatch.setattr(record_runs, "MANY", 4)
    batch = begin(world, "accounts", "Name\n" + "".join(f"Kunde {at}\n" for at in range(10)))
    start_step(import_id=batch.pk, step="bring", by=world.mona.as_actor())
    batch.refresh_from_db()
    job = batch.job
    taken = record_runs._taken

    def stopping(*args: Any) -> list[ImportRow]:
        found = taken(*args)
        if batch.position:
            type(job).objects.filter(pk=job.pk).update(cancel_requested=True)
        return found

    monkeypatch.setattr(record_runs, "_taken", stopping)
    with pytest.raises(JobCancelled):
        bring_import(batch=batch, by=world.mona.as_actor(), at=AT, job=job)
    batch.refresh_from_db()
    assert (batch.state, batch.message, batch.summary["create"]) == ("done", "Stopped after line 5.", 4)
    assert Account.objects.filter(name__startswith="Kunde").count() == 4


def test_names_and_reading_are_said_by_the_api(world: World) -> None:
    acme = Account.objects.create(name="Acme Ltd")
    batch = begin(world, "contacts", PEOPLE)
    browser, url = world.browser(world.mona), f"/api/v1/imports/{batch.pk}"
    said = {"mapping": batch.mapping, "key": "email", "reading": {"days": "mdy"}, "mail_wanted": True}
    mapped = browser.post(f"{url}/mapping/", said, content_type="application/json").json()
    assert (mapped["reading"]["days"], mapped["mail_wanted"]) == ("mdy", True)
    batch.refresh_from_db()
    bring(world, batch)
    names = {"said": {"ACME, Limited": str(acme.pk)}}
    assert browser.post(f"{url}/names/", names, content_type="application/json").status_code == 200
    assert NameMatch.objects.get().account == acme
    again = browser.post(f"{url}/step/", {"step": "again"}, content_type="application/json")
    assert (again.status_code, again.json()["state"]) == (202, "running")
