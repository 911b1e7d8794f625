"""Reads of back-tests: what a version was compared with, the newest record of a text, and its figures for a page."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from accounts.models import Account
from core.actor import Actor
from kpis.backtest.result import LOOK_BACK
from kpis.models import BackTest, Kpi, ScorecardVersion
from kpis.queries.health import live_version
from kpis.scoring import definition_hash

State = ScorecardVersion.State


def previous_of(version: ScorecardVersion) -> ScorecardVersion | None:
    """What a version is compared with: its scorecard's live version; for one that is or was live the one before it;
    for a new scorecard the one for all the rest. None when that is the same text's version itself."""
    others = ScorecardVersion.objects.select_related("scorecard").exclude(pk=version.pk)
    of_card = others.filter(scorecard_id=version.scorecard_id)
    if version.live_since is None:
        found = of_card.filter(state=State.LIVE).first()
    else:
        found = of_card.filter(live_since__lt=version.live_since).order_by("-live_since").first()
    if found is None and version.live_since is None:
        found = live_version()
    return found if found is None or found.pk != version.pk else None


def back_tests() -> QuerySet[BackTest]:
    found: QuerySet[BackTest] = BackTest.objects.select_related("job", "version__scorecard").order_by("-created_at")
    return found


def tests_of(version: ScorecardVersion) -> QuerySet[BackTest]:
    """Back-tests of exactly this text for this scorecard, newest first: another one is for other accounts."""
    of_card = back_tests().filter(version__scorecard_id=version.scorecard_id)
    return of_card.filter(definition_hash=definition_hash(version.definition))


def record_of(version: ScorecardVersion) -> BackTest | None:
    """The newest finished back-test of exactly this text."""
    return tests_of(version).filter(result__isnull=False, finished_at__isnull=False).first()


def running_test(version: ScorecardVersion) -> BackTest | None:
    return tests_of(version).filter(finished_at=None, job__isnull=False, job__finished_at=None).first()


def stopped_test(version: ScorecardVersion) -> BackTest | None:
    """The newest test of this text, when it ended without a record."""
    found = tests_of(version).first()
    ended = found is not None and found.finished_at is None and (found.job is None or found.job.finished_at is not None)
    return found if ended else None


LOOKED_BACK = tuple(sorted(LOOK_BACK, reverse=True))
READINGS = {
    "known": ("Known then", "Only values that were recorded by the day they are looked at."),
    "true": ("True then", "Values as they are known today, also those recorded later: reconstructed."),
}


@dataclass(frozen=True)
class Figure:
    """A figure of one horizon in words: its value, its 95 % interval, and what it rests on; value None: not known."""

    name: str
    label: str
    meaning: str
    value: str | None
    low: str | None
    high: str | None
    n: int
    of: str


# name, label, what it means, format, what n counts
_FIGURES = (
    ("lift", "Lift over base rate", "How many times as often a red account leaves as any account", "x", "red accounts"),
    ("precision", "Precision", "Of red account-months, followed by a churn", "%", "red accounts"),
    ("base_rate", "Base rate", "Of all account-months, followed by a churn", "%", "accounts"),
    ("recall", "Recall", "Of the accounts that left, red within the horizon before", "%", "accounts that left"),
    ("lead_days", "Lead time", "Median days from the first alarm within the horizon to the churn", "d", "caught"),
    ("auc", "AUC", "How often, of two accounts, the one that leaves scores lower; 0.5 is chance", ".", "accounts"),
    ("red_share", "Red in all", "Of all account-months, in red", "%", "accounts"),
)
_AGAINST = (
    ("lift_ratio", "Lift, new over old", "1 is alike", "x"),
    ("auc", "AUC, new minus old", "0 is alike", "+"),
    ("recall", "Recall, new minus old", "0 is alike", "+%"),
    ("lead_days", "Lead time, new minus old", "0 is alike", "+d"),
)


def _shown(value: float | None, form: str) -> str | None:
    if value is None:
        return None
    return {
        "x": lambda v: f"{v:.2f}×",
        "%": lambda v: f"{v * 100:.0f}%" if abs(v) >= 0.0995 or v == 0 else f"{v * 100:.1f}%",
        "d": lambda v: f"{v:.0f} days",
        ".": lambda v: f"{v:.2f}",
        "+": lambda v: _signed(v, 3),
        "+%": lambda v: f"{_signed(v * 100, 0)} points",
        "+d": lambda v: f"{_signed(v, 0)} days",
    }[form](value)


def _signed(value: float, places: int) -> str:
    """With a sign that is one; nothing is neither more nor less."""
    value = round(value, places)
    return f"{value:+.{places}f}".replace("-", "−") if value else f"{0:.{places}f}"


def _figure(row: tuple[str, ...], found: Mapping[str, Any] | None) -> Figure:
    name, label, meaning, form, *of = row
    value, low, high = (None if found is None else _shown(found[key], form) for key in ("value", "low", "high"))
    return Figure(name, label, meaning, value, low, high, found["n"] if found else 0, of[0] if of else "accounts")


