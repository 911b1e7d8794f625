"""What an account's contracts say nobody writes by hand, wherever they try; what they do not say is unknown."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from accounts import columns
from accounts.models import Account
from accounts.operations import check_import, edit_account, import_accounts
from accounts.operations import contracts as operations
from accounts.operations.accounts import ReadFromContracts
from accounts.operations.bulk import undo_bulk_change
from accounts.operations.pasting import PastedRow, paste_cells
from core.models import Entry
from tests.accounts.conftest import entries
from tests.accounts.revenue.test_contracts import AT, agree
from tests.world import World

WORDS = "ARR is read from its contracts"


@pytest.fixture(autouse=True)
def _november(time_machine: Any) -> None:
    time_machine.move_to(AT)


@pytest.fixture
def led(world: World) -> Account:
    agree(world, 100, date(2026, 1, 1), ends_on=date(2027, 12, 31))
    world.account.refresh_from_db()
    return world.account


@pytest.mark.parametrize(
    "change", [{"arr": Decimal(5)}, {"arr": None}, {"currency": "USD"}, {"renewal_on": date(2030, 1, 1)}]
)
def test_an_edit_is_refused_beside_its_field(world: World, led: Account, change: dict[str, Any]) -> None:
    before = Entry.objects.count()
    with pytest.raises(ReadFromContracts) as refusal:
        edit_account(account_id=led.pk, expected_version=1, changes=change, by=world.mona.as_actor())
    assert refusal.value.field == next(iter(change))
    led.refresh_from_db()
    assert (led.arr, led.currency, led.renewal_on, led.version) == (1200, "EUR", date(2027, 12, 31), 1)
    assert Entry.objects.count() == before


def test_other_fields_and_the_same_figures_are_saved(world: World, led: Account) -> None:
    same = {"arr": Decimal("1200.00"), "tier": "Gold", "renewal_on": date(2027, 12, 31)}
    edit_account(account_id=led.pk, expected_version=1, changes=same, by=world.mona.as_actor())
    assert entries("accounts.account_edited")[-1]["changes"] == {"tier": ["", "Gold"]}


def test_without_a_contract_in_force_it_is_written_by_hand(world: World) -> None:
    by = world.mona.as_actor()
    operations.create_contract(account_id=world.account.pk, name="Draft", starts_on=AT.date(), by=by, at=AT)
    assert edit_account(account_id=world.account.pk, expected_version=1, changes={"arr": Decimal(5)}, by=by).arr == 5


def test_the_form_shows_it_and_does_not_take_it(world: World, led: Account) -> None:
    browser, path = world.browser(world.mona), f"/accounts/{led.pk}/edit/"
    page = browser.get(path).content.decode()
    assert "Read from its contracts" in page
    assert 'name="arr"' not in page
    refused = browser.post(path, {"name": "Initech", "version": 1, "arr": "5"})
    assert refused.status_code == 422
    assert WORDS in refused.content.decode()
    assert browser.post(path, {"name": "Initech", "version": 1, "tier": "Gold"}).status_code == 302


def test_the_api_refuses_it(world: World, led: Account) -> None:
    answer = world.browser(world.mona).patch(
        f"/api/v1/accounts/{led.pk}/", {"version": 1, "arr": "5"}, content_type="application/json"
    )
    assert answer.status_code == 409
    assert WORDS in answer.content.decode()


def test_a_file_of_accounts_is_refused_row_by_row(world: World, led: Account) -> None:
    sheet = columns.read(columns.lines_of("name,arr,tier\nInitech,5,Gold\nNew one,7,Gold\n"))
    by = world.mona.as_actor()
    assert check_import(rows=sheet.rows, by=by, at=AT).refused[0][0] == 2
    result = import_accounts(rows=sheet.rows, sha256="0" * 64, by=by, at=AT)
    assert (result.created, result.updated) == (1, 0)
    assert WORDS in result.refused[0][1]
    led.refresh_from_db()
    assert (led.arr, led.tier) == (1200, "")
    same = columns.read(columns.lines_of("name,arr,tier\nInitech,1200,Gold\n"))
    assert import_accounts(rows=same.rows, sha256="0" * 64, by=by, at=AT).updated == 1


def test_without_any_line_left_it_is_unknown_and_the_page_says_so(world: World, led: Account) -> None:
    line, by = led.contracts.get().lines.get(), world.mona.as_actor()
    browser = world.browser(world.mona)
    path = f"/accounts/{led.pk}/lines/{line.pk}/"
    refused = browser.post(f"{path}withdraw/", {"reason": " "})
    assert refused.status_code == 422
    assert "Say why" in refused.content.decode()
    answer = browser.post(f"{path}withdraw/", {"reason": "of another customer"}, follow=True).content.decode()
    assert "What is paid is unknown" in answer
    led.refresh_from_db()
    assert (led.arr, led.renewal_on) == (None, date(2027, 12, 31))
    assert "unknown" in browser.get(f"/accounts/{led.pk}/panels/money/").content.decode()
    assert entries("accounts.account_edited")[-1]["changes"] == {"arr": ["1200.00", None]}
    contract = led.contracts.get()
    operations.add_line(contract_id=contract.pk, amount=Decimal(0), by=by, at=AT)
    led.refresh_from_db()
    assert led.arr == 0  # somebody says that nothing is paid


def test_what_is_paid_once_or_has_ended_is_known_to_be_nothing_a_year(world: World, led: Account) -> None:
    contract, by = led.contracts.get(), world.mona.as_actor()
    operations.add_line(contract_id=contract.pk, amount=Decimal(500), recurring=False, by=by, at=AT)
    browser = world.browser(world.mona)
    line = contract.lines.get(recurring=True)
    gone = browser.post(f"/api/v1/contracts/{contract.pk}/lines/{line.pk}/withdraw/", {"reason": "error"})
    assert gone.status_code == 204
    led.refresh_from_db()
    assert led.arr == 0
    contract.refresh_from_db()
    operations.end_contract(contract_id=contract.pk, on=date(2026, 9, 30), reason="", by=by, at=AT)
    led.refresh_from_db()
    assert (led.arr, led.renewal_on) == (0, None)


def test_the_day_of_a_change_is_told_to_the_trail_with_who_did_it(world: World) -> None:
    at = datetime(2026, 11, 20, 9, tzinfo=UTC)
    agree(world, 100, date(2026, 1, 1))
    entry = Entry.objects.get(event="accounts.account_edited")
    assert (entry.actor_label, entry.data["changes"]) == (world.mona.as_actor().label, {"arr": [None, "1200.00"]})
    assert entry.at.date() == at.date()


def test_a_cell_of_the_list_and_a_pasted_block_are_refused(world: World, led: Account) -> None:
    browser = world.browser(world.mona, htmx=True)
    answer = browser.post(f"/accounts/{led.pk}/cell/arr/", {"version": "1", "was": "1200", "value": "5"})
    assert answer.status_code == 422
    assert WORDS in answer.content.decode()
    free = Account.objects.create(name="Free", owner=world.alice)
    rows = [PastedRow(one.pk, 1, {"arr": Decimal(5)}) for one in (led, free)]
    change = paste_cells(rows=rows, by=world.mona.as_actor(), at=AT)
    assert (change.done, change.failed) == (2, 1)
    assert WORDS in change.rows.get(account=led).error
    led.refresh_from_db()
    free.refresh_from_db()
    assert (led.arr, free.arr) == (1200, 5)
    agree(world, 100, date(2026, 1, 1), account=free)  # since then its contract says it
    undo_bulk_change(change_id=change.pk, by=world.mona.as_actor(), at=AT, at_once=True)
    free.refresh_from_db()
    assert free.arr == 1200
    assert WORDS in change.rows.get(account=free).error
