"""A field and an object made in one request are usable in the next, everywhere; and hidden everywhere from a role."""

import json
from typing import Any

import pytest
from django.utils.timezone import now

from accounts.models import Account, Contact, CustomField, CustomRecord, RecordImport
from accounts.operations import edit_account, people
from accounts.tasks.imports import bring_records
from analytics.queries import health_report
from core.actor import Actor
from core.models import Job
from kpis.models import Kpi, KpiValue
from kpis.operations import install_catalogue
from kpis.operations.formulas import NotAFormula, understood_for
from kpis.tasks import compute_formula
from tests.accounts.custom.test_objects import project, record_of
from tests.accounts.custom.test_values import field
from tests.world import World

API = "/api/v1"


def send(client: Any, address: str, body: dict[str, Any], verb: str = "post") -> Any:
    return getattr(client, verb)(f"{API}{address}", json.dumps(body), "application/json")


def bring(client: Any, kind: str, text: str, key: str) -> RecordImport:
    """A file through the API: started, mapped as proposed, brought in by the worker."""
    made = send(client, "/imports/", {"kind": kind, "text": text})
    assert made.status_code == 201, made.content
    one = made.json()["id"]
    batch = RecordImport.objects.get(pk=one)
    mapped = send(client, f"/imports/{one}/mapping/", {"mapping": batch.mapping, "key": key})
    assert mapped.status_code == 200, mapped.content
    assert send(client, f"/imports/{one}/step/", {"step": "bring"}).status_code == 202
    batch.refresh_from_db()
    bring_records.run(job_id=str(batch.job_id))
    batch.refresh_from_db()
    return batch


def test_a_new_field_is_in_filters_formulas_imports_the_api_and_reports_in_the_next_request(world: World) -> None:
    install_catalogue(at=now(), by=Actor.system("tests"))
    amy = world.browser(world.amy)
    made = send(amy, "/account-fields/", {"label": "Budget", "kind": "number", "unit": "EUR", "in_reports": True})
    assert made.status_code == 201
    send(amy, "/account-fields/", {"label": "Go live", "kind": "date"})
    batch = bring(amy, "accounts", "name,budget,go live\nInitech,1200,2026-10-01\n", "name")
    assert batch.summary["update"] == 1
    got = amy.get(f"{API}/accounts/{world.account.pk}/").json()
    assert got["custom"] == {"budget": "1200", "go_live": "2026-10-01"}
    assert "Initech" in amy.get("/accounts/?where=custom.budget > 1000").content.decode()
    assert "Initech" not in amy.get("/accounts/?where=custom.budget > 2000").content.decode()
    Kpi.objects.create(code="spend", name="Spend", category="outcomes", unit="EUR", custom=True)
    wrong = send(amy, "/formulas/check/", {"kpi": "spend", "text": "custom.budget + 1 h"})
    assert "EUR" in wrong.json()["problems"][0]["message"], "it has its unit"
    written = send(
        amy, "/formulas/",
        {"kpi": "spend", "text": "if(days_since(custom.go_live) > 0, custom.budget * 2, custom.budget)",
         "expected_version": None},
    )  # fmt: skip
    assert written.status_code == 201, written.content
    assert "custom.budget" in str(written.json()["inputs"])
    compute_formula.run(job_id=str(Job.objects.get(kind="kpis.compute_formula").pk))
    assert KpiValue.objects.get(kpi__code="spend", account=world.account).value == 2400
    shown = health_report(Account.objects.get(pk=world.account.pk)).own
    assert [(one.field.label, one.text) for one in shown] == [("Budget", "1200")]


def test_a_new_object_is_everywhere_in_the_next_request(world: World) -> None:
    amy = world.browser(world.amy)
    assert send(amy, "/objects/", {"name": "Project", "plural": "Projects"}).status_code == 201
    given = {"label": "Status", "kind": "choice", "choices": ["On time", "Late"], "record": "object:project"}
    assert send(amy, "/account-fields/", given).status_code == 201
    one = send(
        amy, "/objects/project/records/",
        {"account_id": str(world.account.pk), "name": "Roll-out", "custom": {"status": "late"}},
    )  # fmt: skip
    assert (one.status_code, one.json()["custom"]) == (201, {"status": "Late"})
    batch = bring(amy, "object:project", "account,name,status\nInitech,Second,On time\nNobody,Third,Late\n", "name")
    assert (batch.summary["create"], batch.summary["held"]) == (1, 1)
    again = bring(amy, "object:project", "account,name,status\nInitech,second,Late\n", "name")
    assert again.summary["update"] == 1
    listed = amy.get(f"{API}/objects/project/records/", {"where": 'status = "late"', "sort": "name"}).json()["results"]
    assert [row["name"] for row in listed] == ["Roll-out", "Second"]
    assert amy.get(f"{API}/objects/project/records/", {"where": "colour = 1"}).status_code == 400
    assert amy.get(f"{API}/objects/project/records/", {"colour": "1"}).status_code == 400
    assert "Initech" in amy.get("/accounts/", {"where": "count of projects = 2"}).content.decode()
    page = amy.get("/objects/project/", {"status": "Late", "q": "roll"}).content.decode()
    assert "Roll-out" in page
    assert "Second" not in page
    file = amy.get("/objects/project/export/", {"status": "Late"}).content.decode().splitlines()
    assert file == ["Project,Account,Status", "Roll-out,Initech,Late", "Second,Initech,Late"]
    panel = world.browser(world.alice, htmx=True).get(f"/accounts/{world.account.pk}/panels/records/").content.decode()
    assert "Roll-out" in panel
    assert "Roll-out" in world.browser(world.alice, htmx=True).get("/search/?q=roll").content.decode()
    pk = one.json()["id"]
    late = send(amy, f"/objects/project/records/{pk}/", {"version": 9, "name": "x"}, "patch")
    assert late.status_code == 409
    gone = send(amy, f"/objects/project/records/{pk}/archive/", {})
    assert gone.json()["archived_at"]
    assert len(amy.get(f"{API}/objects/project/records/").json()["results"]) == 1
    assert len(amy.get(f"{API}/objects/project/records/", {"deleted": "true"}).json()["results"]) == 1


