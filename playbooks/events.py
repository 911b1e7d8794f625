from dataclasses import dataclass
from uuid import UUID

from core.audit import Event


@dataclass(frozen=True)
class RunStarted(Event):
    name = "playbooks.run_started"
    run_id: UUID
    playbook: str
    trigger_id: UUID | None


@dataclass(frozen=True)
class StepCompleted(Event):
    name = "playbooks.step_completed"
    run_id: UUID
    step_id: UUID
    step: str
    skipped: bool


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
