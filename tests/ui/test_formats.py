"""Numbers and dates as people read them."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from core.templatetags import formats

AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
TODAY = AT.date()


@pytest.mark.parametrize(
    ("value", "places", "text"),
    [
        (Decimal("1234.50"), None, "1,234.5"),
        (Decimal("1E+3"), None, "1,000"),
        (Decimal("58.125"), 2, "58.13"),
        (-9, None, "−9"),
        (0, 1, "0.0"),
        (None, None, "—"),
        ("", 2, "—"),
        ("not a number", None, "—"),
        (float("nan"), None, "—"),
    ],
)
def test_number(value, places, text):
    assert formats.number(value, places) == text


@pytest.mark.parametrize(
    ("value", "places", "text"),
    [
        (6, None, "+6"),
        (-9, None, "−9"),
        (0, None, "0"),
        (Decimal("0.004"), 2, "0.00"),
        (-0.004, 2, "0.00"),
        (None, None, "—"),
    ],
)
def test_signed_has_no_sign_on_what_rounds_to_nothing(value, places, text):
    assert formats.signed(value, places) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (940, "940"),
        (12_900, "12.9k"),
        (999_999, "1M"),
        (18_420_000, "18.42M"),
        (940_000_000, "940M"),
        (-1_930_000, "−1.93M"),
        (None, "—"),
    ],
)
def test_compact(value, text):
    assert formats.compact(value) == text


def test_money():
    assert formats.money(Decimal("482000.00"), "USD") == "$482,000"
    assert formats.money(Decimal("-12.5"), "CHF") == "CHF −12.50"
    assert formats.money(None, "EUR") == "—"
    assert formats.compact_money(Decimal("18420000"), "USD") == "$18.42M"
    assert formats.compact_money(None, "USD") == "—"


@pytest.mark.parametrize(
    ("days", "text"),
    [
        (-3, "3 days late"),
        (-1, "1 day late"),
        (0, "Today"),
        (1, "Tomorrow"),
        (3, "Mon"),
        (7, "27 Nov"),
        (60, "19 Jan 2027"),
    ],
)
def test_due(days, text):
    assert formats.due(TODAY + timedelta(days=days), TODAY) == text


@pytest.mark.parametrize(
    ("back", "text"),
    [
        (timedelta(seconds=20), "just now"),
        (timedelta(minutes=4), "4 min ago"),
        (timedelta(hours=3), "3 h ago"),
        (timedelta(days=1), "yesterday"),
        (timedelta(days=6), "6 days ago"),
        (timedelta(days=90), "22 Aug 2026"),
        (timedelta(minutes=-10), "in 10 min"),
        (timedelta(days=-3), "in 3 days"),
    ],
)
def test_ago(back, text):
    assert formats.ago(AT - back, AT) == text


def test_ago_of_a_date():
    assert formats.ago(TODAY, AT) == "today"
    assert formats.ago(date(2026, 11, 19), AT) == "yesterday"


@pytest.mark.parametrize(
    ("name", "text"), [("Ana Duarte", "AD"), ("umbra", "U"), ("Æther & Søn", "ÆS"), ("", "?"), ("  –  ", "?")]
)
def test_initials(name, text):
    assert formats.initials(name) == text


def test_a_hue_is_the_same_in_every_process():
    assert formats.hue("Meridian Freight") == formats.hue("meridian freight") == 7
