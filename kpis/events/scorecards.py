"""Scorecards and their versions."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from core.audit import Event


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
