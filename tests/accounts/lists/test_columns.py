"""The list of accounts sorted, grouped, added up and exported by any column, and how it looks kept with a view."""

import csv
import io
import re
from datetime import date
from decimal import Decimal
from html import unescape
from importlib import import_module
from typing import Any

import pytest
from django.test import Client
from openpyxl import load_workbook

from accounts.models import Account, SavedView
from accounts.operations.custom import add_field
from accounts.operations.views import NotAView, keep_columns, save_view
from tests.kpis.health.book import furnish, standing, value
from tests.world import World

FIELDS = ("custom.seats", "custom.size", "custom.signed", "custom.pilot", "custom.nick", "seat_use", "tier", "key")


def named(page: str) -> list[str]:
    return [unescape(one) for one in re.findall(r'<a class="acct"[^>]*>.*?<span>([^<]+?)\s*<', page, re.S)]


def all_pages(client: Client, address: str) -> list[str]:
    found: list[str] = []
    for _ in range(30):
        page = client.get(address).content.decode()
        found += named(page)
        older = re.search(r'rel="next" href="([^"]+)"', page)
        if older is None:
            return found
        address = unescape(older[1])
    raise AssertionError("the pages do not end")


@pytest.fixture
def book(world: World) -> World:
    """Three tiers and none, two currencies, own fields of every kind, every fourth account without anything."""
    furnish()
    Account.objects.all().delete()
    admin = world.amy.as_actor()
    for label, kind, more in (
        ("Seats", "number", {}),
        ("Size", "choice", {"choices": ["Small", "Middle", "Large"]}),
        ("Signed", "date", {}),
        ("Pilot", "yes or no", {}),
        ("Nick", "text", {}),
    ):
        add_field(label=label, kind=kind, by=admin, **more)
    for at in range(16):
        own: dict[str, Any] = {
            "seats": str(at % 5), "size": ["Small", "Middle", "Large"][at % 3], "signed": f"2026-0{at % 3 + 1}-01",
            "pilot": at % 2 == 0, "nick": "bBaA"[at % 4],
        }  # fmt: skip
        account = Account.objects.create(
            name=f"Customer {at:02}",
            tier="" if at % 4 == 3 else ("Gold", "Silver", "Bronze")[at % 4],
            key=None if at % 4 == 3 else f"K{at % 10}{at}",
            arr=None if at % 4 == 3 else Decimal(100 * at),
            currency="USD" if at % 2 else "EUR",
            custom={} if at % 4 == 3 else own,
            owner=world.alice,
        )
        standing(account, None if at % 4 == 3 else 500 * at)
        if at % 4 != 3:
            value(account, "seat_use", at % 7)
    return world


@pytest.mark.parametrize(
    ("sort", "group"),
    [
        *((sign + code, "") for code in FIELDS for sign in ("", "-")),
        *((sort, group) for sort in ("-custom.size", "seat_use", "score") for group in ("&group=tier", "&group=band")),
    ],
)
def test_every_account_comes_once_whatever_the_order_and_unknown_comes_last(
    book: World, monkeypatch: pytest.MonkeyPatch, sort: str, group: str
) -> None:
    monkeypatch.setattr(import_module("kpis.views.portfolio"), "PAGE", 3)
    found = all_pages(book.browser(book.mona), f"/accounts/?sort={sort}{group}")

    assert sorted(found) == [f"Customer {at:02}" for at in range(16)]
    if not group:
        assert {int(name[-2:]) % 4 for name in found[-4:]} == {3}


@pytest.mark.parametrize(
    ("sort", "first"),
    [
        ("custom.size", "Small"), ("-custom.size", "Large"), ("custom.signed", "2026-01-01"), ("-custom.seats", "4"),
        ("custom.pilot", "False"), ("custom.nick", "A|a"),
    ],
)  # fmt: skip
def test_a_field_of_the_tenants_own_orders_by_what_it_means(book: World, sort: str, first: str) -> None:
    top = named(book.browser(book.mona).get(f"/accounts/?sort={sort}").content.decode())[0]

    assert str(Account.objects.get(name=top).custom[sort.lstrip("-").split(".")[1]]) in first.split("|")


