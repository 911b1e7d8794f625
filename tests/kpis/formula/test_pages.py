"""The page and the API of a formula, and a computed value laid open."""

from typing import Any

import pytest

from accounts.models import Account
from core.models import Entry
from kpis.models import Formula, Kpi, KpiValue
from kpis.operations.formulas import compute_formulas
from tests.kpis.health.book import NOVEMBER, NOW, SCORING, furnish, score, value


@pytest.fixture
def book(world: Any) -> Any:
    furnish()
    Kpi.objects.create(code="use_mix", name="Use mix", category="adoption", unit="%", custom=True)
    return world


PAGE = "/kpis/use_mix/formula/"


def test_the_page_checks_while_it_is_typed_and_points_at_what_is_wrong(book: Any) -> None:
    value(book.account, "seat_use", 80)
    client = book.browser(book.ana, htmx=True)
    wrong = client.post(f"{PAGE}check/", {"text": "seat_use + <b>tiket_rate"}).content.decode()
    assert "“&lt;b&gt;" not in wrong
    assert "<mark>" in wrong
    wrong = client.post(f"{PAGE}check/", {"text": "seat_use + tiket_rate"}).content.decode()
    assert "<mark>tiket_rate</mark>" in wrong
    assert 'data-replace="ticket_rate"' in wrong
    assert "Line 1, column 12" in wrong
    right = client.post(f"{PAGE}check/", {"text": "seat_use * 0.5"}).content.decode()
    assert "Seat use times 0.5." in right
    assert "known for 1 of 1 account" in right
    assert "40%" in right
    assert not Formula.objects.exists()


def test_it_is_tried_on_accounts_that_have_what_it_reads(book: Any, query_count: Any) -> None:
    for number in range(9):
        Account.objects.create(name=f"Aardvark {number}")
    some = Account.objects.create(name="Zebra")
    value(book.account, "seat_use", 80)
    value(book.account, "stickiness", 40)
    value(some, "seat_use", 80)
    client = book.browser(book.ana, htmx=True)
    page = client.post(f"{PAGE}check/", {"text": "seat_use - stickiness"}).content.decode()
    assert "known for 1 of 11 accounts" in page
    places = [page.index(name) for name in (book.account.name, "Zebra", "Aardvark 0")]
    assert places == sorted(places)
    found = client.post(f"{PAGE}check/", {"text": "seat_use - stickiness", "account": "zEB"}).content.decode()
    assert "Zebra" in found
    counts = []
    for account in ("Zebra", ""):
        with query_count() as queries:
            client.post(f"{PAGE}check/", {"text": "seat_use - stickiness", "account": account})
        counts.append(queries.number)
    assert counts[0] == counts[1]
    assert "Aardvark" not in found


def test_saving_makes_a_version_and_what_does_not_hold_is_422(book: Any) -> None:
    client = book.browser(book.ana)
    refused = client.post(PAGE, {"text": "seat_use + reply_time", "expected_version": ""})
    assert refused.status_code == 422
    assert "cannot be turned into" in refused.content.decode()
    assert client.post(PAGE, {"text": "seat_use * 0.5", "expected_version": ""}).status_code == 302
    stale = client.post(PAGE, {"text": "seat_use * 0.6", "expected_version": ""})
    assert stale.status_code == 422
    assert "Somebody changed this formula" in stale.content.decode()
    assert client.post(PAGE, {"text": "seat_use * 0.6", "expected_version": "1"}).status_code == 302
    assert list(Formula.objects.order_by("version").values_list("text", "live")) == [
        ("seat_use * 0.5", False),
        ("seat_use * 0.6", True),
    ]
    stale = client.post(f"{PAGE}retire/", {"version": "1"})
    assert (stale.status_code, "Version 2 computes by now" in stale.content.decode()) == (422, True)
    first = Formula.objects.get(version=1)
    assert client.post(f"/api/v1/formulas/{first.pk}/retire/").status_code == 409
    assert client.post(f"{PAGE}retire/", {"version": "2"}).status_code == 302
    assert not Formula.objects.filter(live=True).exists()


