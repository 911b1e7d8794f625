"""The catalogue: KPIs, their names and ranges, benchmarks and targets."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from core.audit import Event


@dataclass(frozen=True)
class CatalogueChecked(Event):
    """Somebody looked at the KPI catalogue and said it is right (a step of the checklist)."""

    name = "kpis.catalogue_checked"


@dataclass(frozen=True)
class KpiCreated(Event):
    name = "kpis.kpi_created"
    kpi: str


@dataclass(frozen=True)
class KpiEdited(Event):
    """changes: field -> [old, new], numbers as text."""

    name = "kpis.kpi_edited"
    kpi: str
    changes: dict[str, list[Any]]


@dataclass(frozen=True)
class KpiRetired(Event):
    """restored: it was brought back."""

    name = "kpis.kpi_retired"
    kpi: str
    restored: bool


@dataclass(frozen=True)
class KpiAliasChanged(Event):
    """A spelling that files may use for a KPI was added, or taken away."""

    name = "kpis.alias_changed"
    kpi: str
    alias: str
    added: bool


@dataclass(frozen=True)
class RangeSet(Event):
    """A reference range from a day on; old: what was in force on that day before, [] for nothing."""

    name = "kpis.range_set"
    kpi: str
    range_id: UUID
    valid_from: str
    old: list[list[float]]
    new: list[list[float]]
    source: str


@dataclass(frozen=True)
class RangeWithdrawn(Event):
    name = "kpis.range_withdrawn"
    kpi: str
    range_id: UUID
    valid_from: str


@dataclass(frozen=True)
class RangesImported(Event):
    """A sheet of reference ranges was taken in; each range has an entry of its own."""

    name = "kpis.ranges_imported"
    ranges: int
    valid_from: str


@dataclass(frozen=True)
class RangeTookEffect(Event):
    """A range that was entered for this day is in force now."""

    name = "kpis.range_took_effect"
    kpi: str
    valid_from: str


@dataclass(frozen=True)
class BenchmarkChanged(Event):
    """A published figure was put beside a KPI, or taken away; value as text, year None where it is not stated."""

    name = "kpis.benchmark_changed"
    kpi: str
    statistic: str
    value: str
    population: str
    source: str
    year: int | None
    added: bool


@dataclass(frozen=True)
class TargetSet(Event):
    """old: the value of the target before, None if there was none."""

    name = "kpis.target_set"
    target_id: UUID
    kpi: str
    old: str | None
    new: str
    due_on: str | None
    basis: str


@dataclass(frozen=True)
class TargetEnded(Event):
    name = "kpis.target_ended"
    target_id: UUID
    kpi: str
    value: str
