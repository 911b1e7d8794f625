"""Months and working days."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.time import add_working_days, day_in, month_end, month_of, months_back, months_between, next_month, zone

DAYS = st.dates(date(1990, 1, 1), date(2100, 12, 31))


@pytest.mark.parametrize(
    ("day", "first", "last", "following"),
    [
        (date(2026, 11, 20), date(2026, 11, 1), date(2026, 11, 30), date(2026, 12, 1)),
        (date(2026, 12, 31), date(2026, 12, 1), date(2026, 12, 31), date(2027, 1, 1)),
        (date(2024, 2, 29), date(2024, 2, 1), date(2024, 2, 29), date(2024, 3, 1)),
        (date(2025, 2, 1), date(2025, 2, 1), date(2025, 2, 28), date(2025, 3, 1)),
        (date(2026, 1, 31), date(2026, 1, 1), date(2026, 1, 31), date(2026, 2, 1)),
    ],
)
def test_months(day, first, last, following):
    assert (month_of(day), month_end(day), next_month(day)) == (first, last, following)


@given(DAYS)
def test_every_day_lies_in_its_month(day):
    assert month_of(day) <= day <= month_end(day) < next_month(day)
    assert month_end(day) + timedelta(days=1) == next_month(day)
    assert months_between(day, next_month(day)) == 1


@given(DAYS, st.integers(1, 120))
def test_months_back_are_in_a_row_and_end_with_the_given_one(day, count):
    found = months_back(day, count)
    assert (len(found), found[-1]) == (count, month_of(day))
    assert all(next_month(one) == other for one, other in zip(found, found[1:], strict=False))
    assert months_between(found[0], found[-1]) == count - 1


def test_months_between_never_go_backwards():
    assert months_between(date(2026, 1, 31), date(2026, 2, 1)) == 1
    assert months_between(date(2025, 12, 1), date(2026, 12, 31)) == 12
    assert months_between(date(2026, 5, 1), date(2026, 4, 30)) == 0
    assert months_back(date(2026, 1, 15), 0) == []


@pytest.mark.parametrize(
    ("day", "days", "then"),
    [
        (date(2026, 11, 20), 0, date(2026, 11, 20)),  # a Friday
        (date(2026, 11, 20), 1, date(2026, 11, 23)),
        (date(2026, 11, 20), 5, date(2026, 11, 27)),
        (date(2026, 11, 21), 0, date(2026, 11, 23)),  # a Saturday counts as its Monday
        (date(2026, 11, 22), 1, date(2026, 11, 24)),
        (date(2026, 11, 16), 4, date(2026, 11, 20)),
    ],
)
def test_working_days(day, days, then):
    assert add_working_days(day, days) == then


@given(DAYS, st.integers(0, 60), st.integers(0, 60))
def test_working_days_add_up_and_end_on_one(day, some, more):
    then = add_working_days(day, some)
    assert then.weekday() < 5
    assert then >= day
    assert add_working_days(then, more) == add_working_days(day, some + more)


def test_the_day_is_that_of_the_reader():
    at = datetime(2026, 11, 20, 23, 30, tzinfo=UTC)
    assert day_in("Europe/Berlin", at) == date(2026, 11, 21)
    assert day_in("America/New_York", at) == date(2026, 11, 20)
    assert day_in("UTC", at) == date(2026, 11, 20)


@pytest.mark.parametrize("name", ["", "Mars/Olympus", "../../etc/passwd", "/etc/passwd", "Europe", "x" * 5000, "a\0b"])
def test_a_zone_this_machine_does_not_know_is_utc(name):
    assert zone(name) is UTC
