"""Cells of the list changed in place and blocks pasted from a spreadsheet: errors beside the cell, conflicts, undo."""

import json
import re
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.utils.timezone import now

from accounts.models import Account, BulkChange
from accounts.operations import edit_account
from accounts.operations.custom import add_field
from accounts.operations.pasting import PastedRow, paste_cells
from core.models import Entry
from tests.kpis.health.book import furnish
from tests.world import World


@pytest.fixture
def book(world: World) -> World:
    furnish()
    Account.objects.all().delete()
    add_field(label="Seats", kind="number", by=world.amy.as_actor())
    add_field(label="Secret", kind="text", edit_roles=["admin"], by=world.amy.as_actor())
    for name in ("Anvil", "Bolt", "Clamp"):
        Account.objects.create(name=name, tier="Gold", owner=world.alice, arr=100)
    return world


def anvil() -> Account:
    return Account.objects.get(name="Anvil")


def cell(code: str, account: Account | None = None) -> str:
    return f"/accounts/{(account or anvil()).pk}/cell/{code}/"


def save(client: Client, code: str, value: str, **more: Any) -> Any:
    form = client.get(cell(code)).content.decode()
    hidden = {name: re.search(rf'name="{name}" value="([^"]*)"', form)[1] for name in ("version", "was")}  # type: ignore[index]
    return client.post(cell(code), {**hidden, "value": value, **more})


@pytest.mark.parametrize(
    ("code", "typed", "kept"),
    [
        ("tier", " Silver ", "Silver"), ("arr", "€1,250.50", "1250.50"), ("arr", "", "None"),
        ("stage", "Adoption", "adoption"),
        ("renewal_on", "31.12.2027", "2027-12-31"), ("owner", "bob@north.example", "bob"), ("custom.seats", "12", "12"),
    ],
)  # fmt: skip
def test_a_cell_takes_what_a_person_writes(book: World, code: str, typed: str, kept: str) -> None:
    typed = book.bob.email if code == "owner" else typed
    answer = save(book.browser(book.mona, htmx=True), code, typed)
    account = anvil()
    held = {"owner": account.owner.name if account.owner else ""}
    held = {**held, "custom.seats": account.custom.get("seats", "")}

    assert answer.status_code == 204, answer.content.decode()
    says = held[code] if code in held else str(getattr(account, code))
    assert says == (book.bob.name if code == "owner" else kept)
    told = json.loads(answer["HX-Trigger"])
    assert told["cell-saved"] == {"id": f"c-{account.pk}-{code}"}
    back = book.browser(book.mona, htmx=True).post(told["toast"]["undoUrl"])
    assert "before" in back["HX-Trigger"]
    assert (anvil().tier, str(anvil().arr), anvil().owner_id, anvil().custom) == ("Gold", "100.00", book.alice.pk, {})