def test_the_forms_of_records_take_values_and_refuse_what_does_not_fit(world: World) -> None:
    project(world)
    alice, address = world.browser(world.alice), f"/objects/project/new/?account={world.account.pk}"
    assert 'name="custom.budget"' in alice.get(address).content.decode()
    assert "custom.margin" not in alice.get(address).content.decode()
    wrong = alice.post(address, {"name": "", "custom.budget": "many"})
    assert (wrong.status_code, "Enter a number" in wrong.content.decode()) == (422, True)
    assert alice.post(address, {"name": "Roll-out", "custom.budget": "5"}).status_code == 302
    one = CustomRecord.objects.get()
    edit = f"/objects/project/{one.pk}/edit/"
    first = {"name": "Roll-out", "version": "1", "was-custom.budget": "5", "custom.budget": "6", "was-name": "Roll-out"}
    assert alice.post(edit, first).status_code == 302
    late = alice.post(edit, {**first, "custom.budget": "7"})
    assert (late.status_code, "Keep theirs: <b>6</b>" in late.content.decode()) == (409, True)
    kept = alice.post(edit, {**first, "version": "2", "custom.budget": "7", "theirs": "custom.budget"})
    assert (kept.status_code, CustomRecord.objects.get().custom) == (302, {"budget": "6"})
    assert alice.post(f"/objects/project/{one.pk}/delete/").status_code == 302
    assert "This is deleted" in alice.get(f"/objects/project/{one.pk}/").content.decode()
    assert alice.post(f"/objects/project/{one.pk}/delete/", {"restore": "1"}).status_code == 302
    assert CustomRecord.objects.get().archived_at is None
    elsewhere = alice.post("/objects/project/new/", {"name": "x", "to": "Nobody"})
    assert (elsewhere.status_code, "No account that you see" in elsewhere.content.decode()) == (422, True)
    for address in ("/settings/objects/", "/settings/objects/new/", "/settings/fields/?record=object:project"):
        assert alice.get(address).status_code == 403
        assert world.browser(world.amy).get(address).status_code == 200


def test_people_have_own_fields_on_their_forms_and_in_the_api(world: World) -> None:
    field("birthday", "date", record="contact")
    field("salary", "number", record="contact", view_roles=["manager"])
    by = world.amy.as_actor()
    role = {"account_id": world.account.pk, "role": "user"}
    one = people.create_contact(name="Cara", by=by, at=now(), role=role, **{"custom.salary": "77123"})
    alice = world.browser(world.alice)
    edit = f"/contacts/{one.pk}/edit/"
    version = str(Contact.objects.get().version)
    assert "custom.salary" not in alice.get(edit).content.decode()
    assert alice.post(edit, {"name": "Cara", "version": version, "custom.birthday": "1.2.80"}).status_code == 422
    assert alice.post(edit, {"name": "Cara", "version": version, "custom.birthday": "1980-02-01"}).status_code == 302
    assert "1 Feb 1980" in alice.get(f"/contacts/{one.pk}/").content.decode()
    assert "77123" not in alice.get(f"/contacts/{one.pk}/").content.decode()
    assert alice.get(f"{API}/contacts/{one.pk}/").json()["custom"] == {"birthday": "1980-02-01"}
    assert world.browser(world.mona).get(f"{API}/contacts/{one.pk}/").json()["custom"]["salary"] == "77123"
    assert (
        "Initech" in alice.get("/accounts/", {"where": "any contact where custom.birthday is known"}).content.decode()
    )


