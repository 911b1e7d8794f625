"""Saved views and columns: kept, shared, taken away and back; the list shows and exports what was chosen."""

import csv
import io
import re
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.utils.timezone import now
from openpyxl import load_workbook

from accounts.models import Account, SavedView
from accounts.operations.views import NotAView, ViewEdited, change_view, remove_view, save_view
from kpis.models import Kpi
from tests.kpis.health.book import furnish, standing, value
from tests.world import World


@pytest.fixture
def book(world: World) -> World:
    furnish()
    Account.objects.all().delete()
    for name, tier, arr in (("Anvil", "Gold", 900), ("Bolt", "Silver", None), ("=Clamp", "Gold", 100)):
        account = Account.objects.create(name=name, tier=tier, arr=arr, owner=world.alice)
        standing(account, 4000)
    return world


def test_what_the_address_asks_is_kept_under_a_name_and_becomes_a_tab(book: World) -> None:
    client = book.browser(book.mona)
    answer = client.post("/accounts/views/save/?where=tier+%3D+%22Gold%22&sort=-arr&columns=tier,arr", {"name": "Gold"})
    view = SavedView.objects.get(name="Gold")

    assert view.filters == {"where": 'tier = "Gold"'}
    assert (view.sort, view.columns, view.owner_id) == ("-arr", ["tier", "arr"], book.mona.pk)
    page = client.get(answer["Location"]).content.decode()
    assert re.search(r'aria-current="page"[^>]*>Gold<', page)
    assert "Anvil" in page
    assert "Bolt" not in page
    short = client.get(f"/accounts/?saved={view.pk}")
    assert short["Location"] == answer["Location"]


def test_a_view_is_seen_by_others_when_it_is_shared_and_changed_by_its_owner_alone(book: World) -> None:
    by = book.mona.as_actor()
    view = save_view(name="Monas own", filters={"q": "a"}, by=by)
    assert "Monas own" not in book.browser(book.ana).get("/accounts/").content.decode()

    change_view(view_id=view.pk, expected_version=1, shared=True, by=by)
    assert "Monas own" in book.browser(book.ana).get("/accounts/").content.decode()
    assert book.browser(book.ana).post(f"/accounts/views/{view.pk}/", {"name": "Hers", "version": 2}).status_code == 404
    with pytest.raises(PermissionDenied):
        change_view(view_id=view.pk, expected_version=2, name="Hers", by=book.ana.as_actor())
    with pytest.raises(PermissionDenied):
        save_view(name="Shared", filters={}, shared=True, by=book.vic.as_actor())
    with pytest.raises(ViewEdited):
        change_view(view_id=view.pk, expected_version=1, name="Late", by=by)


def test_a_removed_view_comes_back_unless_its_name_is_taken(book: World) -> None:
    by = book.mona.as_actor()
    view = save_view(name="Gold", filters={}, by=by)
    remove_view(view_id=view.pk, by=by, at=now())
    assert "Gold<" not in book.browser(book.mona).get("/accounts/views/").content.decode()

    assert remove_view(view_id=view.pk, by=by, at=now(), restore=True).removed_at is None
    remove_view(view_id=view.pk, by=by, at=now())
    save_view(name="gold", filters={}, by=by)
    with pytest.raises(NotAView):
        remove_view(view_id=view.pk, by=by, at=now(), restore=True)


def test_a_shared_view_whose_condition_no_longer_reads_says_so(book: World) -> None:
    save_view(name="Old", filters={"where": "gone_field > 3"}, shared=True, by=book.mona.as_actor())
    client = book.browser(book.ana)

    assert "no longer reads" in client.get("/accounts/views/").content.decode()
    assert "cannot be read" in client.get("/accounts/?where=gone_field+%3E+3").content.decode()


def test_any_field_can_be_a_column_and_its_figures_add_up(book: World) -> None:
    for name, number in (("Anvil", 80), ("=Clamp", 60)):
        value(Account.objects.get(name=name), "seat_use", number)
    page = book.browser(book.mona).get("/accounts/?columns=tier,seat_use,arr").content.decode()
    kpi = Kpi.objects.get(code="seat_use")

    assert re.search(rf'data-code="seat_use"><a [^>]*>{re.escape(kpi.name)}<', page)
    assert f'<td class="num c-plain" data-label="{kpi.name}">80%</td>' in page
    assert re.search(r"Mean <b>70%</b> <span class=\"soft\">1 unknown", page)
    assert re.search(r"<b>€1k</b> <span class=\"soft\">1 unknown", page)