def test_who_may_not_edit_looks_and_changes_nothing(book: Any) -> None:
    client = book.browser(book.vic)
    assert client.get(PAGE).status_code == 200
    for address in (PAGE, f"{PAGE}check/", f"{PAGE}retire/"):
        assert client.post(address, {"text": "seat_use"}).status_code == 403
    assert not Formula.objects.exists()
    assert not Entry.objects.filter(event__startswith="kpis.formula").exists()


def test_names_are_found_by_any_of_their_words(book: Any) -> None:
    found = book.browser(book.ana, htmx=True).get(f"{PAGE}?q=seat").content.decode()
    assert 'data-insert="seat_use"' in found
    assert "stickiness" not in found


def test_a_kpi_of_the_catalogue_has_no_formula_page_to_write_on(book: Any) -> None:
    client = book.browser(book.ana)
    assert "comes with the catalogue" in client.get("/kpis/seat_use/formula/").content.decode()
    assert client.post("/kpis/seat_use/formula/", {"text": "stickiness"}).status_code == 422
    assert client.get("/kpis/no_such/formula/").status_code == 404


def test_a_computed_value_opens_to_its_formula_and_to_the_cell_of_each_input(book: Any) -> None:
    seat = value(book.account, "seat_use", 80, sheet="KPIs", address="C17", raw="80 %")
    book.browser(book.ana).post(PAGE, {"text": "seat_use * 0.5", "expected_version": ""})
    compute_formulas(account_ids=[book.account.pk], at=NOW, by=SCORING)
    score(book.account, past=False)
    page = book.browser(book.alice).get(f"/accounts/{book.account.pk}/evidence/?kpi=use_mix").content.decode()
    assert "seat_use * 0.5" in page
    assert "version 1" in page
    assert "C17" in page
    assert str(seat.value).rstrip("0").rstrip(".") in page


def test_the_grid_says_that_a_value_is_computed_and_refuses_to_correct_it(book: Any) -> None:
    value(book.account, "seat_use", 80)
    book.browser(book.ana).post(PAGE, {"text": "seat_use * 0.5", "expected_version": ""})
    compute_formulas(account_ids=[book.account.pk], at=NOW, by=SCORING)
    made = KpiValue.objects.get(kpi__code="use_mix")
    cell = f"/accounts/{book.account.pk}/grid/use_mix/{NOVEMBER:%Y-%m}/"
    client = book.browser(book.mona)
    assert "Computed by its formula" in client.get(cell).content.decode()
    refused = client.post(cell, {"new": "50", "reason": "Because.", "expected": str(made.pk)})
    assert refused.status_code == 422
    assert "is computed by its formula from Seat use: correct that instead" in refused.content.decode()
    assert KpiValue.objects.current().get(kpi__code="use_mix") == made


def test_the_api_writes_checks_lists_and_retires(book: Any) -> None:
    value(book.account, "seat_use", 80)
    client = book.browser(book.ana)
    asked = {"kpi": "use_mix", "text": "seat_use +\n tiket_rate"}
    verdict = client.post("/api/v1/formulas/check/", asked, content_type="application/json").json()
    problem = verdict["problems"][0]
    assert (problem["line"], problem["column"], problem["length"]) == (2, 2, 10)
    assert problem["suggestions"][0] == "ticket_rate"
    assert client.post("/api/v1/formulas/", asked, content_type="application/json").status_code == 409
    asked["text"] = "seat_use / 2"
    verdict = client.post("/api/v1/formulas/check/", asked, content_type="application/json").json()
    assert (verdict["unit"], verdict["known"], verdict["total"], verdict["problems"]) == ("%", 1, 1, [])
    made = client.post("/api/v1/formulas/", asked, content_type="application/json")
    assert (made.status_code, made.json()["inputs"]) == (201, ["seat_use"])
    found = client.get("/api/v1/formulas/?kpi=use_mix&live=true").json()["results"]
    assert [one["version"] for one in found] == [1]
    assert client.post(f"/api/v1/formulas/{found[0]['id']}/retire/").json()["live"] is False
    assert book.browser(book.vic).post("/api/v1/formulas/", asked, content_type="application/json").status_code == 403
