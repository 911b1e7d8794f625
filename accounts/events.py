from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from core.audit import Event


@dataclass(frozen=True)
class AccountCreated(Event):
    name = "accounts.account_created"
    source: str  # page, api, import, sample


@dataclass(frozen=True)
class AccountEdited(Event):
    name = "accounts.account_edited"
    changes: dict[str, Any] = field(default_factory=dict)  # field -> [old, new]


@dataclass(frozen=True)
class AccountArchived(Event):
    name = "accounts.account_archived"
    restored: bool = False


@dataclass(frozen=True)
class OutcomeRecorded(Event):
    """kind: churned, renewed, contracted, expanded; on: the day; amount: as text, so that no cent is lost."""

    name = "accounts.outcome_recorded"
    outcome_id: UUID
    kind: str
    on: str
    amount: str | None
    reason: str


@dataclass(frozen=True)
class OutcomeWithdrawn(Event):
    name = "accounts.outcome_withdrawn"
    outcome_id: UUID
    kind: str
    on: str


@dataclass(frozen=True)
class AccountsImported(Event):
    """One entry for a whole file; `created` and `updated` count accounts."""

    name = "accounts.accounts_imported"
    created: int
    updated: int
    refused: int
    file_sha256: str