@dataclass(frozen=True)
class Horizon:
    """One horizon of one reading, ready to print; `raw` as it is stored."""

    days: int
    raw: Mapping[str, Any]
    figures: list[Figure]
    against: list[Figure]

    @property
    def tone(self) -> str:
        return {"better": "good", "worse": "bad", "open": "warn"}.get(self.raw["verdict"], "unknown")

    @property
    def verdict(self) -> str:
        """Against chance, in words."""
        return {
            "cannot_tell": "Cannot tell",
            "better": "Better than chance",
            "worse": "Worse than chance",
            "open": "No better than chance has been shown",
        }[self.raw["verdict"]]

    @property
    def compared(self) -> str:
        """Against the previous version, in words; "" where there was none."""
        found = self.raw.get("against")
        if not found:
            return ""
        if found.get("same"):
            return "Orders and colours every account alike"
        return {
            "cannot_tell": "Cannot tell",
            "better": "Better",
            "worse": "Worse",
            "open": "No difference has been shown",
        }[found["verdict"]]


@dataclass(frozen=True)
class Said:
    """What the score said `back` days before a churn: hundredths, None = unknown; day None: no month end near."""

    back: int
    day: date | None
    score: float | None
    band: str


@dataclass(frozen=True)
class Left:
    """An account that left, with what the score said before; account None: not seen by whoever asks."""

    account: Account | None
    on: date
    said: list[Said]
    caught: Mapping[str, bool | None]


@dataclass(frozen=True)
class Reading:
    """One reading of what was known."""

    name: str
    label: str
    meaning: str
    horizons: list[Horizon]
    left: list[Left]


@dataclass(frozen=True)
class Record:
    """A finished back-test for a page. late: per cent of its values that were recorded after their day."""

    back_test: BackTest
    result: Mapping[str, Any]
    reading: Reading
    late: int | None

    @property
    def days(self) -> tuple[date, date] | None:
        """The first and the last month end that was scored."""
        days = self.result["days"]
        return (date.fromisoformat(days[0]), date.fromisoformat(days[-1])) if days else None

    @property
    def headline(self) -> Horizon:
        told = [one for one in self.reading.horizons if not one.raw["cannot_tell"]]
        return (told or self.reading.horizons)[0]


def visible_result(back_test: BackTest, *, by: Actor) -> dict[str, Any] | None:
    """The stored record, its list of accounts that left cut down to those `by` sees; None without a record."""
    if back_test.result is None or not readable(back_test):
        return back_test.result
    result: dict[str, Any] = dict(back_test.result)
    ids = {row["account"] for one in result["readings"].values() for row in one["churners"]}
    seen = {str(pk) for pk in Account.objects.visible_to(by).filter(pk__in=ids).values_list("pk", flat=True)}
    result["readings"] = {
        name: {**one, "churners": [row for row in one["churners"] if row["account"] in seen]}
        for name, one in result["readings"].items()
    }
    return result


def kpi_names(codes: list[str]) -> dict[str, str]:
    """Names of KPIs without their explanation in brackets, by code."""
    names = Kpi.objects.filter(code__in=codes).values_list("code", "name")
    return {code: name.partition(" (")[0] for code, name in names}


def readable(back_test: BackTest | None) -> bool:
    """Whether the record has the figures a page shows."""
    return back_test is not None and "readings" in (back_test.result or {})


def record(back_test: BackTest, *, by: Actor, reading: str = "") -> Record:
    """A finished back-test in one reading, its main one unless another is named. One query."""
    result: Mapping[str, Any] = back_test.result or {}
    name = reading if reading in READINGS else result["main"]
    found = result["readings"][name]
    horizons = [
        Horizon(
            one["horizon"],
            one,
            [] if one["cannot_tell"] else [_figure(row, one[row[0]]) for row in _FIGURES],
            _against(one.get("against")),
        )
        for one in found["horizons"]
    ]
    late = result["late_share"]
    made = Reading(name, *READINGS[name], horizons, _left(found["churners"], result, by))
    return Record(back_test, result, made, None if late is None else round(late * 100))


def _against(found: Mapping[str, Any] | None) -> list[Figure]:
    return [_figure(row, found[row[0]]) for row in _AGAINST] if found and not found["cannot_tell"] else []


def _left(rows: list[Mapping[str, Any]], result: Mapping[str, Any], by: Actor) -> list[Left]:
    ids = [UUID(row["account"]) for row in rows]
    seen = {account.pk: account for account in Account.objects.visible_to(by).filter(pk__in=ids)}
    definition = {"yellow": result["red_below"], "green": result["green_from"]}
    return [
        Left(
            seen.get(UUID(row["account"])),
            date.fromisoformat(row["on"]),
            [_said(back, row["said"].get(str(back)), definition) for back in LOOKED_BACK],
            row["caught"],
        )
        for row in rows
    ]


def _said(back: int, found: list[Any] | None, definition: Mapping[str, float]) -> Said:
    if found is None:
        return Said(back, None, None, "unknown")
    score = None if found[1] is None else found[1] / 100
    if score is None:
        band = "unknown"
    else:
        band = "green" if score >= definition["green"] else "yellow" if score >= definition["yellow"] else "red"
    return Said(back, date.fromisoformat(found[0]), score, band)
