"""Which scorecards are for an account: rules over what is known of it, and the words that say why. Pure.

A rule is {field: [values]} over stage, tier, industry and region, and may say `younger_than_days`: customer for
fewer days than that. Every part of it must match; an empty rule matches every account. Letters' case and spaces
around a value make no difference. What is not known of an account matches nothing but the empty rule.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

RULE_FIELDS = ("stage", "tier", "industry", "region")
YOUNGER = "younger_than_days"

Rule = Mapping[str, Any]


@dataclass(frozen=True)
class Facts:
    """What an assignment may look at, and nothing else: no owner, no name."""

    account_id: UUID
    stage: str = ""
    tier: str = ""
    industry: str = ""
    region: str = ""
    customer_since: date | None = None


FACTS = ("pk", *RULE_FIELDS, "customer_since")  # columns of an account, in the order of Facts


def matches(rule: Rule, facts: Facts, today: date) -> bool:
    """Whether the rule is for this account. A part that nobody knows matches nothing."""
    return all(_part(name, wanted, facts, today) for name, wanted in rule.items())


def _part(name: str, wanted: Any, facts: Facts, today: date) -> bool:
    if name == YOUNGER:
        since = facts.customer_since
        return since is not None and (today - since).days < int(wanted)
    if name not in RULE_FIELDS:
        return False
    value = _folded(getattr(facts, name))
    return bool(value) and value in {_folded(one) for one in wanted}


def _folded(text: str) -> str:
    return " ".join(str(text).split()).casefold()


def because(rule: Rule, facts: Facts, today: date) -> str:
    """Why a rule that matches does, in words: "stage is Onboarding and customer for 12 days, fewer than 30"."""
    if not rule:
        return "it is for every account"
    return " and ".join(_said(name, wanted, facts, today) for name, wanted in rule.items())


def _said(name: str, wanted: Any, facts: Facts, today: date) -> str:
    if name != YOUNGER:
        value = " ".join(getattr(facts, name).split())
        return f"{name} is {value[:1].upper()}{value[1:]}"
    days = max(0, (today - (facts.customer_since or today)).days)
    return f"customer for {days} day{'' if days == 1 else 's'}, fewer than {int(wanted)}"


def rule_text(rule: Rule) -> str:
    """A rule without an account, in words: "stage Onboarding or Adoption, customer for fewer than 30 days"."""
    if not rule:
        return "every account"
    return ", ".join(
        f"customer for fewer than {int(wanted)} days"
        if name == YOUNGER
        else f"{name} {' or '.join(str(one)[:1].upper() + str(one)[1:] for one in wanted)}"
        for name, wanted in rule.items()
    )
