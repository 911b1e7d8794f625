"""The wizard's pages and the API of imports."""

from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import Account, Contact, RecordImport
from accounts.operations.record_runs import bring_import, try_import
from tests.accounts.imports.test_record_imports import AT, PEOPLE
from tests.world import World

LIST = "/imports/"


def sent(text: str, **given: Any) -> dict[str, Any]:
    return {"kind": "contacts", "file": SimpleUploadedFile("people.csv", text.encode()), **given}


def test_a_file_goes_through_the_wizard(world: World, query_count: Any) -> None:
    browser, mona = world.browser(world.mona), world.mona.as_actor()
    answer = browser.post(LIST, sent(PEOPLE))
    batch = RecordImport.objects.get()
    assert answer["Location"] == f"{LIST}{batch.pk}/"
    page = browser.get(answer["Location"]).content.decode()
    assert "What the columns mean" in page
    assert "ann@initech.example" in page
    mapping = {f"column-{at}": code for at, code in batch.mapping.items()}
    wrong = browser.post(answer["Location"], {**mapping, "column-0": "email", "key": "email", "step": "try"})
    assert wrong.status_code == 422
    browser.post(answer["Location"], {**mapping, "key": "email", "step": "try"})
    batch.refresh_from_db()
    assert batch.job.kind == "accounts.try_import"
    try_import(batch=batch, by=mona, at=AT)
    batch.job.delete()
    assert not Contact.objects.exists()
    browser.post(answer["Location"], {**mapping, "key": "email", "step": "bring"})
    batch.refresh_from_db()
    bring_import(batch=batch, by=mona, at=AT)
    with query_count() as queries:
        page = browser.get(answer["Location"]).content.decode()
    assert "Held rows as a file" in page
    assert queries.number <= 25
    held = browser.get(f"{answer['Location']}held.csv").content.decode("utf-8-sig")
    assert held.splitlines()[0].startswith("Line of the first file,Full name,Mail")
    assert len(held.splitlines()) == 3
    corrected = held.replace("Innitech", "Initech").replace("5,,dee", "5,Dee,dee")
    answer = browser.post(LIST, sent(corrected, corrects=str(batch.pk)))
    second = RecordImport.objects.exclude(pk=batch.pk).get()
    bring_import(batch=second, by=mona, at=AT)
    batch.refresh_from_db()
    assert (Contact.objects.count(), batch.summary["held"]) == (4, 0)
    assert "people.csv" in browser.get(LIST).content.decode()


def test_what_is_wrong_stands_beside_the_field(world: World) -> None:
    browser = world.browser(world.mona)
    assert "Choose a file." in browser.post(LIST, {"kind": "contacts"}).content.decode()
    answer = browser.post(LIST, sent("name\n"))
    assert answer.status_code == 422
    assert "first row names the columns" in answer.content.decode()


def test_imports_of_others_are_not_seen_by_who_sees_only_their_own(world: World) -> None:
    world.browser(world.mona).post(LIST, sent(PEOPLE))
    batch = RecordImport.objects.get()
    assert world.browser(world.alice).get(f"{LIST}{batch.pk}/").status_code == 404
    assert world.browser(world.vic).get(LIST).status_code == 403


def test_the_api_brings_a_table(world: World) -> None:
    browser, mona = world.browser(world.mona), world.mona.as_actor()
    given = {"kind": "accounts", "text": "Name,Sector\nGlobex,Energy\n"}
    made = browser.post("/api/v1/imports/", given, content_type="application/json").json()
    assert made["mapping"] == {"0": "name", "1": "industry"}
    said = {"mapping": {"0": "name", "1": "region"}, "key": "name"}
    mapped = browser.post(f"/api/v1/imports/{made['id']}/mapping/", said, content_type="application/json")
    assert mapped.json()["mapping"]["1"] == "region"
    step = browser.post(f"/api/v1/imports/{made['id']}/step/", {"step": "bring"}, content_type="application/json")
    assert (step.status_code, step.json()["state"]) == (202, "running")
    bring_import(batch=RecordImport.objects.get(), by=mona, at=AT)
    (row,) = browser.get(f"/api/v1/imports/{made['id']}/rows/?action=create").json()["results"]
    assert Account.objects.get(pk=row["record_id"]).region == "Energy"
