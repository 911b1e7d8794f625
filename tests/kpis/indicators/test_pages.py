"""Pages and API of indicators: the list, the rules, the panel."""

from typing import Any

import pytest

from kpis.models import Indicator, IndicatorRule
from kpis.operations.indicators import evaluate_indicators, install_indicators
from tests.kpis.health.book import NOW, SCORING, furnish, value


@pytest.fixture
def book(world: Any) -> Any:
    furnish()
    install_indicators(at=NOW, by=SCORING)
    return world


def opened(world: Any) -> Indicator:
    value(world.account, "seat_use", 42)
    evaluate_indicators(account_ids=[world.account.pk], at=NOW, by=SCORING)
    return Indicator.objects.get()


def typed(**other: Any) -> dict[str, Any]:
    one = {"measure-0": "seat_use", "op-0": "<", "value-0": "60", "name": "Quiet", "kind": "risk", "version": ""}
    return {**one, **other}


def test_the_list_shows_what_is_open_to_those_who_see_the_account(book: Any) -> None:
    opened(book)
    page = book.browser(book.mona).get("/indicators/").content.decode()
    assert "Half the seats unused" in page
    assert "42%" in page
    assert "1 open" in page
    assert "0 open" in book.browser(book.bob).get("/indicators/").content.decode()


def test_filters_are_in_the_address(book: Any) -> None:
    one = opened(book)
    client = book.browser(book.mona, htmx=True)
    for question, count in (
        (f"rule={one.rule_id}", 1),
        ("kind=opportunity", 0),
        ("kind=risk&q=init", 1),
        (f"owner={book.bob.pk}", 0),
        ("state=closed", 0),
        ("rule=nonsense&owner=nonsense", 1),
    ):
        state = "closed" if "closed" in question else "open"
        assert f"{count} {state}" in client.get(f"/indicators/?{question}").content.decode(), question


def test_a_rule_is_built_shown_and_saved(book: Any) -> None:
    value(book.account, "seat_use", 55)
    client = book.browser(book.ana)
    shown = client.post("/indicators/rules/preview/", typed()).content.decode()
    assert "Seat use is below 60 %" in shown
    assert "Initech" in shown
    assert not IndicatorRule.objects.filter(name="Quiet").exists()
    assert client.post("/indicators/rules/new/", typed(do="add")).content.decode().count('name="measure-') == 2
    refused = client.post("/indicators/rules/new/", typed(**{"value-0": "many"}))
    assert refused.status_code == 422
    assert "Enter a number" in refused.content.decode()
    assert client.post("/indicators/rules/new/", typed()).status_code == 302
    rule = IndicatorRule.objects.get(name="Quiet")
    assert rule.conditions == [{"measure": "seat_use", "op": "<", "value": "60"}]
    address = f"/indicators/rules/{rule.pk}/"
    assert client.post(address, typed(version="7")).status_code == 422
    assert client.post(address, typed(version="1", name="Very quiet")).status_code == 302
    assert client.post(f"{address}switch/", {"active": "0"}).status_code == 302
    rule.refresh_from_db()
    assert (rule.name, rule.active) == ("Very quiet", False)


def test_rules_are_for_those_who_may_edit_them(book: Any) -> None:
    rule = IndicatorRule.objects.first()
    assert rule
    client = book.browser(book.alice)
    assert client.get("/indicators/").status_code == 200
    for address in ("new/", "preview/", f"{rule.pk}/", f"{rule.pk}/switch/"):
        assert client.post(f"/indicators/rules/{address}", typed()).status_code == 403


def test_the_panel_of_an_account(book: Any) -> None:
    assert "Nothing is open." in _panel(book, book.alice)
    opened(book)
    assert "Half the seats unused" in _panel(book, book.alice)
    assert "Half the seats unused" in book.browser(book.alice).get(f"/accounts/{book.account.pk}/").content.decode()
    assert book.browser(book.bob).get(f"/accounts/{book.account.pk}/panels/indicators/").status_code == 404


def _panel(world: Any, user: Any) -> str:
    answer = world.browser(user, htmx=True).get(f"/accounts/{world.account.pk}/panels/indicators/")
    return str(answer.content.decode())


def test_the_api(book: Any) -> None:
    one = opened(book)
    client = book.browser(book.ana)
    found = client.get("/api/v1/indicators/?open=true").json()["results"]
    assert [(row["id"], row["rule_name"], row["kind"]) for row in found] == [(str(one.pk), one.rule.name, "risk")]
    assert client.get(f"/api/v1/indicators/?account_id={book.account.pk}&open=false").json()["results"] == []
    assert book.browser(book.bob).get("/api/v1/indicators/").json()["results"] == []
    body = {"name": "Quiet", "kind": "risk", "conditions": [{"measure": "seat_use", "op": "<", "value": "60"}]}
    looked = client.post("/api/v1/indicator-rules/preview/", body, content_type="application/json")
    assert looked.json() == {"holds": 1, "not_so": 0, "unknown": 0}
    made = client.post("/api/v1/indicator-rules/", body, content_type="application/json").json()
    address = f"/api/v1/indicator-rules/{made['id']}/"
    changed = client.put(address, {**body, "name": "Q", "expected_version": 1}, content_type="application/json")
    assert (changed.status_code, changed.json()["version"]) == (200, 2)
    assert client.put(address, {**body, "expected_version": 1}, content_type="application/json").status_code == 409
    assert client.post(f"{address}pause/").json()["active"] is False
    assert client.post(f"{address}resume/").json()["active"] is True
