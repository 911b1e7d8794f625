from dataclasses import dataclass
from uuid import UUID

from core.audit import Event


@dataclass(frozen=True)
class RunStarted(Event):
    """playbook: its code, as in all events of runs."""

    name = "playbooks.run_started"
    run_id: UUID
    playbook: str
    trigger_id: UUID | None


@dataclass(frozen=True)
class StepCompleted(Event):
    name = "playbooks.step_completed"
    run_id: UUID
    step_id: UUID
    playbook: str
    step: str
    skipped: bool


@dataclass(frozen=True)
class StepReopened(Event):
    """A completed step was taken back; with the last one its run is open again."""

    name = "playbooks.step_reopened"
    run_id: UUID
    step_id: UUID
    playbook: str
    step: str


@dataclass(frozen=True)
class StepsHandedOver(Event):
    """The open steps of an account went to its new owner, None for nobody."""

    name = "playbooks.steps_handed_over"
    steps: int
    user_id: UUID | None


@dataclass(frozen=True)
class RunFinished(Event):
    name = "playbooks.run_finished"
    run_id: UUID
    playbook: str
    state: str


@dataclass(frozen=True)
class TriggerChanged(Event):
    """threshold and active as [old, new]."""

    name = "playbooks.trigger_changed"
    trigger_id: UUID
    threshold: list[str]
    active: list[bool]


@dataclass(frozen=True)
class PlaybookDrafted(Event):
    """Somebody began another version of a playbook."""

    name = "playbooks.drafted"
    playbook: str
    number: int


@dataclass(frozen=True)
class PlaybookPublished(Event):
    """Runs that start from now on follow this version; those at work finish on their own."""

    name = "playbooks.published"
    playbook: str
    number: int


@dataclass(frozen=True)
class RunMeasured(Event):
    """Figures of a run were kept as they were known at a moment: start, end, or 30, 60, 90 days after it."""

    name = "playbooks.run_measured"
    run_id: UUID
    playbook: str
    moment: str
    known: int
    unknown: int


@dataclass(frozen=True)
class RunResultSet(Event):
    """code: success, no_effect, invalid_trigger or lost."""

    name = "playbooks.run_result_set"
    run_id: UUID
    playbook: str
    code: str


@dataclass(frozen=True)
class EffectEstimated(Event):
    """verdict: better, worse, open or cannot_tell."""

    name = "playbooks.effect_estimated"
    estimate_id: UUID
    playbook: str
    verdict: str
    treated: int


@dataclass(frozen=True)
class StepFailed(Event):
    """The engine gave up a step; it waits on the page of failed steps."""

    name = "playbooks.step_failed"
    run_id: UUID
    step_id: UUID
    playbook: str
    step: str


@dataclass(frozen=True)
class StepResumed(Event):
    """A step that was given up was put right and is tried again."""

    name = "playbooks.step_resumed"
    run_id: UUID
    step_id: UUID
    playbook: str
    step: str


@dataclass(frozen=True)
class ApprovalGiven(Event):
    """Somebody who was asked said yes or no."""

    name = "playbooks.approval_given"
    run_id: UUID
    step_id: UUID
    playbook: str
    step: str
    agrees: bool


@dataclass(frozen=True)
class ApprovalDelegated(Event):
    """Somebody who was asked lets another person decide."""

    name = "playbooks.approval_delegated"
    run_id: UUID
    step_id: UUID
    playbook: str
    step: str
    user_id: UUID
