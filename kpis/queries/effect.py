"""What a proposed scorecard would do to a portfolio, as rows: bands before and after, and who changes colour."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from kpis.models import Band
from kpis.queries.portfolio import Sums

BANDS = (Band.GREEN.value, Band.YELLOW.value, Band.RED.value, Band.UNKNOWN.value)
STORED = 500  # accounts that a stored effect names; its counts are of all of them
_RANK = {Band.RED: 0, Band.UNKNOWN: 1, Band.YELLOW: 2, Band.GREEN: 3}


@dataclass(frozen=True)
class Cause:
    """A KPI and the points by which the other scorecard lets it move an account."""

    kpi: str
    name: str
    points: Decimal


@dataclass(frozen=True)
class Moved:
    """An account that changes colour. before, after: points with two places, None = not enough data.

    causes: the KPIs that did the most of it. reasons: what else did, in words: bands, coverage, caps and floors.
    """

    account_id: UUID
    name: str
    owner: str
    sample: bool
    arr: Decimal | None
    currency: str
    before: Decimal | None
    after: Decimal | None
    band_before: str
    band_after: str
    causes: tuple[Cause, ...]
    reasons: tuple[str, ...]

    @property
    def change(self) -> Decimal | None:
        return None if self.before is None or self.after is None else self.after - self.before

    @property
    def worse(self) -> bool:
        return is_worse(self.band_before, self.band_after)


def is_worse(before: str, after: str) -> bool:
    """Whether the colour gets worse; not enough data stands between red and yellow."""
    return _RANK[Band(after)] < _RANK[Band(before)]


@dataclass(frozen=True)
class Extreme:
    """The account whose score moves most in one direction."""

    account_id: UUID
    name: str
    change: Decimal


@dataclass(frozen=True)
class Flow:
    """Accounts that go from one band to another, with their revenue."""

    before: str
    after: str
    accounts: int
    arr: Sums

    @property
    def worse(self) -> bool:
        return is_worse(self.before, self.after)


@dataclass(frozen=True)
class Effect:
    """What a proposed scorecard would do, on one day, to the accounts that a person sees.

    before, after: band -> accounts. arr_before, arr_after: band -> revenue by currency; an unknown amount is counted,
    never added as 0. moved: every account that changes colour, those that get worse first, the largest revenue first.
    changed: accounts whose score or band is another. median: of the size of the change over accounts with a score at
    both ends, None without any. limited: the person sees their own accounts only, so this is not the whole portfolio.
    elsewhere: accounts they see that another scorecard is for.
    """

    day: date
    at: datetime
    accounts: int
    elsewhere: int
    limited: bool
    before: Mapping[str, int]
    after: Mapping[str, int]
    arr_before: Mapping[str, Sums]
    arr_after: Mapping[str, Sums]
    flows: tuple[Flow, ...]
    moved: tuple[Moved, ...]
    changed: int
    median: Decimal | None
    largest_fall: Extreme | None
    largest_rise: Extreme | None
    became_unknown: int
    became_known: int

    @property
    def worse(self) -> list[Moved]:
        return [one for one in self.moved if one.worse]

    @property
    def better(self) -> list[Moved]:
        return [one for one in self.moved if not one.worse]

    @property
    def bands(self) -> list[tuple[str, int, int, Sums, Sums]]:
        """(band, accounts before, after, revenue before, after), the best band first."""
        return [
            (band, self.before[band], self.after[band], self.arr_before[band], self.arr_after[band]) for band in BANDS
        ]

    def as_json(self, *, listed: int | None = STORED) -> dict[str, Any]:
        """Plain JSON for storing with a review: money and points as text, at most `listed` accounts by name."""
        return {
            "day": self.day.isoformat(),
            "at": self.at.isoformat(),
            "accounts": self.accounts,
            "elsewhere": self.elsewhere,
            "limited": self.limited,
            "bands": [
                {
                    "band": band,
                    "before": {"accounts": before, "arr": _money(arr_before)},
                    "after": {"accounts": after, "arr": _money(arr_after)},
                }
                for band, before, after, arr_before, arr_after in self.bands
            ],
            "flows": [
                {"before": flow.before, "after": flow.after, "accounts": flow.accounts, "arr": _money(flow.arr)}
                for flow in self.flows
            ],
            "changed": self.changed,
            "changes_colour": len(self.moved),
            "median": _text(self.median),
            "largest_fall": _extreme(self.largest_fall),
            "largest_rise": _extreme(self.largest_rise),
            "became_unknown": self.became_unknown,
            "became_known": self.became_known,
            "moved": [_moved(one) for one in self.moved[:listed]],
        }


def _money(sums: Sums) -> dict[str, Any]:
    return {"amounts": {currency: _text(amount) for amount, currency in sums.largest_first}, "unknown": sums.unknown}


def _text(number: Decimal | None) -> str | None:
    return None if number is None else f"{number:f}"


def _extreme(one: Extreme | None) -> dict[str, Any] | None:
    return None if one is None else {"account_id": str(one.account_id), "name": one.name, "change": _text(one.change)}


def _moved(one: Moved) -> dict[str, Any]:
    return {
        "account_id": str(one.account_id),
        "name": one.name,
        "owner": one.owner,
        "sample": one.sample,
        "arr": _text(one.arr),
        "currency": one.currency,
        "before": _text(one.before),
        "after": _text(one.after),
        "band_before": one.band_before,
        "band_after": one.band_after,
        "causes": [{"kpi": cause.kpi, "name": cause.name, "points": _text(cause.points)} for cause in one.causes],
        "reasons": list(one.reasons),
    }
