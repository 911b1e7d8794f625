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
class ContractChanged(Event):
    """A contract was made, edited, activated, cancelled, ended, renewed; or a line of it was added or corrected.

    what: created, edited, activated, cancelled, ended, renewed, line_added, line_corrected, line_removed, unpaid, paid.
    changes: field -> [old, new], as text.
    """

    name = "accounts.contract_changed"
    contract_id: UUID
    what: str
    changes: dict[str, Any] = field(default_factory=dict)
    reason: str = ""


@dataclass(frozen=True)
class RenewalChanged(Event):
    """what: opened, moved (with its contract), forecast, renewed, extended, lost, escalated.

    changes: field -> [old, new], as text.
    """

    name = "accounts.renewal_changed"
    renewal_id: UUID
    contract_id: UUID
    what: str
    changes: dict[str, Any] = field(default_factory=dict)
    reason: str = ""


@dataclass(frozen=True)
class RenewalDecided(Event):
    """A leader decided a checkpoint. decision: secure or at_risk."""

    name = "accounts.renewal_decided"
    renewal_id: UUID
    checkpoint_id: UUID
    number: int
    decision: str
    note: str


@dataclass(frozen=True)
class RateSet(Event):
    """An exchange rate of a day, as text."""

    name = "accounts.rate_set"
    currency: str
    on: str
    rate: str


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


@dataclass(frozen=True)
class ActivityChanged(Event):
    """A call, mail, meeting or note was written down, edited, removed or brought back. fields: what changed."""

    name = "accounts.activity_changed"
    activity_id: UUID
    kind: str
    what: str  # recorded, edited, removed, restored
    fields: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class TaskChanged(Event):
    """what: made, edited, given, done, reopened, dropped, snoozed, woken. A private task names no account."""

    name = "accounts.task_changed"
    task_id: UUID
    what: str
    assignee_id: UUID | None = None
    fields: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class TaskTemplateChanged(Event):
    """what: made, edited, archived, applied (then `tasks` counts them)."""

    name = "accounts.task_template_changed"
    template_id: UUID
    what: str
    tasks: int = 0


@dataclass(frozen=True)
class CommentChanged(Event):
    """what: written, edited, removed. mentions: how many people are told. At a private task it names no account."""

    name = "accounts.comment_changed"
    comment_id: UUID
    subject_kind: str
    what: str
    mentions: int = 0


@dataclass(frozen=True)
class DocumentChanged(Event):
    """what: added, removed, restored, shared, revoked, downloaded (through a link)."""

    name = "accounts.document_changed"
    document_id: UUID
    what: str
    link_id: UUID | None = None


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


@dataclass(frozen=True)
class TeamChanged(Event):
    """what: created, edited, archived, restored, member_set, member_removed. changes: field -> [old, new]."""

    name = "accounts.team_changed"
    team_id: UUID
    what: str
    user_id: UUID | None = None  # the member
    changes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class AssignmentRuleChanged(Event):
    """what: created, edited, paused, resumed, removed. changes: field -> [old, new]."""

    name = "accounts.assignment_rule_changed"
    rule_id: UUID
    what: str
    changes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class AccountAssigned(Event):
    """An account got an owner by a rule, from a queue or in a hand-over; why is kept in the assignment.

    how: rule, queue, hand_over. changes: field -> [old, new], as of AccountEdited.
    """

    name = "accounts.account_assigned"
    assignment_id: UUID
    user_id: UUID | None  # the new owner; None: it waits in a queue
    how: str
    changes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class HandedOver(Event):
    """What a person had went to others. kept: accounts for which nobody was found, and private tasks."""

    name = "accounts.handed_over"
    user_id: UUID
    accounts: int
    tasks: int
    kept: int


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
    """A field of the tenant's own accounts. what: added, changed, moved up, moved down, retired, brought back.

    changes: part of the field -> [old, new].
    """

    name = "accounts.custom_field_changed"
    field_id: UUID
    code: str
    what: str
    changes: dict[str, Any] = field(default_factory=dict)


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
