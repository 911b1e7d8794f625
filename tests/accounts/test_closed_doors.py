"""What somebody may neither learn nor break by a way round: results of bulk changes, timelines, versions, cells."""

from datetime import date, timedelta
from uuid import UUID

import pytest
from django.utils.timezone import localdate, now

from accounts.models import Account, BulkChange, CustomRecord, RenewalCheckpoint
from accounts.operations import contracts, edit_account
from accounts.operations.bulk import change_chunk, finish_change, start_bulk_change, undo_bulk_change, undo_chunk
from accounts.operations.custom import add_field
from accounts.operations.pasting import PastedRow, paste_cells
from accounts.operations.records import archive_record, edit_record
from accounts.queries.accounts import entries_of
from accounts.queries.work_sources import disputes
from core.errors import DomainError
from core.models import Job
from tests.accounts.custom.test_objects import project, record_of
from tests.kpis.health.book import furnish
from tests.world import World

JSON = "application/json"


@pytest.fixture
def secret(world: World) -> World:
    """The account says something in a field that only managers and admins know of."""
    furnish()
    by = world.amy.as_actor()
    add_field(label="Secret", kind="text", view_roles=["manager"], by=by)
    add_field(label="Seats", kind="number", by=by)
    edit_account(account_id=world.account.pk, expected_version=1, changes={"custom.secret": "XSECRETX"}, by=by)
    return world


def run(change: BulkChange, world: World) -> None:
    while change_chunk(change_id=change.pk, by=world.mona.as_actor()):
        pass
    finish_change(change_id=change.pk, at=now())


def test_results_of_a_change_keep_hidden_fields_hidden(secret: World) -> None:
    paste_cells(
        rows=[PastedRow(secret.account.pk, 2, {"custom.secret": "NEWSECRET"})], by=secret.amy.as_actor(), at=now()
    )
    pasted = BulkChange.objects.get()
    chosen = Account.objects.filter(pk=secret.account.pk)
    made = start_bulk_change(
        accounts=chosen,
        changes={"custom.secret": "THIRDSECRET"},
        where="custom.secret = x",
        by=secret.mona.as_actor(),
        at=now(),
    )
    run(made, secret)
    assert secret.browser(secret.mona).get(f"/api/v1/bulk-changes/{made.pk}/").json()["where"] == "custom.secret = x"
    for who in (secret.vic, secret.ana):
        for change in (pasted, made):
            page = secret.browser(who).get(f"/accounts/bulk/{change.pk}/").content.decode()
            api = f"/api/v1/bulk-changes/{change.pk}/"
            said = secret.browser(who).get(api).content + secret.browser(who).get(f"{api}rows/").content
            assert "secret" not in (page + said.decode()).lower()
            assert "an own field" in page
    assert "XSECRETX" in secret.browser(secret.mona).get(f"/accounts/bulk/{pasted.pk}/").content.decode()
    said = secret.browser(secret.mona).get(f"/api/v1/bulk-changes/{made.pk}/rows/").json()
    assert said["results"][0]["before"] == {"custom.secret": "NEWSECRET"}


def test_only_who_may_edit_stops_a_change(secret: World) -> None:
    chosen = Account.objects.filter(pk=secret.account.pk)
    made = start_bulk_change(accounts=chosen, changes={"tier": "X"}, by=secret.mona.as_actor(), at=now())
    assert secret.browser(secret.vic).post(f"/accounts/bulk/{made.pk}/stop/").status_code == 403
    assert not Job.objects.get(pk=made.job_id).cancel_requested
    assert secret.browser(secret.mona).post(f"/accounts/bulk/{made.pk}/stop/").status_code == 302
    assert Job.objects.get(pk=made.job_id).cancel_requested


def test_many_accounts_are_changed_in_an_own_field_and_taken_back(secret: World) -> None:
    client, at = secret.browser(secret.mona), {"ids": [str(secret.account.pk)], "field": "custom.seats"}
    assert "Seats" in client.get("/accounts/bulk/", at).content.decode()
    wrong = client.post("/accounts/bulk/", {**at, "value-custom.seats": "many"})
    assert (wrong.status_code, BulkChange.objects.count()) == (422, 0)
    looked = client.get("/accounts/bulk/", {**at, "value-custom.seats": "12"}).content.decode()
    assert "will have “Seats: 12”" in looked
    assert client.post("/accounts/bulk/", {**at, "value-custom.seats": "12.0"}).status_code == 302
    change = BulkChange.objects.get()
    assert change.changes == {"custom.seats": "12"}
    run(change, secret)
    secret.account.refresh_from_db()
    assert secret.account.custom == {"secret": "XSECRETX", "seats": "12"}
    same = client.get("/accounts/bulk/", {**at, "value-custom.seats": "12"}).content.decode()
    assert "<b>1</b> says so already" in same

    undo_bulk_change(change_id=change.pk, by=secret.mona.as_actor(), at=now())
    while undo_chunk(change_id=change.pk, by=secret.mona.as_actor()):
        pass
    secret.account.refresh_from_db()
    assert secret.account.custom == {"secret": "XSECRETX"}
    ana = secret.browser(secret.alice)
    assert "Secret" not in ana.get("/accounts/bulk/", {"ids": [str(secret.account.pk)]}).content.decode()
    body = {"account_ids": [str(secret.account.pk)], "changes": {"custom.secret": "mine"}}
    assert ana.post("/api/v1/bulk-changes/", body, content_type=JSON).status_code == 409
    assert BulkChange.objects.count() == 1


