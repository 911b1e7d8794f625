"""Steps that were given up: put right and taken up again from there, or left out."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from core.actor import Actor
from core.audit import record
from core.errors import Conflict, DomainError
from core.rules import require
from playbooks import rules
from playbooks.engine import settings_of
from playbooks.events import StepCompleted, StepResumed
from playbooks.models import Run, Step
from playbooks.operations.moving import move, nudge, settings_for


class NotFailed(DomainError):
    """The step was not given up, or somebody has taken it up already."""


@transaction.atomic
def resume_step(
    *, step_id: UUID, expected_version: int, settings: Mapping[str, Any], skip: bool = False, by: Actor, at: datetime
) -> Step:
    """Take up a step that was given up, with settings put right for this run alone; or leave it out.

    Emits StepResumed, or StepCompleted when it is left out. Raises DomainError with the setting it belongs to,
    NotFailed, Conflict, PermissionDenied, Step.DoesNotExist.
    """
    step = Step.objects.visible_to(by).get(pk=step_id)
    require(by, rules.EDIT, step)
    runs = Run.objects.select_related("playbook", "version", "account__owner")
    run = runs.select_for_update(of=("self",)).get(pk=step.run_id)
    step.refresh_from_db()
    if step.state != Step.State.FAILED or run.state != Run.State.OPEN:
        raise NotFailed(f"“{step.name}” is not waiting to be mended.")
    if step.version != expected_version:
        raise Conflict(f"“{step.name}” was changed since you opened this page. Look again.")
    step.version += 1
    if skip:
        step.state, step.completed_at, step.completed_by = Step.State.SKIPPED, at, by.label
        step.save(update_fields=["state", "completed_at", "completed_by", "version"])
        record(StepCompleted(step.account_id, run.pk, step.pk, run.playbook.code, step.code, True), by=by)
        move(run=run, by=by, at=at)
        return step
    step.mended = _checked(run, step, settings)
    step.state, step.error, step.attempts, step.due_at = Step.State.OPEN, "", 0, at
    step.save(update_fields=["mended", "state", "error", "attempts", "due_at", "version"])
    record(StepResumed(step.account_id, run.pk, step.pk, run.playbook.code, step.code), by=by)
    transaction.on_commit(nudge, robust=True)
    return step


def _checked(run: Run, step: Step, given: Mapping[str, Any]) -> dict[str, Any]:
    """What differs from the definition, after the form of its kind."""
    known = run.version.node(step.code).settings
    mended = {name: value for name, value in {**step.mended, **given}.items() if known.get(name) != value}
    whole = {name: value for name, value in {**settings_for(run, step), **mended}.items() if name != "wheres"}
    for name, message in settings_of.check(whole, settings_of.KINDS[step.kind]):
        raise DomainError(message, field=name or None)
    return mended
