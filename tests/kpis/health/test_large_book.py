"""A book of very many accounts: its lines come first, what they add up to comes with a second request."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Account
from kpis.queries import portfolio
from tests.kpis.health.book import furnish, standing
from tests.kpis.health.test_portfolio import every_name, names
from tests.world import World


@pytest.fixture
def large(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    furnish()
    standing(world.account, 4000)
    for number in range(60):
        standing(Account.objects.create(name=f"Customer {number:02}", arr=1000 + number), 5000 + number)
    monkeypatch.setattr(portfolio, "many", lambda: True)
    return world


def figures(page: str) -> str:
    """Where the page gets what it adds up to from."""
    found = re.search(r'class="page strip figures-later" hx-get="([^"]+)"', page)
    assert found, "the page does not ask for its figures"
    return found[1].replace("&amp;", "&")


def test_the_lines_come_without_a_sum_and_the_figures_with_the_same_lines(large: World) -> None:
    browser = large.browser(large.mona)
    with CaptureQueriesContext(connection) as asked:
        page = browser.get("/accounts/").content.decode()
    assert not [query["sql"] for query in asked.captured_queries if "SUM(" in query["sql"]]
    whole = browser.get(figures(page)).content.decode()

    assert "Recurring revenue" not in page
    assert "Recurring revenue" in whole
    assert "61 in all" in whole
    assert "figures-later" not in whole
    assert names(browser, "/accounts/") == names(browser, figures(page))


@pytest.mark.parametrize("sort", ["attention", "-arr", "name"])
def test_no_account_is_lost_between_pages(large: World, sort: str) -> None:
    found = every_name(large.browser(large.mona), f"/accounts/?sort={sort}")
    assert sorted(found) == sorted(Account.objects.values_list("name", flat=True))


def test_an_account_without_a_standing_is_in_the_list(large: World) -> None:
    Account.objects.create(name="Just made")
    assert "Just made" in every_name(large.browser(large.mona), "/accounts/")


def test_groups_and_conditions_work(large: World) -> None:
    browser = large.browser(large.mona)
    page = browser.get("/accounts/", {"where": "arr > 1050", "group": "band", "sort": "-arr"}).content.decode()
    assert "Customer 59" in page
    assert "Customer 10" not in page
    assert "figures=now" in figures(page)
    assert "arr+%3E+1050" in figures(page)


def test_an_empty_book_is_told_as_ever(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    Account.objects.all().delete()
    monkeypatch.setattr(portfolio, "many", lambda: True)
    assert "Bring your accounts" in world.browser(world.mona).get("/accounts/").content.decode()


def test_a_condition_that_cannot_be_read_stays_in_the_address_that_is_asked_again(large: World) -> None:
    browser = large.browser(large.mona)
    page = browser.get("/accounts/", {"where": "arr >"}).content.decode()
    whole = browser.get(figures(page)).content.decode()
    assert 'id="book" hx-get="/accounts/?where=arr+%3E"' in whole
    assert 'class="acct"' not in page + whole
