"""A scorecard's own caps and floors: each holds while a KPI says so, and is gone when it says so no more."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

RULE_ORDER = 50  # before what a person sets, whose order is 100 unless said otherwise

# Of the usual caps those whose ground is a KPI of the catalogue; an open case or an invoice is none yet.
STANDARD_EXCEPTIONS = (
    {
        "kpi": "champion_status",
        "op": "<=",
        "value": 0,
        "kind": "cap",
        "limit": 60,
        "reason": "Champion left",
        "order": 10,
    },
)

_HOLDS = {"<=": np.less_equal, ">=": np.greater_equal, "<": np.less, ">": np.greater}


@dataclass(frozen=True)
class ExceptionRule:
    """A cap or a floor that follows one KPI, e.g. champion status <= 0: cap 60, "Champion left".

    value: in the KPI's unit. limit: points 0..100 with two places at most. order: lower ones apply first, so a later
    one has the last word. Raises ValueError naming what is wrong.
    """

    kpi: str
    op: Literal["<=", ">=", "<", ">"]
    value: Decimal
    kind: Literal["cap", "floor"]
    limit: Decimal
    reason: str
    order: int = RULE_ORDER

    def __post_init__(self) -> None:
        if self.op not in _HOLDS:
            raise ValueError(f'{self.kpi}: "{self.op}" is no comparison; use one of <=, >=, <, >')
        if self.kind not in ("cap", "floor"):
            raise ValueError(f'{self.kpi}: an exception is a cap or a floor, not "{self.kind}"')
        check_limit(self.kind, self.limit, self.reason)

    def holds(self, values: Floats, fresh: Floats) -> NDArray[np.bool_]:
        """For which accounts it holds; (n,) each. A value that is missing or has faded out says nothing any more."""
        known = np.nan_to_num(fresh) > 0.0
        return known & _HOLDS[self.op](np.where(known, values, 0.0), float(self.value))


def check_limit(kind: str, limit: Decimal, reason: str) -> None:
    """Raises ValueError unless the limit is points 0..100 with two places and there is a reason."""
    if not 0 <= limit <= 100 or limit * 100 != int(limit * 100):
        raise ValueError(f"a {kind} lies within 0..100 with two places, not at {limit}")
    if not reason.strip():
        raise ValueError(f"a {kind} needs its reason")


def exception_rule(row: Mapping[str, Any]) -> ExceptionRule:
    """Read one from the plain JSON of a scorecard. Raises KeyError or ValueError."""
    return ExceptionRule(
        kpi=row["kpi"],
        op=row["op"],
        value=Decimal(str(row["value"])),
        kind=row["kind"],
        limit=Decimal(str(row["limit"])),
        reason=row["reason"],
        order=int(row.get("order", RULE_ORDER)),
    )


def with_standard_exceptions(definition: Mapping[str, Any]) -> dict[str, Any]:
    """The document with the usual caps it does not have yet, as far as their KPIs are on it."""
    given = list(definition.get("exceptions") or ())
    items = {item["kpi"] for item in definition["items"]}
    there = {(row.get("kpi"), row.get("kind")) for row in given}
    more = [dict(row) for row in STANDARD_EXCEPTIONS if row["kpi"] in items and (row["kpi"], row["kind"]) not in there]
    return {**definition, "exceptions": [*given, *more]} if more else dict(definition)
