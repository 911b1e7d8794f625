"""Health scores, caps and floors, roll-ups."""

from dataclasses import dataclass
from uuid import UUID

from core.audit import Event


@dataclass(frozen=True)
class HealthChanged(Event):
    """old and new in hundredths of a point; None means that there was not enough data to say."""

    name = "kpis.health_changed"
    score_id: UUID
    old: int | None
    new: int | None
    band: str


@dataclass(frozen=True)
class PortfolioScored(Event):
    """A whole portfolio was scored at once: one entry, and the accounts whose score moved."""

    name = "kpis.portfolio_scored"
    scored: int
    moved: int


@dataclass(frozen=True)
class ExceptionSet(Event):
    """A person capped or lifted a score. limit in hundredths of a point; days as text, expires_on None = no end."""

    name = "kpis.exception_set"
    exception_id: UUID
    kind: str
    limit: int
    reason: str
    starts_on: str
    expires_on: str | None


@dataclass(frozen=True)
class ExceptionWithdrawn(Event):
    """limit in hundredths of a point."""

    name = "kpis.exception_withdrawn"
    exception_id: UUID
    kind: str
    limit: int
    reason: str


@dataclass(frozen=True)
class RolledUp(Event):
    """The figure of a parent's children moved; old and new in hundredths of a point, None = unknown."""

    name = "kpis.rolled_up"
    method: str
    old: int | None
    new: int | None
    band: str
