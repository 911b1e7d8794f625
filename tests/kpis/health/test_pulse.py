"""The CSM's pulse expires: older than 90 days it stops counting, and its weight goes to what is still known."""

from datetime import date, timedelta
from typing import Any

import pytest
import time_machine

from kpis.models import Kpi
from tests.kpis.health.book import NOVEMBER, NOW, OCTOBER, fill, furnish, score, value
from tests.world import World


@pytest.fixture
def book(world: World) -> World:
    furnish()
    return world


def part_of(health: Any, code: str) -> Any:
    return next(part for part in health.latest.parts if part[0] == code)


def test_the_catalogues_pulse_expires_after_90_days(book: World) -> None:
    assert Kpi.objects.get(code="csm_pulse").expires_days == 90


def test_a_pulse_older_than_90_days_stops_counting_and_its_weight_is_redistributed(book: World) -> None:
    """A pulse of 1 in October is 89 days old on 28 January and 90 on the 29th; the rest is of January."""
    for month in (OCTOBER, NOVEMBER, date(2027, 1, 1)):
        fill(book.account, month)
    value(book.account, "csm_pulse", 1, OCTOBER)
    last, expired = date(2027, 1, 28), date(2027, 1, 29)
    days = {day: NOW + timedelta(days=(day - NOW.date()).days) for day in (last, expired)}

    before = score(book.account, at=days[last])
    after = score(book.account, at=days[expired])

    assert part_of(before, "csm_pulse")[3] > 0
    assert before.score_hundredths < 7500
    assert part_of(after, "csm_pulse")[3:] == [0, 0, 0]  # freshness, share of the weight, contribution
    assert after.score_hundredths == 7500
    assert sum(part[4] for part in after.latest.parts) == 10_000
    relationship = next(one for one in after.latest.categories if one["code"] == "relationship")
    assert relationship["share"] == 2000  # the category keeps its weight: that of the pulse went to its neighbours
    assert after.coverage <= before.coverage


def test_the_page_says_that_a_pulse_has_expired(book: World) -> None:
    fill(book.account, date(2027, 1, 1))
    value(book.account, "csm_pulse", 1, OCTOBER)
    at = NOW + timedelta(days=70)
    with time_machine.travel(at, tick=False):
        score(book.account, at=at)
        browser = book.browser(book.alice)
        page = " ".join(browser.get(f"/accounts/{book.account.pk}/evidence/").content.decode().split())

    assert "expired: it counts for 90 days only" in page
