"""The portfolio: who sees what, in which order, with which filter; no account is lost between two pages."""

import csv
import io
import re
from datetime import timedelta
from decimal import Decimal
from importlib import import_module
from typing import Any

import pytest
from django.test import Client
from django.utils.timezone import now

from accounts.models import Account
from core.models import Job
from kpis.queries.portfolio import SORTS
from tests.kpis.health.book import NOVEMBER, OCTOBER, TODAY, fill, furnish, score, standing
from tests.world import World


@pytest.fixture
def book(world: World) -> World:
    furnish()
    return world


def names(client: Client, address: str = "/accounts/") -> list[str]:
    """The accounts of one page, top to bottom."""
    page = client.get(address).content.decode()
    return re.findall(r'<a class="acct"[^>]*>.*?<span>([^<]+?)\s*<', page, re.S)


def every_name(client: Client, address: str) -> list[str]:
    """The accounts of all pages, by following "More"."""
    found: list[str] = []
    for _ in range(20):
        page = client.get(address).content.decode()
        found += re.findall(r'<a class="acct"[^>]*>.*?<span>([^<]+?)\s*<', page, re.S)
        older = re.search(r'rel="next" href="([^"]+)"', page)
        if older is None:
            return found
        address = older[1].replace("&amp;", "&")
    raise AssertionError("the pages do not end")


def test_low_and_falling_come_first_and_unknown_between_yellow_and_green(book: World) -> None:
    for name, hundredths, change, arrow in (
        ("Green", 9000, 0, 0),
        ("Yellow", 7000, 0, 0),
        ("Unknown", None, None, 0),
        ("Red", 3000, 0, 0),
        ("Falling", 7900, -2000, -1),
    ):
        standing(Account.objects.create(name=name), hundredths, change=change, arrow=arrow)
    standing(book.account, 4000)

    assert names(book.browser(book.mona)) == ["Red", "Initech", "Falling", "Yellow", "Unknown", "Green"]


def test_an_account_without_a_score_is_in_the_list(book: World) -> None:
    standing(Account.objects.create(name="Green"), 9000)

    assert names(book.browser(book.mona)) == ["Initech", "Green"]
    assert names(book.browser(book.mona), "/accounts/?band=unknown") == ["Initech"]


def test_a_csm_sees_their_own_accounts_and_their_sums(book: World) -> None:
    standing(book.account, 4000)
    standing(Account.objects.create(name="Bolt", owner=book.bob, arr=Decimal(900)), 8000)
    page = book.browser(book.bob).get("/accounts/").content.decode()

    assert names(book.browser(book.bob)) == ["Bolt"]
    assert "Initech" not in page
    assert "€900" in page


def test_another_tenant_is_not_there(book: World) -> None:
    assert "Initech" in names(book.browser(book.mona))
    assert book.browser(book.charlie, tenant="south").get("/accounts/").status_code == 200


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("band=red", {"Anvil"}),
        ("view=attention", {"Anvil", "Bolt"}),
        ("q=bol", {"Bolt"}),
        ("q=o+l", {"Bolt"}),
        ("tier=Gold", {"Anvil"}),
        ("industry=Retail", {"Bolt"}),
        ("region=DACH", {"Anvil", "Bolt"}),
        ("stage=value", {"Clamp"}),
        ("sample=only", {"Clamp"}),
        ("sample=without&band=green", {"Bolt"}),
        ("owner=nobody", {"Clamp"}),
        ("owner={bob}", {"Bolt"}),
        ("view=renewing", {"Clamp"}),
        ("band=nonsense", {"Anvil", "Bolt", "Clamp"}),
        ("band=yellow", set()),
    ],
)
def test_the_filter_is_in_the_address(book: World, query: str, found: set[str]) -> None:
    Account.objects.all().delete()
    anvil = Account.objects.create(name="Anvil", tier="Gold", region="DACH", owner=book.alice)
    bolt = Account.objects.create(name="Bolt", industry="Retail", region="DACH", owner=book.bob)
    clamp = Account.objects.create(name="Clamp", stage="value", sample=True, renewal_on=TODAY + timedelta(days=9000))
    standing(anvil, 3000)
    standing(bolt, 8000, change=-900, arrow=-1)
    standing(clamp, 9000)
    Account.objects.filter(pk=clamp.pk).update(renewal_on=now().date() + timedelta(days=30))

    assert set(names(book.browser(book.mona), f"/accounts/?{query.format(bob=book.bob.pk)}")) == found


@pytest.mark.parametrize("sort", [sign + name for name in SORTS for sign in ("", "-")])
@pytest.mark.parametrize("unscored", [False, True])
def test_no_account_is_lost_or_doubled_between_pages(
    book: World, monkeypatch: pytest.MonkeyPatch, sort: str, unscored: bool
) -> None:
    monkeypatch.setattr(import_module("kpis.views.portfolio"), "PAGE", 7)
    Account.objects.all().delete()
    for number in range(24):
        account = Account.objects.create(
            name=f"Customer {number:03}",
            arr=None if number % 7 == 0 else Decimal(number % 3),
            renewal_on=None if number % 6 == 0 else TODAY + timedelta(days=number % 2),
        )
        if not (unscored and number % 5 == 0):
            known = None if number % 4 == 0 else 100 * (number % 3)
            standing(account, known, change=None if known is None else (number % 2) * 100)

    found = every_name(book.browser(book.mona), f"/accounts/?sort={sort}")

    assert len(found) == 24
    assert len(set(found)) == 24


def test_what_is_unknown_comes_last_in_either_direction(book: World) -> None:
    Account.objects.all().delete()
    for name, arr in (("Small", 10), ("Unknown", None), ("Large", 900)):
        standing(Account.objects.create(name=name, arr=arr), 5000)

    assert names(book.browser(book.mona), "/accounts/?sort=arr") == ["Small", "Large", "Unknown"]
    assert names(book.browser(book.mona), "/accounts/?sort=-arr") == ["Large", "Small", "Unknown"]


