from dataclasses import dataclass
from typing import Any
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


@dataclass(frozen=True)
class OfScorecard:
    """What happened to a scorecard; number: of the version it is about, None for the scorecard itself."""

    scorecard_id: UUID
    number: int | None


@dataclass(frozen=True)
class ScorecardCreated(OfScorecard, Event):
    name = "kpis.scorecard_created"


@dataclass(frozen=True)
class ScorecardDrafted(OfScorecard, Event):
    """based_on: number of the version it was branched from; None: it starts from a template."""

    name = "kpis.scorecard_drafted"
    based_on: int | None


@dataclass(frozen=True)
class ScorecardEdited(OfScorecard, Event):
    """definition_hash: of the draft's new text."""

    name = "kpis.scorecard_edited"
    definition_hash: str


@dataclass(frozen=True)
class ScorecardMerged(OfScorecard, Event):
    """What went live meanwhile was brought into a draft; rows: how many came from there."""

    name = "kpis.scorecard_merged"
    live_number: int
    rows: int


@dataclass(frozen=True)
class ScorecardDropped(OfScorecard, Event):
    name = "kpis.scorecard_dropped"


@dataclass(frozen=True)
class ScorecardChecked(OfScorecard, Event):
    name = "kpis.scorecard_checked"
    definition_hash: str
    refused: int
    warnings: int


@dataclass(frozen=True)
class ScorecardSubmitted(OfScorecard, Event):
    """back_test_id: the record it goes to review with."""

    name = "kpis.scorecard_submitted"
    definition_hash: str
    back_test_id: UUID


@dataclass(frozen=True)
class ScorecardRejected(OfScorecard, Event):
    name = "kpis.scorecard_rejected"
    reason: str


@dataclass(frozen=True)
class ScorecardPublished(OfScorecard, Event):
    """replaced: number of the version that was live before. again: number of the earlier text that is live again.

    alone: whoever submitted it approved it too, because nobody else could.
    """

    name = "kpis.scorecard_published"
    version_id: UUID
    definition_hash: str
    replaced: int | None
    again: int | None
    alone: bool


@dataclass(frozen=True)
class ScorecardRuleSet(OfScorecard, Event):
    """priority: [before, after]; rule: [before, after], each as in `kpis.scoring.assignment`."""

    name = "kpis.scorecard_rule_set"
    priority: list[int]
    rule: list[dict[str, Any]]


@dataclass(frozen=True)
class ScorecardArchived(OfScorecard, Event):
    name = "kpis.scorecard_archived"


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


@dataclass(frozen=True)
class ExceptionSet(Event):
    """A person capped or lifted a score. limit in hundredths of a point; days as text, expires_on None = no end."""

    name = "kpis.exception_set"
    exception_id: UUID
    kind: str
    limit: int
    reason: str
    starts_on: str
    expires_on: str | None


@dataclass(frozen=True)
class ExceptionWithdrawn(Event):
    """limit in hundredths of a point."""

    name = "kpis.exception_withdrawn"
    exception_id: UUID
    kind: str
    limit: int
    reason: str


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


@dataclass(frozen=True)
class RolledUp(Event):
    """The figure of a parent's children moved; old and new in hundredths of a point, None = unknown."""

    name = "kpis.rolled_up"
    method: str
    old: int | None
    new: int | None
    band: str


@dataclass(frozen=True)
class BackTestStarted(Event):
    name = "kpis.back_test_started"
    back_test_id: UUID
    scorecard_id: UUID
    version: int


@dataclass(frozen=True)
class BackTestFinished(Event):
    """verdict: better, worse or open (than chance), cannot_tell."""

    name = "kpis.back_test_finished"
    back_test_id: UUID
    scorecard_id: UUID
    version: int
    verdict: str
