from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from core.audit import Event


@dataclass(frozen=True)
class ContractChanged(Event):
    """A contract was made, edited, activated, cancelled, ended, renewed; or a line of it was added or corrected.

    what: created, edited, activated, cancelled, ended, renewed, line_added, line_changed (from a day),
    line_corrected, line_removed, unpaid, paid, overdue (its last day passed and nobody decided).
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
