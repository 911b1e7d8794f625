"""Correcting a cell: what may be typed, what is refused and how, conflicts, taking back, a page without script."""

import json
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from core.models import Entry
from kpis.models import Kpi, KpiValue
from kpis.operations import NotAValue
from kpis.serializers.grid import typed_number
from tests.kpis.grid.conftest import current
from tests.kpis.health.book import value
from tests.world import World

Put = Callable[..., Any]


def test_a_correction_answers_the_cell_and_an_undo(book: World, put: Put) -> None:
    value(book.account, "seat_use", 80)

    answer = put(book.browser(book.alice, htmx=True), "40")

    made = current(book)
    assert made is not None
    assert (made.value, made.reason, made.by_label) == (Decimal(40), "counted again", "Alice")
    assert answer.status_code == 200
    assert answer.content.decode().startswith('<td id="c-seat_use-2026-11"')
    assert answer["HX-Retarget"] == "[id='c-seat_use-2026-11']"
    told = json.loads(answer["HX-Trigger"])
    assert told["toast"]["text"] == "Seat use (monthly active / paid), Nov 2026: 80 → 40. The score follows."
    assert told["toast"]["undoUrl"] == f"/accounts/{book.account.pk}/grid/undo/{made.pk}/"
    assert told["cell-saved"] == {"id": "c-seat_use-2026-11"}
    assert told["health-changed"] == {"accounts": [str(book.account.pk)]}


def test_an_empty_cell_is_filled(book: World, put: Put) -> None:
    answer = put(book.browser(book.alice, htmx=True), "40")

    assert "empty → 40" in json.loads(answer["HX-Trigger"])["toast"]["text"]
    made = current(book)
    assert made is not None
    assert made.previous is None


@pytest.mark.parametrize(
    ("typed", "code", "number"),
    [
        ("85", "seat_use", "85"),
        (" 85 % ", "seat_use", "85"),
        ("85,5", "seat_use", "85.5"),
        ("0.85", "seat_use", "0.85"),
        ("1,125", "feature_depth", "1.125"),
        ("1.125", "feature_depth", "1.125"),
        ("2 days", "first_response_time", "48"),
        ("30 min", "first_response_time", "0.5"),
        ("−5,2", "active_user_change", "-5.2"),
    ],
)
def test_numbers_as_people_type_them(book: World, typed: str, code: str, number: str) -> None:
    assert typed_number(typed, Kpi.objects.get(code=code)) == Decimal(number)


def test_a_comma_that_may_mean_either_is_asked_about(book: World) -> None:
    roi = Kpi.objects.get(code="customer_roi")  # -100 to 5000: both readings are possible

    with pytest.raises(NotAValue, match=r"Write 1250 or 1\.25: with a comma it may mean either\."):
        typed_number("1,250", roi)


@pytest.mark.parametrize(
    ("typed", "reason", "message"),
    [
        ("", "why", "Enter a number."),
        ("good", "why", "Enter a number, such as 85 or 3.5."),
        ("8 5", "why", "Enter a number, such as 85 or 3.5."),
        ("n/a", "why", "Enter a number, such as 85 or 3.5."),
        ("201", "why", "Enter 0 to 200."),
        ("-1", "why", "Enter 0 to 200."),
        ("85 days", "why", "cannot be turned into"),
        ("85", "", "Say why, in a few words."),
        ("85", "   ", "Say why, in a few words."),
        ("85", "x" * 401, "Keep it below 400 characters."),
        ("80", "why", "It says 80 already."),
    ],
)
@pytest.mark.parametrize("htmx", [True, False])
def test_a_refusal_says_why_and_keeps_what_was_typed(
    book: World, put: Put, typed: str, reason: str, message: str, htmx: bool
) -> None:
    old = value(book.account, "seat_use", 80)

    answer = put(book.browser(book.alice, htmx=htmx), typed, reason)

    page = answer.content.decode()
    assert answer.status_code == 422
    assert message in page
    assert 'aria-invalid="true"' in page
    assert f'name="expected" value="{old.pk}"' in page
    assert f'value="{typed.strip()}"' in page or f'value="{typed}"' in page
    assert ("<html" in page) is not htmx
    assert current(book) == old


def test_a_form_that_was_tampered_with_is_refused(book: World, put: Put) -> None:
    answer = put(book.browser(book.alice, htmx=True), "40", expected="nonsense")

    assert answer.status_code == 422
    assert "Reload the page and try again." in answer.content.decode()
    assert current(book) is None


