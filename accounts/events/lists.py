from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from core.audit import Event


@dataclass(frozen=True)
class ViewChanged(Event):
    """what: saved, changed, shared, unshared, removed, restored."""

    name = "accounts.view_changed"
    view_id: UUID
    what: str


@dataclass(frozen=True)
class SegmentChanged(Event):
    """what: made, changed, paused, resumed. where: its condition from now on."""

    name = "accounts.segment_changed"
    segment_id: UUID
    segment: str
    what: str
    where: str


@dataclass(frozen=True)
class SegmentEntered(Event):
    name = "accounts.segment_entered"
    segment_id: UUID
    segment: str


@dataclass(frozen=True)
class SegmentLeft(Event):
    """days: how long it was in."""

    name = "accounts.segment_left"
    segment_id: UUID
    segment: str
    days: int


@dataclass(frozen=True)
class BulkChangeStarted(Event):
    """Many accounts are changed at once; each of them has its own AccountEdited. changes: field -> new value."""

    name = "accounts.bulk_change_started"
    change_id: UUID
    accounts: int
    changes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class BulkChangeUndone(Event):
    """Somebody asked to take a change of many accounts back."""

    name = "accounts.bulk_change_undone"
    change_id: UUID
    accounts: int
