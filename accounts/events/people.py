from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from core.audit import Event


@dataclass(frozen=True)
class ContactCreated(Event):
    name = "accounts.contact_created"
    contact_id: UUID
    source: str  # page, api, import


@dataclass(frozen=True)
class ContactEdited(Event):
    """fields: which were changed; what they say stays in the record, as it is about a person."""

    name = "accounts.contact_edited"
    contact_id: UUID
    fields: list[str]


@dataclass(frozen=True)
class ContactArchived(Event):
    name = "accounts.contact_archived"
    contact_id: UUID
    restored: bool = False


@dataclass(frozen=True)
class RoleOpened(Event):
    """A person has a role at the account from a day on."""

    name = "accounts.role_opened"
    contact_id: UUID
    role_id: UUID
    role: str
    on: str


@dataclass(frozen=True)
class StandingChanged(Event):
    """What a person counts for at an account. changes: influence, stance, reports_to_id -> [old, new]."""

    name = "accounts.standing_changed"
    contact_id: UUID
    changes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class RoleEnded(Event):
    """left: the person has no other role at the account now."""

    name = "accounts.role_ended"
    contact_id: UUID
    role_id: UUID
    role: str
    on: str
    reason: str
    left: bool


@dataclass(frozen=True)
class ChampionLeft(Event):
    """Nobody fills the role of this champion by itself. others: champions whom the account still has."""

    name = "accounts.champion_left"
    contact_id: UUID
    role_id: UUID
    on: str
    reason: str
    others: int