def test_both_mistakes_are_named_at_once(book: World, put: Put) -> None:
    page = put(book.browser(book.alice, htmx=True), "good", "").content.decode()

    assert "Enter a number, such as 85 or 3.5." in page
    assert "Say why, in a few words." in page


def test_somebody_was_faster(book: World, put: Put) -> None:
    opened = value(book.account, "seat_use", 80)
    put(book.browser(book.mona), "60", "new contract")
    theirs = current(book)
    assert theirs is not None

    answer = put(book.browser(book.alice, htmx=True), "70", expected=opened.pk)

    page = answer.content.decode()
    assert answer.status_code == 409
    assert "Mona set this to 60 since you opened this cell." in page
    assert "new contract" in page
    assert "Keep theirs" in page
    assert "Put mine" in page
    assert 'value="70"' in page
    assert f'name="expected" value="{theirs.pk}"' in page
    assert "health-changed" in answer["HX-Trigger"]
    assert current(book) == theirs

    again = put(book.browser(book.alice, htmx=True), "70", expected=theirs.pk)
    mine = current(book)
    assert again.status_code == 200
    assert mine is not None
    assert (mine.value, mine.previous) == (Decimal(70), theirs)


def test_a_conflict_without_script_is_a_page_with_the_same_choice(book: World, put: Put) -> None:
    opened = value(book.account, "seat_use", 80)
    put(book.browser(book.mona), "60")

    answer = put(book.browser(book.alice), "70", expected=opened.pk)

    assert answer.status_code == 409
    assert "Put mine" in answer.content.decode()
    assert "<html" in answer.content.decode()


def test_without_script_the_form_is_a_page_and_leads_back(book: World, put: Put, grid_of: str) -> None:
    value(book.account, "seat_use", 80)
    browser = book.browser(book.alice)

    page = browser.get(f"{grid_of}seat_use/2026-11/").content.decode()
    answer = put(browser, "40")

    assert 'name="new" value="80"' in page
    assert "What this cell has said" in page
    assert 'hx-target="#grid-editor"' not in page  # the editor it would answer into stands on the grid only
    assert answer.status_code == 302
    assert answer["Location"] == f"{grid_of}?until=2026-11&month=2026-11&kpi=seat_use#c-seat_use-2026-11"
    assert "80 → 40" in browser.get(answer["Location"]).content.decode()


def test_a_correction_is_taken_back(book: World, put: Put, grid_of: str) -> None:
    old = value(book.account, "seat_use", 80)
    browser = book.browser(book.alice, htmx=True)
    put(browser, "40")
    made = current(book)
    assert made is not None

    answer = browser.post(f"{grid_of}undo/{made.pk}/")

    now = current(book)
    assert now is not None
    assert answer.status_code == 204
    assert "health-changed" in answer["HX-Trigger"]
    assert (now.value, now.origin, now.previous) == (old.value, "upload", made)

    assert browser.post(f"{grid_of}undo/{made.pk}/").status_code == 409
    assert book.browser(book.alice).post(f"{grid_of}undo/{made.pk}/").status_code == 409


def test_taking_back_without_script_leads_to_the_cell(book: World, put: Put, grid_of: str) -> None:
    browser = book.browser(book.alice)
    put(browser, "40")
    made = current(book)
    assert made is not None
    assert "Take back" in browser.get(f"{grid_of}seat_use/2026-11/").content.decode()

    answer = browser.post(f"{grid_of}undo/{made.pk}/")

    assert answer["Location"] == f"{grid_of}seat_use/2026-11/"
    assert current(book) is None


@pytest.mark.parametrize("person", ["vic", "ana"])
def test_without_the_permission_nothing_is_corrected_or_taken_back(
    book: World, put: Put, grid_of: str, person: str
) -> None:
    put(book.browser(book.alice), "40")
    made = current(book)
    assert made is not None
    browser = book.browser(getattr(book, person), htmx=True)
    entries = Entry.objects.count()

    assert put(browser, "50").status_code == 403
    assert put(browser, "no number").status_code == 403
    assert browser.post(f"{grid_of}undo/{made.pk}/").status_code == 403
    assert browser.post(f"{grid_of}paste/", {"cell": f"seat_use-2026-11|{made.pk}|50"}).status_code == 403
    assert current(book) == made
    assert Entry.objects.count() == entries


