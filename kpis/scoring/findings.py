"""What the checker knows of a KPI, and what it says of a scorecard. Pure, no Django."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

Severity = Literal["refused", "warning"]
REFUSED: Severity = "refused"
WARNING: Severity = "warning"

FARTHEST = Decimal(10) ** 14  # what a stored value can hold before its decimal point


@dataclass(frozen=True)
class KpiFacts:
    """What a scorecard's text does not say of a KPI.

    minimum, maximum: hard limits of a value, None when not known. inputs: codes of the KPIs (and names of account
    fields) that a formula or composite reads. aliases: other names it goes by.
    """

    code: str
    name: str
    category: str = ""
    unit: str = ""
    direction: str = "up"
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    outcome_like: bool = False
    portfolio_only: bool = False
    template_only: bool = False
    active: bool = True
    inputs: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True)
class Finding:
    """One fault or doubt, at the row to mend.

    rule: a word of `checker.RULES`. place: path in the definition, such as "items.seat_use.anchors",
    "categories.support", "exceptions.2" (counted from 0). kpi: its code, "" where it concerns none.
    """

    rule: str
    severity: Severity
    place: str
    kpi: str
    message: str
    fix: str

    def as_json(self) -> dict[str, str]:
        return {
            "rule": self.rule,
            "severity": self.severity,
            "place": self.place,
            "kpi": self.kpi,
            "message": self.message,
            "fix": self.fix,
        }


def number(given: Any) -> Decimal | None:
    """A number of the definition (NaN and infinity included), None for anything else."""
    if isinstance(given, bool) or not isinstance(given, int | float | Decimal | str):
        return None
    try:
        return Decimal(str(given))
    except InvalidOperation:
        return None


def usable(value: Decimal | None) -> bool:
    """Whether it is a number that a KPI can have: not NaN, not infinite, not beyond what can be stored."""
    return value is not None and value.is_finite() and abs(value) < FARTHEST and math.isfinite(float(value))


def shown(value: Decimal) -> str:
    """A number without the zeros nobody wrote: 12, 0.5, -3."""
    if not value.is_finite():
        return {"NaN": "not a number", "sNaN": "not a number"}.get(str(value), "infinite")
    return f"{value.normalize():f}"


def named(code: str, kpis: Mapping[str, KpiFacts]) -> str:
    """The KPI's name without its explanation in brackets; its code where it has none."""
    return kpis[code].name.partition(" (")[0] if code in kpis else code
