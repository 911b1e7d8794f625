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


@dataclass(frozen=True)
class AccountImported(Event):
    """What a file did to one account; the file as a whole is an AccountsImported. changes: field -> [old, new]."""

    name = "accounts.account_imported"
    created: bool = False
    changes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class PairDecided(Event):
    """A person said that this account and another one are different, or that they shall be looked at again."""

    name = "accounts.pair_decided"
    other_id: UUID
    different: bool


@dataclass(frozen=True)
class AccountsMerged(Event):
    """Once for each of the two. kept: whether this account is the one that stays; rows: how many were moved."""

    name = "accounts.accounts_merged"
    merge_id: UUID
    other_id: UUID
    kept: bool
    rows: int


@dataclass(frozen=True)
class MergeUndone(Event):
    """Once for each of the two. rows: how many went back."""

    name = "accounts.merge_undone"
    merge_id: UUID
    other_id: UUID
    kept: bool
    rows: int


@dataclass(frozen=True)
class CustomFieldChanged(Event):
    """A field of the tenant's own. what: added, changed, moved up, moved down, retired, brought back.

    changes: part of the field -> [old, new]. record: what has it: account, contact, contract, object:<code>.
    """

    name = "accounts.custom_field_changed"
    field_id: UUID
    code: str
    what: str
    changes: dict[str, Any] = field(default_factory=dict)
    record: str = "account"


@dataclass(frozen=True)
class RecordsImported(Event):
    """One entry for a whole file; kind: a key of accounts.operations.record_kinds.KINDS; the rest are rows."""

    name = "accounts.records_imported"
    import_id: UUID
    kind: str
    created: int
    updated: int
    held: int


@dataclass(frozen=True)
class RecordsImportUndone(Event):
    """undone, stayed: rows."""

    name = "accounts.records_import_undone"
    import_id: UUID
    kind: str
    undone: int
    stayed: int


@dataclass(frozen=True)
class NameMatched(Event):
    """A person said which account a name in files means; account_id None: none that is there. score: per cent alike."""

    name = "accounts.name_matched"
    match_id: UUID
    score: int | None
    forgotten: bool = False
