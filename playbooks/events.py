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