def test_a_sort_by_a_field_that_one_may_not_see_is_none(book: World) -> None:
    add_field(label="Secret", kind="number", view_roles=["manager"], by=book.amy.as_actor())
    Account.objects.filter(name="Customer 15").update(custom={"secret": "9"})

    assert named(book.browser(book.mona).get("/accounts/?sort=-custom.secret").content.decode())[0] == "Customer 15"
    assert named(book.browser(book.alice).get("/accounts/?sort=-custom.secret").content.decode())[0] != "Customer 15"
    assert book.browser(book.alice).get("/api/v1/health/?sort=-custom.secret").status_code == 400
    assert book.browser(book.mona).get("/api/v1/health/?sort=-custom.secret").status_code == 200


def groups_of(page: str) -> list[tuple[str, int]]:
    found = re.findall(r'<tr class="group">.*?<span>([^<]*)</span> <span class="n">(\d+)', page, re.S)
    return [(unescape(name), int(count)) for name, count in found]


def test_groups_have_their_count_and_their_totals_over_all_pages(book: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_module("kpis.views.portfolio"), "PAGE", 5)
    page = book.browser(book.mona).get("/accounts/?group=tier&columns=arr,custom.seats,seat_use").content.decode()

    assert groups_of(page) == [("Bronze", 4), ("Gold", 4)]  # five lines of the first two groups
    bronze = page.split('<tr class="group">')[1].split("</tr>")[0]
    known = [100 * at for at in (2, 6, 10, 14)]
    assert f"Sum <b>€{sum(known) / 1000:g}k</b>" in bronze
    seats = sum(at % 5 for at in (2, 6, 10, 14)) / 4
    assert f"Mean <b>{seats:g}</b>" in bronze
    foot = page.split("<tfoot>")[1]
    assert "4 unknown" in foot


def test_money_of_two_currencies_is_never_added(book: World) -> None:
    page = book.browser(book.mona).get("/accounts/?group=custom.size&columns=arr").content.decode()
    small = page.split('<tr class="group">')[1].split("</tr>")[0]
    eur = sum(100 * at for at in (0, 6, 12) if at % 4 != 3)
    usd = sum(100 * at for at in (9,))

    assert groups_of(page)[0] == ("Small", 4)
    assert f"€{eur / 1000:g}k" in small
    assert f"${usd}" in small
    assert groups_of(page)[-1] == ("Unknown", 4)


def test_a_group_is_shut_by_its_address_and_its_accounts_are_not_shown(book: World) -> None:
    client = book.browser(book.mona)
    page = client.get("/accounts/?group=tier").content.decode()
    shut = unescape(re.findall(r'<tr class="group">.*?href="([^"]+)" aria-expanded="true"', page, re.S)[1])
    page = client.get(shut).content.decode()

    assert groups_of(page) == [("Bronze", 4), ("Gold", 4), ("Silver", 4), ("Unknown", 4)]
    assert len(named(page)) == 12
    assert not {"Customer 00", "Customer 04"} & set(named(page))
    assert page.count('aria-expanded="false"') == 1
    again = unescape(re.findall(r'href="([^"]+)" aria-expanded="false"', page)[0])
    assert len(named(client.get(again).content.decode())) == 16


