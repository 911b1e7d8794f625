"""What is due is done: each step in a transaction of its own, so that a process that dies loses and doubles nothing."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from core.actor import Actor
from core.audit import record
from core.errors import DomainError
from playbooks.engine import settings_of
from playbooks.engine.clock import MOST_ATTEMPTS, again_at
from playbooks.events import StepCompleted, StepFailed
from playbooks.models import Run, Step
from playbooks.operations.actions import OUTSIDE, Refused, Unreached, do_inside, do_outside
from playbooks.operations.approvals import ask, timed_out
from playbooks.operations.moving import at_it, due_at, move, settings_for

log = logging.getLogger(__name__)
BATCH = 200
NEEDED = [
    "account_id", "why", "version_id", "state", "started_by", "finished_at", "outcome", "playbook__code",
    "playbook__name", "account__name", "account__renewal_on", "account__owner_id", "account__owner__name",
    "account__owner__email", "account__owner__time_zone",
]  # fmt: skip


@dataclass
class Held:
    """A due step with its run, which is locked, and all steps of it."""

    run: Run
    step: Step
    steps: list[Step]


def work_off(*, by: Actor, clock: Callable[[], datetime], go_on: Callable[[], bool] = lambda: True) -> int:
    """Do every step that is due, the longest due first; returns how many were looked at. clock: the time now.

    Several workers can be at it: a run that another one holds is left to it. A step that fails keeps back no other.
    """
    token = at_it.set({})
    try:
        return _work_off(by, clock, go_on)
    finally:
        at_it.reset(token)


def _work_off(by: Actor, clock: Callable[[], datetime], go_on: Callable[[], bool]) -> int:
    looked_at = 0
    while go_on():
        due = Step.objects.filter(due_at__lte=clock(), account__archived_at=None, run__finished_at=None)
        ids = list(due.order_by("due_at", "id").values_list("pk", flat=True)[:BATCH])
        moved = 0
        for step_id in ids:
            if not go_on():
                break
            moved += do_step(step_id=step_id, by=by, at=clock())
        looked_at += moved
        if not moved:
            break
    return looked_at


def do_step(*, step_id: UUID, by: Actor, at: datetime) -> bool:
    """Look at one due step; False when it is not due any more or somebody else is at its run."""
    try:
        reaching_out = _inside(step_id, by, at)
        if isinstance(reaching_out, bool):
            return reaching_out
        run, step = reaching_out.run, reaching_out.step
        _outside(step, do_outside(run, step, settings_for(run, step)), by, at)
    except Unreached as error:
        _failed(step_id, str(error), by, at, for_good=False)
    except DomainError as error:
        _failed(step_id, str(error), by, at, for_good=True)
    except Exception as error:
        log.exception("step %s", step_id)
        _failed(step_id, f"{type(error).__name__}: {error}", by, at, for_good=False)
    return True


@transaction.atomic
def _inside(step_id: UUID, by: Actor, at: datetime) -> bool | Held:
    """Do what changes only our database, its result and what follows in one transaction. What reaches out is put
    off first, so that nobody else does it meanwhile and one that dies on it comes back later."""
    held = _held(step_id, skip_locked=True)
    if held is None or held.step.due_at is None or held.step.due_at > at:
        return False
    run, step = held.run, held.step
    if step.kind in OUTSIDE:
        if step.attempts >= MOST_ATTEMPTS:
            raise Refused("The process died every time it reached out for this.")
        step.attempts += 1
        step.due_at = again_at(at, min(step.attempts, MOST_ATTEMPTS - 1))
        step.save(update_fields=["attempts", "due_at"])
        return held
    settings = settings_for(run, step)
    if step.kind == "wait":
        _waited(held, by, at)
    elif step.kind == "approval" and "asked" not in step.result:
        ask(run=run, step=step, settings=settings, at=at)
    elif step.kind in settings_of.WORK:
        timed_out(run=run, step=step, settings=settings, by=by, at=at)
    else:
        _done(held, do_inside(run=run, step=step, settings=settings, by=by, at=at), by, at)
    return True


def _held(step_id: UUID, *, skip_locked: bool) -> Held | None:
    """The step while nobody else moves its run."""
    runs = Run.objects.filter(steps=step_id, finished_at=None).select_related("playbook", "account__owner")
    found = list(runs.only(*NEEDED).select_for_update(of=("self",), skip_locked=skip_locked))
    if not found:
        return None
    run, versions = found[0], at_it.get()
    if versions is not None:  # what was published does not change
        run.version = versions.setdefault(run.version_id, versions.get(run.version_id) or run.version)
    steps = list(Step.objects.filter(run=run))
    step = next(step for step in steps if step.pk == step_id)
    return Held(run, step, steps) if step.state == Step.State.OPEN else None


def _waited(held: Held, by: Actor, at: datetime) -> None:
    """A wait ends when its time has come: the day it waits for may have moved meanwhile."""
    run, step = held.run, held.step
    until = due_at(run, step)
    if until is not None and until > at:
        step.due_at = until
        step.save(update_fields=["due_at"])
        return
    field = settings_for(run, step).get("until")
    if field and getattr(run.account, field) is None:
        raise Refused(f"{run.account.name} has no {field.removesuffix('_on').replace('_', ' ')} date to wait for.")
    _done(held, {}, by, at)


@transaction.atomic
def _outside(step: Step, result: dict[str, Any], by: Actor, at: datetime) -> None:
    held = _held(step.pk, skip_locked=False)
    if held is not None and held.step.attempts == step.attempts:
        _done(held, result, by, at)


def _done(held: Held, result: dict[str, Any], by: Actor, at: datetime) -> None:
    run, step = held.run, held.step
    step.state, step.result, step.error, step.due_at = Step.State.DONE, result, "", None
    step.completed_at, step.completed_by = at, by.label
    step.version += 1
    step.save(update_fields=["state", "result", "error", "due_at", "completed_at", "completed_by", "version"])
    record(StepCompleted(step.account_id, run.pk, step.pk, run.playbook.code, step.code, False), by=by)
    move(run=run, by=by, at=at, steps=held.steps)


@transaction.atomic
def _failed(step_id: UUID, error: str, by: Actor, at: datetime, *, for_good: bool) -> None:
    """Try again later, or give up and say so. Emits StepFailed when it is given up."""
    held = _held(step_id, skip_locked=False)
    if held is None:
        return
    run, step = held.run, held.step
    step.attempts += step.kind not in OUTSIDE  # those have counted already
    step.error = error[:1000]
    step.due_at = None if for_good else again_at(at, step.attempts)
    if step.due_at is None:
        step.state = Step.State.FAILED
        record(StepFailed(step.account_id, run.pk, step.pk, run.playbook.code, step.code), by=by)
    step.version += 1
    step.save(update_fields=["attempts", "error", "due_at", "state", "version"])