SECRET = "48151623"
# Where a field of accounts could show: address, what it is called there, whether what was asked is said again.
DOORS = {
    "page": "/accounts/ACCOUNT/",
    "form": "/accounts/ACCOUNT/edit/",
    "new form": "/accounts/new/",
    "column of the list": "/accounts/?columns=custom.margin",
    "condition": f"/accounts/?where=custom.margin+%3D+{SECRET}",
    "fields of conditions": "/accounts/condition/fields/",
    "condition while it is written": f"/accounts/condition/?where=custom.margin+%3D+{SECRET}",
    "column chooser": "/accounts/columns/",
    "export": "/accounts/export.csv?columns=custom.margin",
    "cell": "/accounts/ACCOUNT/cell/custom.margin/",
    "segment": f"/segments/preview/?where=custom.margin+%3D+{SECRET}",
    "as of": "/accounts/ACCOUNT/as-of/",
    "api": f"{API}/accounts/ACCOUNT/",
    "api list": f"{API}/accounts/",
    "api fields": f"{API}/account-fields/",
    "api as of": f"{API}/accounts/ACCOUNT/as-of/?on={now().date()}",
}


def names_field(world: World, who: Any, door: str) -> bool:
    """Whether an answer of the door names the field or says its value. What was asked for and is said again is no
    answer: of it only the label, which nobody asked for, counts."""
    account = str(world.account.pk)
    found = False
    for htmx in (False, True):
        answer = world.browser(who, htmx=htmx).get(DOORS[door].replace("ACCOUNT", account))
        text = answer.content.decode(errors="replace")
        asked = "custom.margin" in DOORS[door]
        found |= "Gross margin" in text or (SECRET in text and SECRET not in DOORS[door])
        found |= "custom.margin" in text and not asked
    return found


@pytest.mark.parametrize("door", list(DOORS))
def test_a_field_that_a_role_may_not_see_comes_through_no_door(world: World, door: str) -> None:
    CustomField.objects.create(code="margin", label="Gross margin", kind="number", view_roles=["manager"])
    edit_account(
        account_id=world.account.pk, expected_version=1, changes={"custom.margin": SECRET}, by=world.mona.as_actor()
    )
    assert names_field(world, world.mona, door), "who may see it does see it there, or the check could not fail"
    assert not names_field(world, world.alice, door)


def test_neither_the_timeline_nor_the_search_speaks_of_it(world: World) -> None:
    field("margin", "number", view_roles=["manager"])
    edit_account(
        account_id=world.account.pk, expected_version=1, changes={"custom.margin": SECRET}, by=world.mona.as_actor()
    )
    alice = world.browser(world.alice)
    timeline = alice.get(f"/accounts/{world.account.pk}/panels/timeline/").content.decode()
    assert "own fields" in timeline
    assert "margin" not in timeline
    assert "Initech" not in alice.get(f"/search/?q={SECRET}").content.decode()


def test_a_field_that_a_role_may_only_see_is_changed_through_no_door(world: World) -> None:
    field("margin", "number", edit_roles=["manager"])
    alice = world.browser(world.alice)
    form = alice.post(f"/accounts/{world.account.pk}/edit/", {"name": "Initech", "version": "1", "custom.margin": "9"})
    assert form.status_code in (200, 302)
    sent = send(alice, f"/accounts/{world.account.pk}/", {"version": 1, "custom": {"margin": "9"}}, "patch")
    assert sent.status_code == 403
    text = "name,margin\nInitech,9\n"
    batch = send(alice, "/imports/", {"kind": "accounts", "text": text}).json()
    assert "custom.margin" not in batch["mapping"].values()
    refused = send(
        alice, f"/imports/{batch['id']}/mapping/", {"mapping": {"0": "name", "1": "custom.margin"}, "key": "name"}
    )
    assert refused.status_code == 409
    alice.post(f"/accounts/{world.account.pk}/cell/custom.margin/", {"value": "9", "version": "1"})
    assert Account.objects.get(pk=world.account.pk).custom == {}


def test_formulas_read_only_fields_that_every_role_sees(world: World) -> None:
    field("margin", "number", view_roles=["manager"])
    field("seats", "number")
    kpi = Kpi.objects.create(code="spend", name="Spend", category="outcomes", custom=True)
    assert understood_for(kpi, "custom.seats * 2").fields == ("custom.seats",)
    with pytest.raises(NotAFormula) as refused:
        understood_for(kpi, "custom.margin * 2")
    assert "There is no KPI and no field" in str(refused.value)
    assert "custom.margin" not in str([one.suggestions for one in refused.value.problems])


def test_an_object_of_another_role_is_behind_no_door(world: World) -> None:
    project(world, view_roles=["manager"])
    one = record_of(world, "Zephyr", status="Late")
    alice = world.browser(world.alice)
    for address in (
        "/objects/project/", "/objects/project/new/", f"/objects/project/{one.pk}/", f"/objects/project/{one.pk}/edit/",
        "/objects/project/export/", f"{API}/objects/project/", f"{API}/objects/project/records/",
        f"{API}/objects/project/records/{one.pk}/",
    ):  # fmt: skip
        assert alice.get(address).status_code == 404, address
        assert world.browser(world.mona).get(address).status_code == 200, address
    for address in (
        f"/accounts/{world.account.pk}/panels/records/", "/search/?q=zephyr", "/imports/", f"{API}/objects/",
        f"{API}/account-fields/", "/accounts/?where=any project", "/deleted/",
    ):  # fmt: skip
        text = alice.get(address).content.decode()
        assert "Projects" not in text, address
        assert "Zephyr" not in text, address
