"""The grid as a page: what it shows, to whom, and what it costs."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date
from typing import Any
from uuid import uuid4

import pytest

from kpis.models import KpiValue
from tests.kpis.health.book import fill, score, value
from tests.world import World

Count = Callable[[], AbstractContextManager[Any]]


def text_of(answer: Any) -> str:
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_value_stands_in_its_month_with_its_band_and_source(book: World, grid_of: str) -> None:
    value(book.account, "seat_use", "85.50", date(2026, 9, 1), by_label="Mona", reason="typo", origin="edit")

    page = text_of(book.browser(book.alice).get(grid_of))

    assert 'id="c-seat_use-2026-09" data-exact="85.5"' in page
    assert 'aria-label="Seat use (monthly active / paid), Sep 2026: 85.5 %, green"' in page
    assert "Edited by Mona on 20 Nov 2026: typo" in page
    assert "../evidence/?kpi=seat_use&amp;as_of=2026-09-30" in page


def test_an_empty_cell_is_empty_and_never_zero(book: World, grid_of: str) -> None:
    value(book.account, "seat_use", 0, date(2026, 9, 1))

    page = text_of(book.browser(book.alice).get(grid_of))

    assert "Sep 2026: 0 %, red" in page
    assert "Oct 2026: no value" in page
    assert '<td id="c-seat_use-2026-10"><a class="v"' in page


def test_only_measured_kpis_show_until_all_are_asked_for(book: World, grid_of: str) -> None:
    value(book.account, "seat_use", 80)
    browser = book.browser(book.alice)

    assert text_of(browser.get(grid_of)).count("data-limits=") == 1
    assert text_of(browser.get(f"{grid_of}?all=1")).count("data-limits=") == 62
    assert text_of(browser.get(f"{grid_of}?kpi=support_csat")).count("data-limits=") == 2


def test_an_account_without_values_shows_the_whole_catalogue(book: World, grid_of: str) -> None:
    page = text_of(book.browser(book.alice).get(grid_of))

    assert page.count("data-limits=") == 62
    assert "Nothing has been measured in these months." in page


@pytest.mark.parametrize(
    ("query", "first", "last"),
    [
        ("", "2025-12", "2026-11"),
        ("?until=2026-03", "2025-04", "2026-03"),
        ("?until=2031-01", "2025-12", "2026-11"),
        ("?until=nonsense", "2025-12", "2026-11"),
        ("?until=2026-3", "2025-12", "2026-11"),
    ],
)
def test_twelve_months_end_where_the_address_says(book: World, grid_of: str, query: str, first: str, last: str) -> None:
    page = text_of(book.browser(book.alice).get(grid_of + query))

    assert f'id="c-seat_use-{first}"' in page
    assert f'id="c-seat_use-{last}"' in page
    assert page.count('id="c-seat_use-') == 12


def test_earlier_and_later_months_are_a_link_away(book: World, grid_of: str) -> None:
    browser = book.browser(book.alice)

    assert "?until=2025-11" in text_of(browser.get(grid_of))
    assert "Later months" not in text_of(browser.get(grid_of))
    assert "?until=2026-11" in text_of(browser.get(f"{grid_of}?until=2026-03"))
    assert "Earlier months" not in text_of(browser.get(f"{grid_of}?until=1990-01"))


def test_a_phone_shows_the_newest_month_that_has_a_value(book: World, grid_of: str) -> None:
    value(book.account, "seat_use", 80, date(2026, 9, 1))
    browser = book.browser(book.alice)

    page = text_of(browser.get(grid_of))
    assert 'data-col="10"' in page
    assert "month=2026-08" in page
    assert "month=2026-10" in page
    assert 'data-col="1"' in text_of(browser.get(f"{grid_of}?month=2025-12"))
    assert "until=2025-11&amp;month=2025-11" in text_of(browser.get(f"{grid_of}?month=2025-12"))


def test_the_score_stands_above(book: World, grid_of: str) -> None:
    fill(book.account)
    score(book.account)

    page = text_of(book.browser(book.alice).get(grid_of))

    assert "as of 20 Nov 2026, 100% covered" in page or "% covered" in page
    assert '<span class="score" data-band="green">' in page


def test_a_refresh_answers_the_region_alone(book: World, grid_of: str) -> None:
    browser = book.browser(book.alice, htmx=True)

    page = text_of(browser.get(grid_of, headers={"hx-target": "section#grid-region"}))

    assert page.lstrip().startswith('<section id="grid-region"')
    assert "<html" not in page


@pytest.mark.parametrize("person", ["vic", "ana"])
def test_without_the_permission_it_is_read_only(book: World, grid_of: str, person: str) -> None:
    value(book.account, "seat_use", 80)
    browser = book.browser(getattr(book, person))

    page = text_of(browser.get(grid_of))

    assert 'aria-readonly="true"' in page
    assert "seat_use/2026-11/" not in page
    assert "grid-editor" not in page
    assert "../evidence/?kpi=seat_use" in page
    assert "Your role can look at values" in text_of(browser.get(f"{grid_of}seat_use/2026-11/"))


def test_an_archived_account_is_read_only(book: World, grid_of: str) -> None:
    value(book.account, "seat_use", 80)
    book.account.archived_at = book.account.created_at
    book.account.save(update_fields=["archived_at"])

    page = text_of(book.browser(book.amy).get(grid_of))

    assert 'aria-readonly="true"' in page


def test_an_account_one_does_not_see_is_not_there(book: World, grid_of: str) -> None:
    browser = book.browser(book.bob)

    assert browser.get(grid_of).status_code == 404
    assert browser.get(f"{grid_of}seat_use/2026-11/").status_code == 404
    assert browser.post(f"{grid_of}seat_use/2026-11/", {"new": "1", "reason": "x"}).status_code == 404
    assert browser.get(f"/accounts/{book.foreign_account.pk}/grid/").status_code == 404
    assert not KpiValue.objects.exists()


@pytest.mark.parametrize(
    "cell", ["nothing/2026-11", "seat_use/2026-13", "seat_use/november", "seat_use/2026-12", "seat_use/1999-12"]
)
def test_a_cell_that_cannot_be_is_not_there(book: World, grid_of: str, cell: str) -> None:
    assert book.browser(book.alice).get(f"{grid_of}{cell}/").status_code == 404


def test_undo_of_nothing_is_not_there(book: World, grid_of: str) -> None:
    assert book.browser(book.alice).post(f"{grid_of}undo/{uuid4()}/").status_code == 404


def test_more_rows_and_values_cost_no_more_queries(book: World, grid_of: str, query_count: Count) -> None:
    browser = book.browser(book.alice)
    value(book.account, "seat_use", 80)
    score(book.account)
    browser.get(grid_of)
    with query_count() as one:
        browser.get(grid_of)
    book.enter("north")
    for code in ("support_csat", "customer_roi"):
        for month in (9, 10, 11):
            value(book.account, code, 80, date(2026, month, 1))
    with query_count() as three:
        assert text_of(browser.get(grid_of)).count("data-limits=") == 3
    assert one.number == three.number <= 14
