"""When something is due: working days and days in a time zone, across its clock changes; and when to try again."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from core.time import add_working_days, zone

BACK_OFF = (60, 300, 1800, 7200)  # seconds after the first, second ... attempt that failed
MOST_ATTEMPTS = len(BACK_OFF) + 1


class UnknownDate(ValueError):
    """A step waits for a day of the account that is not known."""


def after_days(at: datetime, days: int, zone_name: str) -> datetime:
    """The same time by the clock on the wall, `days` days later; in UTC."""
    return _at_wall(at, zone_name, lambda day: day + timedelta(days=days))


def after_working_days(at: datetime, days: int, zone_name: str) -> datetime:
    """The same time by the clock on the wall, `days` working days later; a weekend counts as its Monday. In UTC."""
    return _at_wall(at, zone_name, lambda day: add_working_days(day, days))


def _at_wall(at: datetime, zone_name: str, move: Any) -> datetime:
    local = at.astimezone(zone(zone_name))
    wall = datetime.combine(move(local.date()), local.time().replace(tzinfo=None), local.tzinfo)
    # A time that the clock leaves out lies after the gap, one that comes twice is the first: both as UTC says it.
    return wall.astimezone(UTC)


def start_of(day: date, zone_name: str) -> datetime:
    """The first moment of a day there, in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=zone(zone_name)).astimezone(UTC)


def due_at(
    kind: str, settings: Mapping[str, Any], *, opened_at: datetime, zone_name: str, dates: Mapping[str, date | None]
) -> datetime | None:
    """When the engine has to look at a step that opened at `opened_at`; None when it waits for a person alone.

    Raises UnknownDate for a wait until a day that is not known.
    """
    if kind == "wait":
        return _end_of_wait(settings, opened_at, zone_name, dates)
    if kind in ("task", "form"):
        return time_out_at(settings, opened_at=opened_at, zone_name=zone_name)
    return opened_at  # an approval has to be asked for first; its time-out counts from there


def time_out_at(settings: Mapping[str, Any], *, opened_at: datetime, zone_name: str) -> datetime | None:
    limit = settings.get("time_out")
    return after_working_days(opened_at, limit["working_days"], zone_name) if limit else None


def _end_of_wait(
    settings: Mapping[str, Any], opened_at: datetime, zone_name: str, dates: Mapping[str, date | None]
) -> datetime:
    if "working_days" in settings:
        return after_working_days(opened_at, settings["working_days"], zone_name)
    if "days" in settings:
        return after_days(opened_at, settings["days"], zone_name)
    day = dates.get(settings["until"])
    if day is None:
        raise UnknownDate(settings["until"])
    return start_of(day + timedelta(days=settings.get("plus_days", 0)), zone_name)


def again_at(at: datetime, attempts: int) -> datetime | None:
    """When to try again after so many attempts; None when it was tried often enough."""
    return at + timedelta(seconds=BACK_OFF[attempts - 1]) if attempts < MOST_ATTEMPTS else None