def test_a_value_of_another_account_is_not_taken_back_here(book: World, put: Put) -> None:
    put(book.browser(book.alice), "40")
    made = current(book)
    other = type(book.account).objects.create(name="Umbrella", owner=book.alice)

    assert made is not None
    assert book.browser(book.alice).post(f"/accounts/{other.pk}/grid/undo/{made.pk}/").status_code == 404
    assert current(book) == made


def test_an_archived_account_refuses(book: World, put: Put) -> None:
    book.account.archived_at = book.account.created_at
    book.account.save(update_fields=["archived_at"])

    answer = put(book.browser(book.amy, htmx=True), "40")

    assert answer.status_code == 422
    assert "archived" in answer.content.decode()


def paste(book: World, *cells: str, **more: Any) -> Any:
    url = f"/accounts/{book.account.pk}/grid/paste/"
    return book.browser(book.alice, htmx=True).post(url, {"cell": cells, **more})


def test_a_pasted_block_is_looked_at_first(book: World) -> None:
    old = value(book.account, "seat_use", 80)

    lines = f"seat_use-2026-11|{old.pk}|85 %\nseat_use-2026-10||400\nsupport_csat-2026-11||n/a"
    answer = paste(book, cells=lines, outside="1")

    page = answer.content.decode()
    assert answer.status_code == 200
    assert "Paste 1 value" in page
    assert "Enter 0 to 200." in page
    assert "Enter a number, such as 85 or 3.5." in page
    assert "1 more lie" in page
    assert page.count('name="cell"') == 1
    assert current(book) == old


def test_a_pasted_block_is_applied_and_taken_back_at_once(book: World) -> None:
    old = value(book.account, "seat_use", 80)
    changed = [f"seat_use-2026-11|{old.pk}|85 %", "seat_use-2026-10||70"]
    browser = book.browser(book.alice, htmx=True)
    url = f"/accounts/{book.account.pk}/grid/paste/"

    answer = browser.post(url, {"cell": changed, "apply": "1", "reason": "from finance"})

    told = json.loads(answer["HX-Trigger"])
    made = current(book)
    assert answer.status_code == 204
    assert told["toast"]["text"] == "2 values corrected. The score follows."
    assert told["closeDialog"] is True
    assert made is not None
    assert (made.value, made.reason) == (Decimal(85), "from finance")

    undone = browser.post(told["toast"]["undoUrl"])
    back = current(book)
    assert undone.status_code == 204
    assert back is not None
    assert back.value == 80
    assert not KpiValue.objects.current().filter(period=date(2026, 10, 1)).exists()
    assert book.browser(book.mona, htmx=True).post(told["toast"]["undoUrl"]).status_code == 404


def test_of_a_pasted_block_the_good_cells_are_taken_and_the_others_named(book: World) -> None:
    opened = value(book.account, "seat_use", 80)
    book.browser(book.mona).post(
        f"/accounts/{book.account.pk}/grid/seat_use/2026-11/",
        {"new": "60", "reason": "new contract", "expected": opened.pk},
    )

    answer = paste(book, f"seat_use-2026-11|{opened.pk}|85", "seat_use-2026-10||70", apply="1", reason="from finance")

    page = answer.content.decode()
    assert answer.status_code == 200
    assert "Mona changed it since you opened this page." in page
    assert "1 corrected" in page
    now = current(book)
    assert now is not None
    assert now.value == 60
    assert KpiValue.objects.current().get(period=date(2026, 10, 1)).value == 70


@pytest.mark.parametrize(
    ("cells", "more", "status", "message"),
    [
        (["seat_use-2026-11||85"], {"apply": "1", "reason": " "}, 422, "Say why, in a few words."),
        (["seat_use-2026-11||x"] * 201, {}, 422, "Too many cells at once"),
        (["nothing-2026-11||85", "seat_use-2026-99||85", "rubbish", "a|b"], {}, 200, "There is no value"),
        ([], {"apply": "1", "reason": "x"}, 422, "There is no value"),
    ],
)
def test_what_a_paste_refuses(book: World, cells: list[str], more: dict[str, str], status: int, message: str) -> None:
    answer = paste(book, *cells, **more)

    assert answer.status_code == status
    assert message in answer.content.decode()
    assert not KpiValue.objects.exists()
