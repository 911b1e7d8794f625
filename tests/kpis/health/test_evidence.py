"""The walk from the score down to the cell, and the panels of the account's page."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
import time_machine

from accounts.models import Account
from kpis.models import KpiValue, Upload
from kpis.operations import correct_kpi_value
from kpis.queries.evidence import evidence
from kpis.queries.panels import pushes
from tests.kpis.health.book import NOVEMBER, NOW, OCTOBER, SEPTEMBER, fill, furnish, score, value
from tests.world import World


@pytest.fixture
def book(world: World) -> Any:
    furnish()
    with time_machine.travel(NOW, tick=False):
        yield world


def page(world: World, address: str, person: str = "mona", **given: Any) -> str:
    """The page as text without markup, one space between words."""
    answer = world.browser(getattr(world, person), **given).get(address)
    assert answer.status_code == 200, answer.status_code
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode())))


def of(account: Account, rest: str = "") -> str:
    return f"/accounts/{account.pk}/evidence/{rest}"


def uploaded(account: Account, **given: Any) -> KpiValue:
    file = Upload.objects.create(
        file_name="november.xlsx", sha256="0" * 64, size=1, path="x", version=3, created_by_label="Ana", created_at=NOW
    )
    where = {"sheet": "KPI Data", "address": "C17", "raw": "12 hours", "conversion": "12 h ÷ 24 = 0.5 d"}
    return value(account, "first_response_time", 12, upload=file, by_label="Ana", **where, **given)


def test_the_shown_contributions_add_up_to_the_shown_score(book: World) -> None:
    fill(book.account, seat_use=61, sla_attainment="91.3", relationship_nps=-7)
    stored = score(book.account).latest

    answer = book.browser(book.mona).get(of(book.account)).content.decode()

    cells = re.findall(r'data-label="Adds"><b>([−\d.,]+)</b>', answer)
    assert len(cells) == len(stored.parts)
    assert sum(Decimal(cell) for cell in cells) == Decimal(stored.score_hundredths) / 100
    assert f"add up to exactly {Decimal(stored.score_hundredths) / 100:.2f}." in answer
    assert "the same, to the last hundredth" in answer


def test_the_cell_is_on_the_page_of_the_score(book: World) -> None:
    fill(book.account, first_response_time=3)
    KpiValue.objects.filter(kpi__code="first_response_time").delete()
    uploaded(book.account)
    score(book.account)

    text = page(book, of(book.account))

    assert "november.xlsx KPI Data!C17 “12 hours”" in text


def test_one_click_further_is_everything_about_the_value(book: World) -> None:
    fill(book.account)
    KpiValue.objects.filter(kpi__code="first_response_time").delete()
    uploaded(book.account)
    score(book.account)

    text = page(book, of(book.account, "?kpi=first_response_time"))

    for words in (
        "november.xlsx , version 3",
        "KPI Data!C17",
        "“12 hours”",
        "12 h ÷ 24 = 0.5 d",
        "by Ana",
        "Impact 3 of 3",
        "Freshness 100%",
    ):
        assert words in text, words


def test_the_history_of_a_cell_names_who_and_why(book: World) -> None:
    fill(book.account)
    seen = KpiValue.objects.get(kpi__code="seat_use")
    correct_kpi_value(
        account_id=book.account.pk, kpi_code="seat_use", period=NOVEMBER, new=Decimal(40), reason="counted again",
        expected_value_id=seen.pk, by=book.alice.as_actor(), at=NOW + timedelta(hours=1),
    )  # fmt: skip
    score(book.account)

    text = page(book, of(book.account, "?kpi=seat_use"))

    assert "40 Edited Alice: counted again" in text
    assert text.index("40 Edited Alice") < text.index("80 A file")


def test_a_score_that_no_longer_fits_its_values_says_so(book: World) -> None:
    fill(book.account)
    score(book.account)
    KpiValue.objects.filter(kpi__code="seat_use").update(superseded_at=NOW)
    value(book.account, "seat_use", 20)

    text = page(book, of(book.account))

    assert "the new score is on its way" in text
    assert "What makes 75.00" in text


def test_an_earlier_day_shows_what_was_scored_then(book: World) -> None:
    fill(book.account, OCTOBER, seat_use=20)
    fill(book.account, NOVEMBER)
    score(book.account)

    text = page(book, of(book.account, "?as_of=2026-10-31"))

    assert "as of 31 Oct 2026" in text
    assert "What makes 75.00" not in text
    assert "Seat use (monthly active / paid) 20%" in text


def test_a_day_before_every_value_has_no_score(book: World) -> None:
    fill(book.account)
    score(book.account)

    assert "No score is stored for 1 Jan 2020" in page(book, of(book.account, "?as_of=2020-01-01"))


def test_an_account_without_values_says_what_to_do(book: World) -> None:
    assert "No KPI value has come in for this account" in page(book, of(book.account))
    assert "No KPI value has come in" in page(book, of(book.account, "?kpi=seat_use&as_of=nonsense&category=x"))


def test_one_category_alone(book: World) -> None:
    fill(book.account)
    score(book.account)

    text = page(book, of(book.account, "?category=support"))

    assert "SLA attainment" in text
    assert "KPIs of Adoption & Engagement" not in text
    assert "Only Support & Experience is shown." in text


def test_what_is_missing_is_listed_with_the_bounds(book: World) -> None:
    fill(book.account)
    health = score(book.account)

    text = page(book, of(book.account))

    assert "Champion status" in text
    assert f"were worst {health.latest.low:.2f}" in text
    assert f"were best {health.latest.high:.2f}" in text


def test_too_little_data_shows_what_there_is_without_a_score(book: World) -> None:
    value(book.account, "seat_use", 80)
    score(book.account)

    text = page(book, of(book.account))

    assert "What the data there are would give" in text
    assert "Not enough data" in text
    assert "1 KPIs in 5 categories add up to exactly 75.00." in text


@pytest.mark.parametrize("part", ["evidence/", "panels/health/", "panels/why/", "panels/measures/", "panels/data/"])
def test_a_colleagues_account_is_not_there(book: World, part: str) -> None:
    fill(book.account)
    score(book.account)
    address = f"/accounts/{book.account.pk}/{part}"

    assert book.browser(book.alice).get(address).status_code == 200
    assert book.browser(book.bob).get(address).status_code == 404
    assert book.browser(book.charlie, tenant="south").get(address).status_code == 404
    assert book.browser().get(address).status_code == 302


def test_an_unknown_kpi_is_not_there(book: World) -> None:
    assert book.browser(book.mona).get(of(book.account, "?kpi=nothing")).status_code == 404


def test_the_pushes_lead_from_75_to_the_score(book: World) -> None:
    fill(book.account, seat_use=61, sla_attainment="99.3", relationship_nps=-7)
    stored = score(book.account).latest

    found = pushes(evidence(stored))

    assert 75 + sum(push.points for push in found) == Decimal(stored.score_hundredths) / 100
    assert [push.points for push in found] == sorted(push.points for push in found)


def test_the_health_panel_links_each_month_to_its_evidence(book: World) -> None:
    for month in (SEPTEMBER, OCTOBER, NOVEMBER):
        fill(book.account, month)
    score(book.account)

    answer = book.browser(book.mona, htmx=True).get(f"/accounts/{book.account.pk}/panels/health/").content.decode()

    assert "<html" not in answer
    assert f"/accounts/{book.account.pk}/evidence/?as_of=2026-10-31" in answer
    assert answer.count('class="pt"') == 3


def test_the_measures_panel_starts_with_what_costs_most(book: World) -> None:
    fill(book.account, SEPTEMBER, seat_use=70)
    fill(book.account, OCTOBER, seat_use=20, sla_attainment=80)
    score(book.account)

    text = page(book, f"/accounts/{book.account.pk}/panels/measures/", htmx=True)

    assert text.index("Seat use") < text.index("SLA attainment")
    assert re.search(
        r"Seat use \(monthly active / paid\) Edited by|Seat use \(monthly active / paid\) From a file, Oct", text
    )
    assert re.search(r"20% (green )?from 80 −50", text)


def test_panels_of_a_new_account_invent_nothing(book: World) -> None:
    for part, words in (
        ("health", "Not scored yet"),
        ("why", "Nothing has come in yet"),
        ("measures", "No KPI value has come in"),
        ("data", "Nothing has come in"),
    ):
        assert words in page(book, f"/accounts/{book.account.pk}/panels/{part}/", htmx=True)


def test_the_walk_costs_the_same_queries_for_few_and_many_values(book: World, query_count: Any) -> None:
    client, counted = book.browser(book.mona), []
    value(book.account, "seat_use", 70, OCTOBER)
    for codes in (("seat_use",), ("sla_attainment", "support_csat", "realised_value")):
        for code in codes:
            value(book.account, code, 80)
        score(book.account)
        client.get(of(book.account))
        with query_count() as queries:
            client.get(of(book.account))
        counted.append(queries.number)

    assert counted[0] == counted[1] <= 25


def test_the_hour_is_said_in_the_readers_zone(book: World) -> None:
    fill(book.account)
    KpiValue.objects.update(recorded_at=datetime(2026, 11, 19, 23, 30, tzinfo=UTC))
    score(book.account)

    assert "19 Nov 2026, 23:30" in page(book, of(book.account, "?kpi=seat_use"))


@pytest.mark.parametrize("door", ["accounts/", "today", "panel", "grid", "history", "timeline"])
def test_from_every_score_the_cell_is_at_most_two_clicks_away(book: World, door: str) -> None:
    """One click leads to the evidence, which prints the cells; a second one opens all there is about one of them."""
    fill(book.account)
    KpiValue.objects.update(value=0)
    KpiValue.objects.filter(kpi__code="first_response_time").delete()
    uploaded(book.account)
    score(book.account)
    address = {
        "accounts/": "/accounts/",
        "today": "/",
        "panel": f"/accounts/{book.account.pk}/panels/health/",
        "grid": f"/accounts/{book.account.pk}/grid/",
        "history": f"/accounts/{book.account.pk}/history/",
        "timeline": f"/accounts/{book.account.pk}/panels/timeline/",
    }[door]
    browser = book.browser(book.alice)

    shown = unescape(browser.get(address).content.decode())
    links = re.findall(rf'href="((?:/accounts/{book.account.pk}|\.\.)/evidence/[^"#]*)', shown)
    assert links, shown
    evidence_page = unescape(browser.get(links[0].replace("..", f"/accounts/{book.account.pk}")).content.decode())

    assert "C17" in evidence_page
    deeper = re.search(r'href="(\?[^"]*kpi=first_response_time)#kpi"', evidence_page)
    assert deeper is not None
    assert "12 h ÷ 24 = 0.5 d" in browser.get(of(book.account, deeper[1])).content.decode()