@pytest.mark.parametrize("accounts", [1, 3])
def test_the_page_costs_the_same_queries_for_few_and_many(book: World, query_count: Any, accounts: int) -> None:
    Account.objects.all().delete()
    for number in range(accounts):
        standing(Account.objects.create(name=f"Customer {number}", owner=book.alice), 100 * number)
    client = book.browser(book.mona)
    client.get("/accounts/")

    with query_count() as queries:
        client.get("/accounts/")

    assert queries.number == 9, queries.sql


def test_sums_keep_currencies_apart_and_say_what_is_unknown(book: World) -> None:
    Account.objects.all().delete()
    for name, arr, currency in (("A", 2_000_000, "EUR"), ("B", 500, "USD"), ("C", None, "EUR")):
        standing(Account.objects.create(name=name, arr=arr, currency=currency), 3000)

    page = book.browser(book.mona).get("/accounts/").content.decode()

    assert "€2M" in page
    assert "+ $500" in page
    assert "1 unknown" in page


def test_a_renewed_region_is_the_region_alone(book: World) -> None:
    client = book.browser(book.mona, htmx=True)

    answer = client.get("/accounts/", headers={"hx-target": "div#book"}).content.decode()

    assert answer.lstrip().startswith('<div id="book"')
    assert "<html" not in answer


def test_the_filter_form_holds_what_occurs(book: World) -> None:
    Account.objects.create(name="Bolt", industry="Retail", owner=book.bob)

    page = book.browser(book.mona).get("/accounts/filter/?band=red").content.decode()
    dialog = book.browser(book.mona, htmx=True).get("/accounts/filter/").content.decode()

    assert '<option value="Retail"' in page
    assert "Bob" in page
    assert "<dialog" in dialog
    assert "<html" not in dialog


def test_the_export_is_what_is_shown_without_formulas(book: World) -> None:
    standing(book.account, 4000, change=-1234, arrow=-1)
    standing(Account.objects.create(name="=cmd|' /C calc'!A0", industry="@1", arr=Decimal("12.50")), 9000)
    standing(Account.objects.create(name="Not shown", sample=True), 9000)

    answer = book.browser(book.mona).get("/accounts/export.csv?sample=without&sort=name")

    rows = list(csv.reader(io.StringIO(answer.content.decode())))
    assert answer["Content-Type"].startswith("text/csv")
    assert [row[0] for row in rows] == ["Account", "'=cmd|' /C calc'!A0", "Initech"]
    assert rows[2][4:6] == ["At risk", "40"]
    assert rows[2][11] == "-12.34"
    assert rows[1][1] == "'@1"


@pytest.mark.parametrize(("person", "status"), [("mona", 200), ("alice", 200), ("ana", 200), ("vic", 403)])
def test_exporting_is_a_permission(book: World, person: str, status: int) -> None:
    assert book.browser(getattr(book, person)).get("/accounts/export.csv").status_code == status


def test_the_csms_export_holds_their_accounts(book: World) -> None:
    standing(book.account, 4000)

    lines = book.browser(book.bob).get("/accounts/export.csv").content.decode().splitlines()

    assert len(lines) == 1


def test_an_empty_workspace_offers_the_next_step(book: World) -> None:
    Account.objects.all().delete()

    page = book.browser(book.mona).get("/accounts/").content.decode()
    viewer = book.browser(book.vic).get("/accounts/").content.decode()

    assert "Bring your accounts" in page
    assert "/sample-data/add/" in page
    assert "/accounts/import/" in page
    assert "/sample-data/add/" not in viewer


def test_sample_data_come_and_go_with_one_click(book: World, django_capture_on_commit_callbacks: Any) -> None:
    client = book.browser(book.mona)
    with django_capture_on_commit_callbacks(execute=True):
        assert client.post("/sample-data/add/").status_code == 302
    page = client.get("/accounts/").content.decode()
    assert "35 of these accounts are sample data." in page
    assert page.count(">Sample</span>") == 35

    with django_capture_on_commit_callbacks(execute=True):
        client.post("/sample-data/remove/")

    assert names(client) == ["Initech"]


def test_the_page_says_that_sample_data_are_on_their_way(book: World) -> None:
    client = book.browser(book.mona)
    client.post("/sample-data/add/")

    assert Job.objects.filter(kind="kpis.add_sample_data", finished_at=None).exists()
    assert "Sample accounts are being added." in client.get("/accounts/").content.decode()


@pytest.mark.parametrize("address", ["/sample-data/add/", "/sample-data/remove/"])
def test_sample_data_are_not_for_everybody(book: World, address: str) -> None:
    assert book.browser(book.vic).post(address).status_code == 403
    assert book.browser(book.mona).get(address).status_code == 405


def test_many_accounts_are_drawn_as_a_spread(book: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_module("kpis.views.portfolio"), "MARKS_MOST", 1)
    Account.objects.all().delete()
    for number in range(3):
        standing(Account.objects.create(name=f"Customer {number}"), 4900 + number)

    page = book.browser(book.mona).get("/accounts/").content.decode()

    assert 'title="3 with 47.5 to 50"' in page


def test_a_real_score_is_shown_rounded_down(book: World) -> None:
    fill(book.account, OCTOBER)
    fill(book.account, NOVEMBER, seat_use=79)
    health = score(book.account)

    page = book.browser(book.mona).get("/accounts/").content.decode()

    assert 7400 < health.score_hundredths < 7500
    assert re.search(r'class="score" data-band="yellow">.*?74<', page)
