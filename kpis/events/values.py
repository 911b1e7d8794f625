"""Values, the files they come in, and sample data."""

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
class UploadRolledBack(Event):
    """withdrawn: values taken back; of those restored gave way to what was there before, repeated stay as the
    value of a later file that said the same."""

    name = "kpis.upload_rolled_back"
    upload_id: UUID
    file: str
    withdrawn: int
    restored: int
    repeated: int
    reason: str


@dataclass(frozen=True)
class InboxFilePickedUp(Event):
    """state: taken or refused; `message` says why it was refused."""

    name = "kpis.inbox_file_picked_up"
    file: str
    state: str
    message: str
    upload_id: UUID | None


@dataclass(frozen=True)
class SourceSet(Event):
    """Whether files of this name that are picked up import by themselves when they are clean."""

    name = "kpis.source_set"
    file: str
    imports_alone: bool


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