@pytest.mark.parametrize(
    ("code", "typed", "says"),
    [
        ("arr", "lots", "is not an amount"), ("stage", "Nowhere", "There is no such stage"),
        ("tier", "x" * 41, "40 characters"),
        ("renewal_on", "01/02/2027", "not a date without doubt"), ("owner", "Zoe", "Nobody"),
        ("currency", "", "has a currency"),
        ("custom.seats", "many", "Enter a number"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_said_beside_the_cell_and_nothing_is_written(
    book: World, code: str, typed: str, says: str
) -> None:
    before = Entry.objects.count()
    answer = save(book.browser(book.mona, htmx=True), code, typed)
    page = unescape(answer.content.decode())

    assert answer.status_code == 422
    assert says in page
    assert 'aria-invalid="true"' in page
    assert (anvil().version, Entry.objects.count()) == (1, before)


def test_two_people_at_one_cell_get_a_choice(book: World) -> None:
    mona = book.browser(book.mona, htmx=True)
    edit_account(account_id=anvil().pk, expected_version=1, changes={"tier": "Bronze"}, by=book.alice.as_actor())
    answer = mona.post(cell("tier"), {"version": "1", "was": "Gold", "value": "Silver"})
    page = answer.content.decode()

    assert answer.status_code == 409
    assert "Bronze" in page
    assert anvil().tier == "Bronze"
    hidden = {name: re.search(rf'name="{name}" value="([^"]*)"', page)[1] for name in ("version", "was")}  # type: ignore[index]
    assert mona.post(cell("tier"), {**hidden, "value": "Silver"}).status_code == 204
    assert anvil().tier == "Silver"


def test_what_others_changed_in_another_field_is_in_nobodys_way(book: World) -> None:
    edit_account(account_id=anvil().pk, expected_version=1, changes={"region": "DACH"}, by=book.alice.as_actor())
    answer = book.browser(book.mona, htmx=True).post(cell("tier"), {"version": "1", "was": "Gold", "value": "Silver"})

    assert answer.status_code == 204
    assert (anvil().tier, anvil().region) == ("Silver", "DACH")


def test_an_undo_after_somebody_elses_change_overwrites_nothing(book: World) -> None:
    told = json.loads(save(book.browser(book.mona, htmx=True), "tier", "Silver")["HX-Trigger"])
    edit_account(account_id=anvil().pk, expected_version=2, changes={"tier": "Bronze"}, by=book.alice.as_actor())
    answer = book.browser(book.mona, htmx=True).post(told["toast"]["undoUrl"])

    assert json.loads(answer["HX-Trigger"])["toast"]["kind"] == "error"
    assert anvil().tier == "Bronze"


def test_who_may_not_edit_or_see_gets_no_cell(book: World) -> None:
    assert book.browser(book.vic, htmx=True).get(cell("tier")).status_code == 403
    assert book.browser(book.bob, htmx=True).get(cell("tier")).status_code == 404
    assert book.browser(book.mona, htmx=True).get(cell("health")).status_code == 404
    answer = save(book.browser(book.mona, htmx=True), "custom.secret", "x")
    assert answer.status_code == 422
    assert "data-edit" not in book.browser(book.vic).get("/accounts/").content.decode()
    assert 'id="cell-editor"' in book.browser(book.mona).get("/accounts/").content.decode()


def block(*cells: tuple[str, str, str], version: int = 1) -> dict[str, str]:
    ids = {account.name: account.pk for account in Account.objects.all()}
    return {"cells": "\n".join(f"{ids[name]}|{code}|{version}|{text}" for name, code, text in cells), "outside": "2"}


def test_a_pasted_block_is_looked_at_then_written_and_taken_back_as_one(book: World) -> None:
    client = book.browser(book.mona, htmx=True)
    page = client.post(
        "/accounts/paste/",
        block(
            ("Anvil", "tier", "Silver"), ("Anvil", "arr", "2,000"), ("Bolt", "custom.seats", "7"),
            ("Bolt", "arr", "lots"),
            ("Clamp", "tier", "Gold"), ("Clamp", "owner", book.bob.email),
        ),
    ).content.decode()  # fmt: skip

    assert "is not an amount" in page
    assert "as it is" in page
    assert "2 more lie outside" in page
    assert Account.objects.filter(version__gt=1).count() == 0
    packed = [unescape(one) for one in re.findall(r'name="cell" value="([^"]*)"', page)]
    assert len(packed) == 4
    told = json.loads(client.post("/accounts/paste/", {"apply": "1", "cell": packed})["HX-Trigger"])
    assert told["toast"]["text"] == "3 accounts changed."
    assert (anvil().tier, anvil().arr) == ("Silver", 2000)
    assert Account.objects.get(name="Bolt").custom == {"seats": "7"}
    assert Account.objects.get(name="Clamp").owner_id == book.bob.pk
    assert BulkChange.objects.count() == 1

    edit_account(account_id=anvil().pk, expected_version=2, changes={"tier": "Bronze"}, by=book.alice.as_actor())
    back = json.loads(client.post(told["toast"]["undoUrl"])["HX-Trigger"])
    assert back["toast"]["text"] == "2 accounts as before. 1 had been changed again and stays."
    assert (anvil().tier, Account.objects.get(name="Bolt").custom) == ("Bronze", {})
    assert Account.objects.get(name="Clamp").owner_id == book.alice.pk
    assert json.loads(client.post(told["toast"]["undoUrl"])["HX-Trigger"])["toast"]["kind"] == "error"
    page = book.browser(book.mona).get(f"/accounts/bulk/{BulkChange.objects.get().pk}/").content.decode()
    assert "Pasted cells" in page


def test_a_paste_over_a_stale_account_leaves_it_alone(book: World) -> None:
    edit_account(account_id=anvil().pk, expected_version=1, changes={"region": "DACH"}, by=book.alice.as_actor())
    page = book.browser(book.mona, htmx=True).post("/accounts/paste/", block(("Anvil", "tier", "Silver"))).content
    assert "Somebody changed this account" in page.decode()

    made = paste_cells(rows=[PastedRow(anvil().pk, 1, {"tier": "Silver"})], by=book.mona.as_actor(), at=now())
    assert made.failed == 1
    assert anvil().tier == "Gold"


def test_a_paste_reaches_only_what_one_may_edit(book: World) -> None:
    client = book.browser(book.bob, htmx=True)
    assert "no such cell" in client.post("/accounts/paste/", block(("Anvil", "tier", "Silver"))).content.decode()
    assert book.browser(book.vic, htmx=True).post("/accounts/paste/", block()).status_code == 403
    alice = book.browser(book.alice, htmx=True)
    packed = block(("Anvil", "owner", ""))["cells"]
    assert alice.post("/accounts/paste/", {"apply": "1", "cell": [packed]}).status_code == 422
    assert anvil().owner_id == book.alice.pk


def test_the_api_changes_cells_as_one_change_and_names_what_it_cannot_read(book: World) -> None:
    client, json_type = book.browser(book.mona), "application/json"
    bolt = Account.objects.get(name="Bolt")
    rows = [
        {"account_id": str(anvil().pk), "version": 1, "changes": {"tier": "Silver", "arr": "2,000"}},
        {"account_id": str(bolt.pk), "version": 1, "changes": {"custom.seats": "many"}},
    ]
    wrong = client.post("/api/v1/bulk-changes/cells/", {"rows": rows}, content_type=json_type)
    assert wrong.status_code == 400
    assert list(wrong.json()) == ["rows.1.custom.seats"]
    assert anvil().version == 1

    twice = client.post("/api/v1/bulk-changes/cells/", {"rows": [rows[0], rows[0]]}, content_type=json_type)
    assert twice.status_code == 400
    rows[1]["changes"] = {"custom.seats": "7"}
    made = client.post("/api/v1/bulk-changes/cells/", {"rows": rows}, content_type=json_type)
    assert made.status_code == 201, made.content
    assert (made.json()["done"], made.json()["failed"]) == (2, 0)
    assert Account.objects.get(name="Bolt").custom == {"seats": "7"}
    assert (
        book.browser(book.vic).post("/api/v1/bulk-changes/cells/", {"rows": rows}, content_type=json_type).status_code
        == 403
    )
