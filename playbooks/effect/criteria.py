"""What each playbook wants to reach, measured: its success criteria beside health, which is always measured."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

WORDS = {
    "rise": "up by {} or more",
    "fall_share": "down by {} or more",
    "at_least": "{} or more",
    "at_most": "{} or less",
}


@dataclass(frozen=True)
class Criterion:
    """kind: rise (by that many units), fall_share (by that many per cent of the start), at_least, at_most."""

    metric: str
    kind: str
    amount: Decimal

    def met(self, before: Decimal | None, after: Decimal | None) -> bool | None:
        """None: it cannot be said."""
        if after is None or (before is None and self.kind in ("rise", "fall_share")):
            return None
        if self.kind == "at_least":
            return after >= self.amount
        if self.kind == "at_most":
            return after <= self.amount
        if before is None:
            return None
        if self.kind == "rise":
            return after - before >= self.amount
        return after <= before * (100 - self.amount) / 100

    def words(self, unit: str) -> str:
        unit = "%" if self.kind == "fall_share" else unit
        amount = f"{self.amount.normalize():f}"
        return WORDS[self.kind].format(f"{amount}{unit}" if unit == "%" else f"{amount} {unit}".strip())


def _of(*rows: tuple[str, str, str]) -> tuple[Criterion, ...]:
    return tuple(Criterion(metric, kind, Decimal(amount)) for metric, kind, amount in rows)


CRITERIA: Mapping[str, tuple[Criterion, ...]] = {
    "voc-sprint": _of(("relationship_nps", "rise", "6"), ("product_satisfaction", "rise", "0.2")),
    "activation-blitz": _of(("adoption_index", "rise", "10"), ("stickiness", "at_least", "25")),
    "sla-stabilizer": _of(
        ("sla_attainment", "at_least", "95"),
        ("first_response_time", "at_most", "2"),
        ("resolution_time", "fall_share", "30"),
        ("reopen_rate", "at_most", "10"),
        ("escalation_rate", "fall_share", "50"),
    ),
    "renewal-safeguard": _of(("health", "rise", "15"), ("executive_contact_days", "at_most", "45")),
    "expansion-timing": _of(("product_satisfaction", "rise", "0"), ("account_expansion", "at_least", "20")),
}


def criteria_of(playbook: str) -> tuple[Criterion, ...]:
    return CRITERIA.get(playbook, ())


def measured_kpis(playbook: str) -> list[str]:
    """KPIs that are measured of its runs, beside health."""
    return [one.metric for one in criteria_of(playbook) if one.metric != "health"]
