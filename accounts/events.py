from dataclasses import dataclass, field
from typing import Any

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
class AccountsImported(Event):
    """One entry for a whole file; `created` and `updated` count accounts."""

    name = "accounts.accounts_imported"
    created: int
    updated: int
    refused: int
    file_sha256: str
