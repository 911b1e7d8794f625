from dataclasses import dataclass
from uuid import UUID

from core.audit import Event


@dataclass(frozen=True)
class KpiValueCorrected(Event):
    """value_id: the new value; old and new in the KPI's own unit, as text so that no digit is lost.

    old None: there was no value. new None: the value was withdrawn and value_id is the one that went.
    """

    name = "kpis.value_corrected"
    value_id: UUID
    kpi: str
    period: str
    old: str | None
    new: str | None
    reason: str


@dataclass(frozen=True)
class KpiBatchImported(Event):
    """One entry per committed batch of an upload; account_ids: the accounts whose values changed."""

    name = "kpis.batch_imported"
    upload_id: UUID
    values: int
    account_ids: list[UUID]


@dataclass(frozen=True)
class UploadFinished(Event):
    name = "kpis.upload_finished"
    upload_id: UUID
    state: str
    imported: int
    held: int


@dataclass(frozen=True)
class HealthChanged(Event):
    """old and new in hundredths of a point; None means that there was not enough data to say."""

    name = "kpis.health_changed"
    score_id: UUID
    old: int | None
    new: int | None
    band: str


@dataclass(frozen=True)
class PortfolioScored(Event):
    """A whole portfolio was scored at once: one entry, and the accounts whose score moved."""

    name = "kpis.portfolio_scored"
    scored: int
    moved: int


@dataclass(frozen=True)
class CatalogueChecked(Event):
    """Somebody looked at the KPI catalogue and said it is right (a step of the checklist)."""

    name = "kpis.catalogue_checked"


@dataclass(frozen=True)
class UnknownKpiSettled(Event):
    name = "kpis.unknown_kpi_settled"
    unknown_id: UUID
    kpi: str | None


@dataclass(frozen=True)
class SampleDataAdded(Event):
    name = "kpis.sample_added"
    accounts: int
    values: int


@dataclass(frozen=True)
class SampleDataRemoved(Event):
    name = "kpis.sample_removed"
    accounts: int
