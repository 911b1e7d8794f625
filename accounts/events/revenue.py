from dataclasses import dataclass, field
from typing import Any

from core.audit import Event


@dataclass(frozen=True)
class RevenueFollowed(Event):
    """The daily run found something: accounts whose revenue changed with the day, contracts that renewed by themselves,
    accounts whose stored movements nobody can explain, contracts that break the rule of one open renewal."""

    name = "accounts.revenue_followed"
    on: str
    changed: int
    renewed: int
    differing: int
    broken: int


@dataclass(frozen=True)
class RevenueRulesChanged(Event):
    """changes: field of the rules -> [old, new], as text."""

    name = "accounts.revenue_rules_changed"
    version: int
    changes: dict[str, Any] = field(default_factory=dict)
    reason: str = ""
