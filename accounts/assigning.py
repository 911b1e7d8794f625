"""Who of a team gets the next account. Pure: the figures come in, the choice and its explanation go out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

METHODS = {
    "fewest": "Fewest accounts",
    "least_revenue": "Least revenue",
    "longest_idle": "Longest without a new account",
}


@dataclass
class Candidate:
    """A member with what they carry. revenue: yearly, in the currency all are weighed in; unknown: accounts without
    a revenue. idle_since: when they last got an account, None never. `take` keeps the figures up to date."""

    user_id: UUID
    name: str
    accounts: int = 0
    revenue: Decimal = Decimal(0)
    unknown: int = 0
    idle_since: datetime | None = None
    capacity: int | None = None
    away_until: date | None = None
    active: bool = True

    def out(self, today: date) -> str:
        """Why they cannot take an account now; nothing when they can."""
        if not self.active:
            return "has left"
        if self.away_until is not None and self.away_until > today:
            return f"away until {self.away_until.isoformat()}"
        if self.capacity is not None and self.accounts >= self.capacity:
            return f"full: {self.accounts} of {self.capacity}"
        return ""

    def take(self, revenue: Decimal | None, at: datetime) -> None:
        self.accounts += 1
        self.revenue += revenue or 0
        self.unknown += revenue is None
        self.idle_since = at


@dataclass(frozen=True)
class Choice:
    """chosen: None when nobody can take it. weighed: everybody as they stood before, as JSON."""

    chosen: Candidate | None
    reason: str
    weighed: list[dict[str, Any]]


def choose(candidates: Sequence[Candidate], method: str, *, today: date) -> Choice:
    """By the method; whoever waits longest goes first among equals, then by name. Raises KeyError: no such method."""
    METHODS[method]
    weighed = [_weighed(one, today) for one in candidates]
    free = [one for one in candidates if not one.out(today)]
    if not free:
        return Choice(None, "nobody in the team is free" if candidates else "the team has no members", weighed)
    chosen = min(free, key=lambda one: (_measure(one, method), _idle(one), one.name, str(one.user_id)))
    return Choice(chosen, _reason(chosen, method), weighed)


def _measure(one: Candidate, method: str) -> Any:
    match method:
        case "fewest":
            return one.accounts
        case "least_revenue":
            return one.revenue
    return _idle(one)


def _idle(one: Candidate) -> float:
    return one.idle_since.timestamp() if one.idle_since else 0.0


def _reason(one: Candidate, method: str) -> str:
    match method:
        case "fewest":
            return f"{one.name} has the fewest accounts: {one.accounts}"
        case "least_revenue":
            return f"{one.name} carries the least revenue: {one.revenue:,.2f}"
    if one.idle_since is None:
        return f"{one.name} has not been given an account yet"
    return f"{one.name} has waited longest, since {one.idle_since:%Y-%m-%d %H:%M} UTC"


def _weighed(one: Candidate, today: date) -> dict[str, Any]:
    return {
        "user": str(one.user_id),
        "name": one.name,
        "accounts": one.accounts,
        "revenue": f"{one.revenue:.2f}",
        "unknown": one.unknown,
        "idle_since": one.idle_since.isoformat() if one.idle_since else None,
        "capacity": one.capacity,
        "out": one.out(today),
    }


def without_rate(currencies: Iterable[str], rates: Iterable[str]) -> list[str]:
    """Currencies that cannot be weighed: sums of several currencies mean nothing."""
    return sorted(set(currencies) - set(rates))