def test_numbers_of_accounts_are_no_cells_of_a_block(secret: World) -> None:
    other = Account.objects.create(name="Other", owner=secret.alice, key="K-1")
    rows = [{"account_id": str(secret.account.pk), "version": 2, "changes": {"key": other.key}}]
    answer = secret.browser(secret.mona).post("/api/v1/bulk-changes/cells/", {"rows": rows}, content_type=JSON)
    assert answer.status_code == 409
    assert BulkChange.objects.count() == 0


@pytest.mark.parametrize("version", ["²", "9" * 5000, "1e400", ""])
def test_a_version_that_is_none_says_that_the_form_is_old(world: World, version: str) -> None:
    project(world)
    one = record_of(world)
    address = f"/objects/project/{one.pk}/edit/"
    assert world.browser(world.amy).post(address, {"name": "X", "version": version}).status_code == 422
    assert CustomRecord.objects.get().name == "Roll-out"


def test_what_is_deleted_is_brought_back_before_it_is_changed(world: World) -> None:
    project(world)
    one = record_of(world)
    archive_record(record_id=one.pk, by=world.amy.as_actor(), at=now())
    with pytest.raises(DomainError, match="Bring it back"):
        edit_record(record_id=one.pk, expected_version=2, changes={"name": "Z"}, by=world.amy.as_actor())
    assert CustomRecord.objects.get().name == "Roll-out"


def test_nobody_hears_of_records_of_an_object_that_is_hidden_from_them(world: World) -> None:
    project(world, view_roles=["manager"])
    one = record_of(world, name="Hidden thing")
    edit_record(record_id=one.pk, expected_version=1, changes={"name": "Hidden again"}, by=world.amy.as_actor())
    for address in (f"/accounts/{world.account.pk}/panels/timeline/", "/feed/"):
        assert "record" in world.browser(world.mona, htmx=True).get(address).content.decode()
        assert "record: project" not in world.browser(world.alice, htmx=True).get(address).content.decode()
        assert "project" not in world.browser(world.alice, htmx=True).get(address).content.decode()
    events = set(entries_of(world.account.pk, by=None).values_list("event", flat=True))
    assert "accounts.record_changed" not in events
    assert entries_of(world.account.pk, by=world.mona.as_actor()).filter(event="accounts.record_changed").count() == 2


@pytest.mark.parametrize(
    ("number", "auto", "human", "why"),
    [
        (1, "secure", "at_risk", "Rule and owner disagree"),
        (2, "secure", "", "The owner has not said how it stands"),
        (2, "watch", "watch", "“Watch” is no longer enough: is it secure or at risk?"),
        (2, "", "secure", "The rule knows too little to agree with the owner"),
    ],
)
def test_a_decision_says_why_it_is_asked(world: World, number: int, auto: str, human: str, why: str) -> None:
    by, at, today = world.amy.as_actor(), now(), localdate()
    made = contracts.create_contract(
        account_id=world.account.pk, name="Main", starts_on=date(2026, 1, 1), ends_on=today + timedelta(days=200),
        by=by, at=at, lines=[{"amount": 100, "billing": "month"}],
    )  # fmt: skip
    contracts.activate_contract(contract_id=made.pk, by=by, at=at)
    given = {"number": number, "auto_status": auto, "status": human, "due_on": today, "escalated_at": at}
    RenewalCheckpoint.objects.create(renewal=made.renewals.get(), **given)
    assert [row.w_why for row in disputes(by=by, on=today)] == [why]
    assert isinstance(disputes(by=by, on=today).get().w_id, UUID)


def test_a_column_that_cannot_be_is_no_cell(secret: World) -> None:
    client, pk = secret.browser(secret.amy), secret.account.pk
    assert client.get(f"/accounts/{pk}/cell/custom.%00/").status_code == 404
    pasted = client.post("/accounts/paste/", {"cells": f"{pk}|custom.x\0|2|z\n\0|||\n{pk}|arr|2|1e999999"})
    assert pasted.status_code == 200
    assert "no such cell" in pasted.content.decode()
    assert BulkChange.objects.count() == 0


def test_whoever_is_late_with_the_rules_hears_it_also_where_nothing_differs(world: World) -> None:
    client = world.browser(world.amy)
    form = client.get("/settings/revenue/").context["values"]
    late = client.post("/settings/revenue/", {**form, "version": "999"})
    assert late.status_code == 409
    assert "Somebody else saved these rules meanwhile" in late.content.decode()
