"""Dates of the business: months, and how long ago."""

from datetime import UTC, date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


def zone(name: str) -> tzinfo:
    """The time zone of that name; UTC for one that this machine does not know."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # "Europe" is a folder
        return UTC


def day_in(name: str, at: datetime) -> date:
    """The calendar day of an aware time in the time zone `name`."""
    return at.astimezone(zone(name)).date()


def month_of(day: date) -> date:
    """First day of the month `day` lies in."""
    return day.replace(day=1)


def next_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


def month_end(period: date) -> date:
    """Last day of the month that starts on `period`."""
    return next_month(period) - timedelta(days=1)


def months_back(period: date, count: int) -> list[date]:
    """`count` months ending with `period`, oldest first."""
    number = period.year * 12 + period.month - 1
    return [date((number - back) // 12, (number - back) % 12 + 1, 1) for back in reversed(range(count))]


def months_between(earlier: date, later: date) -> int:
    """Whole calendar months from the month of `earlier` to that of `later`; never negative."""
    return max(0, (later.year - earlier.year) * 12 + later.month - earlier.month)


def add_working_days(day: date, days: int) -> date:
    """The date `days` (0 or more) working days, Monday to Friday, after `day`; a weekend counts as its Monday."""
    while day.weekday() >= 5:
        day += timedelta(days=1)
    while days > 0:
        day += timedelta(days=1)
        if day.weekday() < 5:
            days -= 1
    return day
