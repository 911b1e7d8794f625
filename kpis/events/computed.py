"""Formulas and indicators."""

from dataclasses import dataclass
from uuid import UUID

from core.audit import Event


@dataclass(frozen=True)
class FormulaWritten(Event):
    """text: of the formula, in the language of kpis.formula."""

    name = "kpis.formula_written"
    formula_id: UUID
    kpi: str
    version: int
    text: str


@dataclass(frozen=True)
class FormulaRetired(Event):
    name = "kpis.formula_retired"
    formula_id: UUID
    kpi: str
    version: int


@dataclass(frozen=True)
class KpiValuesComputed(Event):
    """Formulas gave some accounts other values than before; kpis: codes of the computed KPIs."""

    name = "kpis.values_computed"
    kpis: list[str]
    values: int
    account_ids: list[UUID]


@dataclass(frozen=True)
class IndicatorRuleChanged(Event):
    """what: made, edited, paused or resumed."""

    name = "kpis.indicator_rule_changed"
    rule_id: UUID
    rule: str
    what: str


@dataclass(frozen=True)
class IndicatorOpened(Event):
    """kind: risk or opportunity. why: [[measure, value as text, op, limit as text], ...]."""

    name = "kpis.indicator_opened"
    indicator_id: UUID
    rule: str
    kind: str
    why: list[list[str]]


@dataclass(frozen=True)
class IndicatorClosed(Event):
    """days: how long it was open. why as when opening, empty when its rule was paused."""

    name = "kpis.indicator_closed"
    indicator_id: UUID
    rule: str
    kind: str
    days: int
    why: list[list[str]]
