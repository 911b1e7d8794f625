"""Formulas for custom KPIs: text to typed tree, run in Python or in PostgreSQL with equal results. Pure, no Django.

    made = understand("seat_use * 0.6 + feature_breadth * 0.4", names, unit="%")
    evaluate(made.node, Row(...))          # Decimal or Unknown with the reason
    expression(made.node, Columns(...))    # SQL text and its parameters

docs/decisions/0018-formulas-and-indicators.md says what the language means.
"""

from dataclasses import dataclass

from kpis.formula.check import MOST_READINGS, Typed, checked
from kpis.formula.dimensions import OWN, canonical
from kpis.formula.errors import FormulaError, Place, Problem, Span, place
from kpis.formula.names import FIELDS, FUNCTIONS, FieldName, FunctionName, KpiName, Names
from kpis.formula.nodes import LARGEST, STORED, Field, KpiAt, Node, walk
from kpis.formula.order import affected, circle, in_order
from kpis.formula.python import Row, Unknown, evaluate
from kpis.formula.reading import reading
from kpis.formula.sql import Columns, Sql, expression
from kpis.formula.syntax import parse

__all__ = [
    "FIELDS",
    "FUNCTIONS",
    "LARGEST",
    "OWN",
    "STORED",
    "Columns",
    "Field",
    "FieldName",
    "FormulaError",
    "FunctionName",
    "KpiAt",
    "KpiName",
    "Names",
    "Node",
    "Place",
    "Problem",
    "Row",
    "Span",
    "Sql",
    "Understood",
    "Unknown",
    "affected",
    "canonical",
    "circle",
    "evaluate",
    "expression",
    "in_order",
    "place",
    "reading",
    "understand",
]


@dataclass(frozen=True)
class Understood:
    """A formula that holds. unit: of its result. readings: (KPI code, months back) it needs, in a fixed order.

    outcome_like: it reads an outcome, so its result is one and may not predict one.
    """

    text: str
    node: Node
    unit: str
    words: str
    readings: tuple[tuple[str, int], ...]
    fields: tuple[str, ...]
    outcome_like: bool

    @property
    def kpis(self) -> tuple[str, ...]:
        """Codes it reads, each once."""
        return tuple(dict.fromkeys(code for code, _ in self.readings))

    @property
    def months(self) -> int:
        """How many months before the computed one it looks back."""
        return max((back for _, back in self.readings), default=0)


def understand(text: str, names: Names, *, unit: str = "") -> Understood:
    """Read, resolve and type a formula; its result is to be in `unit` ("": whatever comes out). Raises FormulaError."""
    tree = parse(text)
    found, kpis = checked(tree, text, names, unit)
    parts = list(walk(found.node))
    readings = sorted({(part.code, part.back) for part in parts if isinstance(part, KpiAt)})
    fields = sorted({part.name for part in parts if isinstance(part, Field)})
    if len(readings) > MOST_READINGS:
        few = f"It reads {len(readings)} months of values and may read {MOST_READINGS}: make a KPI of a part of it."
        raise FormulaError([Problem(few, tree.span)], text)
    if not readings and not fields:
        raise FormulaError([Problem("It reads nothing: name a KPI or a field of the account.", tree.span)], text)
    return Understood(
        text=text,
        node=found.node,
        unit=_unit(found, unit),
        words=reading(tree, names),
        readings=tuple(readings),
        fields=tuple(fields),
        outcome_like=any(kpi.outcome_like for kpi in kpis.values()),
    )


def _unit(found: Typed, declared: str) -> str:
    """As the KPI says it where it says one; of a ratio and a plain number nothing is said."""
    return declared or found.unit