@pytest.mark.parametrize("size", [1, 3, 20])
def test_shut_groups_are_headed_wherever_the_pages_are_cut(
    book: World, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    client = book.browser(book.mona)
    page = client.get("/accounts/?group=tier").content.decode()
    marks = re.findall(r"shut=([0-9a-f]{8})", page)
    monkeypatch.setattr(import_module("kpis.views.portfolio"), "PAGE", size)
    for shut in ([marks[0]], [marks[3]], marks[1:3], marks):
        address, headed, lines = f"/accounts/?group=tier&shut={','.join(shut)}", set(), 0
        while address:
            page = client.get(address).content.decode()
            headed |= {name for name, _ in groups_of(page)}
            lines += len(named(page))
            older = re.search(r'rel="next" href="([^"]+)"', page)
            address = unescape(older[1]) if older else ""
        assert headed == {"Bronze", "Gold", "Silver", "Unknown"}
        assert lines == 16 - 4 * len(shut)


def test_columns_sorts_and_groups_cost_at_most_twelve_queries(book: World, query_count: Any) -> None:
    client = book.browser(book.mona)
    client.get("/accounts/")
    with query_count() as queries:
        client.get("/accounts/?columns=tier,seat_use,custom.seats,arr&group=custom.size&sort=-custom.seats")

    assert queries.number <= 12, queries.sql
    with query_count() as queries:
        client.get("/accounts/?columns=tier,seat_use,arr,region&group=tier")
    assert queries.number <= 12, queries.sql


def test_the_whole_look_is_kept_with_a_view_and_found_again(book: World) -> None:
    client = book.browser(book.mona)
    look = "columns=tier,arr,region&pins=arr&widths=name-300,tier-90&group=region&sort=-custom.seats&density=dense"
    answer = client.post(f"/accounts/views/save/?{look}", {"name": "Wide"})
    view = SavedView.objects.get(name="Wide")

    assert (view.pins, view.widths, view.group, view.sort) == (
        ["arr"], {"name": 300, "tier": 90}, "region", "-custom.seats"
    )  # fmt: skip
    page = client.get(answer["Location"]).content.decode()
    heads = re.findall(r'data-code="([a-z_.]+)"', page)
    assert heads[:4] == ["name", "arr", "tier", "region"]
    assert re.search(r'class="num pin sized" style="--w:140px;--x:344px"[^>]*data-code="arr"', page)
    assert re.search(r'class="sized" style="--w:90px"[^>]*data-code="tier"', page)


def test_ones_own_look_without_a_name_keeps_pins_widths_and_density(book: World) -> None:
    client = book.browser(book.mona)
    client.post("/accounts/columns/keep/?columns=tier,arr&pins=tier&widths=arr-200&density=dense", {})

    page = client.get("/accounts/").content.decode()
    assert 'class="pin sized" style="--w:140px;--x:304px" data-code="tier"' in page
    assert "--w:200px" in page
    assert "book dense" in page
    unpinned = client.get("/accounts/?pins=none").content.decode()
    assert 'style="--w:140px;--x:304px" data-code="tier"' not in unpinned
    with pytest.raises(NotAView):
        save_view(name="Thin", filters={}, widths={"tier": 3}, by=book.mona.as_actor())
    with pytest.raises(NotAView):
        keep_columns(columns=[], widths={"name": 70}, density="", by=book.mona.as_actor())


def test_the_chooser_pins_and_moves_within_what_is_pinned(book: World) -> None:
    def asked(query: str) -> tuple[str, str]:
        page = book.browser(book.mona).get(f"/accounts/columns/?columns=tier,health,arr{query}").content.decode()
        last = {name: re.findall(rf'name="{name}" value="([^"]*)"', page)[-1] for name in ("columns", "pins")}
        return last["columns"], last["pins"]

    assert asked("&pin=arr") == ("arr,tier,health", "arr")
    assert asked("&pins=arr&pin=arr") == ("arr,tier,health", "none")
    assert asked("&pins=tier,arr&down=tier") == ("arr,tier,health", "arr,tier")


def test_the_file_has_the_groups_and_the_order_of_the_page(book: World) -> None:
    Account.objects.filter(name="Customer 01").update(name="=HYPERLINK(1)", custom={"nick": "@cmd", "seats": "4"})
    query = "?columns=custom.nick,custom.seats,custom.signed&group=tier&sort=-custom.seats&where=tier+%3D+%22Silver%22"
    client = book.browser(book.mona)
    shown = named(client.get(f"/accounts/{query}").content.decode())
    lines = list(csv.reader(io.StringIO(client.get(f"/accounts/export.csv{query}").content.decode())))

    assert lines[0] == ["Tier", "Account", "Nick", "Seats", "Signed"]
    assert [line[1].removeprefix("'") for line in lines[1:]] == shown
    assert {line[0] for line in lines[1:]} == {"Silver"}
    wicked = next(line for line in lines if "HYPERLINK" in line[1])
    assert wicked[1:4] == ["'=HYPERLINK(1)", "'@cmd", "4.000000"]
    sheet = load_workbook(io.BytesIO(client.get(f"/accounts/export.xlsx{query}").content)).active
    cells = {row[1].value: row for row in sheet.iter_rows(min_row=2)}
    assert cells["=HYPERLINK(1)"][1].data_type == "s"
    assert cells["=HYPERLINK(1)"][3].value == 4
    signed = next(cell[4].value for name, cell in cells.items() if name != "=HYPERLINK(1)" and cell[4].value)
    assert signed.date() >= date(2026, 1, 1)
