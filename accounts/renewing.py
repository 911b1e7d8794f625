"""Renewals as rules: the automatic status, the two checkpoints, quarters and rates. Pure: no database, no clock."""

import re
from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

SECURE, WATCH, AT_RISK = "secure", "watch", "at_risk"
STATUSES = ((SECURE, "Secure"), (WATCH, "Watch"), (AT_RISK, "At risk"))
CHECKPOINTS = {1: 90, 2: 45}  # number -> days before the day it is due
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Signals:
    """What is measured of an account. band: green, yellow, red or unknown; arrow: -1, 0, 1; score in points."""

    band: str = "unknown"
    arrow: int = 0
    score: Decimal | None = None


@dataclass(frozen=True)
class Automatic:
    """A status by rule with its reason in words; "" is unknown."""

    status: str
    reason: str


def automatic(measured: Signals | None, *, cancelled_on: date | None = None, unpaid: bool = False) -> Automatic:
    """At risk: notice given, health at risk, or watch and falling. Watch: health watch, healthy but falling, unpaid.

    Secure: healthy and not falling. Without a health score nothing is said, unless the contract itself says it.
    """
    if cancelled_on is not None:
        return Automatic(AT_RISK, f"Notice was given on {cancelled_on.isoformat()}.")
    health = _by_health(measured)
    if unpaid and health.status in ("", SECURE):
        return Automatic(WATCH, f"An invoice is unpaid. {health.reason}")
    return health


def _by_health(measured: Signals | None) -> Automatic:
    if measured is None or measured.band not in ("green", "yellow", "red"):
        return Automatic("", "There is not enough data for a health score.")
    points = "" if measured.score is None else f" ({measured.score:.0f})"
    falling = " and falling" if measured.arrow < 0 else ""
    if measured.band == "red":
        return Automatic(AT_RISK, f"Health is at risk{points}{falling}.")
    if measured.band == "yellow":
        return Automatic(AT_RISK if falling else WATCH, f"Health is on watch{points}{falling}.")
    return Automatic(WATCH if falling else SECURE, f"Health is good{points}{' but falling' if falling else ''}.")


def checkpoints_reached(due_on: date, today: date) -> list[int]:
    """The checkpoint whose time it is: one whose successor has come as well is not made up afterwards."""
    left = (due_on - today).days
    reached = [number for number, days in CHECKPOINTS.items() if left <= days]
    return reached[-1:]


def goes_up(number: int, auto: str, human: str) -> bool:
    """Whether a leader has to decide: known statuses that differ; at the last one all that is not agreed and clear."""
    if number == max(CHECKPOINTS):
        return not (auto == human and human in (SECURE, AT_RISK))
    return bool(auto and human and auto != human)


@dataclass(frozen=True)
class Period:
    """Days from `first` to `last`, both inclusive."""

    first: date
    last: date
    label: str
    key: str


_QUARTER = re.compile(r"(\d{4})-Q([1-4])")
_MONTH = re.compile(r"(\d{4})-(\d{2})")


def period_of(key: str) -> Period | None:
    """A quarter "2026-Q4" or a month "2026-11"; None for anything else."""
    if found := _QUARTER.fullmatch(key):
        year, quarter = int(found[1]), int(found[2])
        return _period(year, quarter * 3 - 2, 3, f"Q{quarter} {year}", key)
    if found := _MONTH.fullmatch(key):
        year, month = int(found[1]), int(found[2])
        if 1 <= month <= 12:
            return _period(year, month, 1, "", key)
    return None


def _period(year: int, month: int, months: int, label: str, key: str) -> Period | None:
    if not 1990 <= year <= 2200:
        return None
    first = date(year, month, 1)
    after = date(year + (month + months - 1) // 12, (month + months - 1) % 12 + 1, 1)
    return Period(first, after - DAY, label or f"{first:%B %Y}", key)


def quarter_of(day: date) -> str:
    return f"{day.year}-Q{(day.month + 2) // 3}"


def quarter_by(day: date, steps: int) -> str:
    """The quarter so many quarters after that of `day`."""
    count = day.year * 4 + (day.month - 1) // 3 + steps
    return f"{count // 4}-Q{count % 4 + 1}"


def _months_on(day: date, months: int) -> date:
    """The same day so many months later, or the last one of its month."""
    count = day.year * 12 + day.month - 1 + months
    year, month = divmod(count, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def term_after(starts_on: date, ends_on: date) -> date:
    """The last day of a term that follows one of these days and is as long: in months where it is whole months."""
    after = ends_on + DAY
    months = (after.year - starts_on.year) * 12 + after.month - starts_on.month
    if months > 0 and _months_on(starts_on, months) == after:
        return _months_on(starts_on, 2 * months) - DAY
    return ends_on + (after - starts_on)


def monday_of(day: date) -> date:
    return day - timedelta(days=day.weekday())


@dataclass(frozen=True)
class Result:
    """A renewal that is decided: yearly amounts in one currency; renewed 0 is lost."""

    due: Decimal
    renewed: Decimal
    kept: bool


@dataclass(frozen=True)
class RenewalRates:
    """Of what was due and is decided, 0..1 or more; None without anything due. No retention rate: see the glossary."""

    gross: Decimal | None  # min(renewed, due) / due
    net: Decimal | None  # renewed / due
    by_count: Decimal | None  # renewed contracts / contracts
    decided: int


def renewal_rates(results: Sequence[Result]) -> RenewalRates:
    due = sum((one.due for one in results), Decimal(0))
    gross = sum((min(one.renewed, one.due) for one in results), Decimal(0))
    net = sum((one.renewed for one in results), Decimal(0))
    return RenewalRates(
        gross / due if due else None,
        net / due if due else None,
        Decimal(sum(one.kept for one in results)) / len(results) if results else None,
        len(results),
    )