@pytest.mark.parametrize("accounts", [1, 3])
def test_columns_cost_the_same_queries_for_few_and_many(book: World, query_count: Any, accounts: int) -> None:
    Account.objects.exclude(name__in=["Anvil", "Bolt", "=Clamp"][:accounts]).delete()
    save_view(name="One", filters={"where": 'tier = "Gold"'}, by=book.mona.as_actor())
    client = book.browser(book.mona)
    client.get("/accounts/")
    with query_count() as queries:
        client.get("/accounts/?columns=tier,seat_use,arr,region")

    assert queries.number == 11, queries.sql


def test_the_columns_of_a_person_stay_theirs(book: World) -> None:
    client = book.browser(book.mona)
    client.post("/accounts/columns/keep/?columns=tier,health", {"density": "dense"})

    page = client.get("/accounts/").content.decode()
    assert 'data-code="tier"' in page
    assert 'data-code="trend"' not in page
    assert "book dense" in page
    assert 'data-code="trend"' in book.browser(book.ana).get("/accounts/").content.decode()
    client.post("/accounts/columns/keep/?columns=tier,health", {"usual": "1"})
    assert 'data-code="trend"' in client.get("/accounts/").content.decode()


def test_columns_are_moved_added_and_left_out_by_addresses(book: World) -> None:
    def codes(query: str) -> str:
        page = book.browser(book.mona).get(f"/accounts/columns/?columns=tier,health,arr{query}").content.decode()
        return re.findall(r'name="columns" value="([^"]*)"', page)[-1]

    assert codes("&up=health") == "health,tier,arr"
    assert codes("&down=arr") == "tier,health,arr"
    assert codes("&drop=health") == "tier,arr"
    assert codes("&add=region") == "tier,health,arr,region"


def test_the_files_hold_exactly_what_is_shown_and_nothing_that_a_spreadsheet_runs(book: World) -> None:
    client, query = book.browser(book.mona), "?columns=tier,arr&sort=-arr&where=tier+%3D+%22Gold%22"
    lines = list(csv.reader(io.StringIO(client.get(f"/accounts/export.csv{query}").content.decode())))
    assert lines == [
        ["Account", "Tier", "ARR", "Currency"],
        ["Anvil", "Gold", "900.00", "EUR"],
        ["'=Clamp", "Gold", "100.00", "EUR"],
    ]
    sheet = load_workbook(io.BytesIO(client.get(f"/accounts/export.xlsx{query}").content)).active
    cells = [[(cell.value, cell.data_type) for cell in row] for row in sheet.iter_rows(min_row=2)]
    assert cells[0][2] == (900, "n")
    assert cells[1][0] == ("=Clamp", "s")
    assert Decimal(str(cells[1][2][0])) == 100
    assert book.browser(book.vic).get(f"/accounts/export.xlsx{query}").status_code == 403


def test_the_api_saves_changes_removes_and_brings_back(book: World) -> None:
    client, json = book.browser(book.mona), "application/json"
    asked: dict[str, Any] = {"name": "Gold", "filters": {"where": 'tier = "Gold"'}, "columns": ["tier"]}
    made = client.post("/api/v1/saved-views/", asked, content_type=json)
    assert made.status_code == 201, made.content
    one = f"/api/v1/saved-views/{made.json()['id']}/"
    assert client.put(one, {**asked, "name": "Golden", "version": 1}, content_type=json).json()["name"] == "Golden"
    assert client.delete(one).status_code == 204
    assert client.get("/api/v1/saved-views/").json()["results"] == []
    assert client.post(f"{one}restore/").status_code == 200
    wrong = {"name": "X", "filters": {"where": "gone > 3"}}
    assert client.post("/api/v1/saved-views/", wrong, content_type=json).status_code == 400
