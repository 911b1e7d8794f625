from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from core.audit import Event


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
