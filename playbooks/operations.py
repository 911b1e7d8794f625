"""Writes of the engine: start a run, complete its steps, stop it, set its triggers."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from accounts.models import Account
from core.actor import Actor
from core.audit import record
from core.errors import Conflict, DomainError
from core.rules import require
from core.time import add_working_days
from kpis.models import Kpi
from playbooks import rules
from playbooks.events import RunFinished, RunStarted, StepCompleted, TriggerChanged
from playbooks.library import LIBRARY, PlaybookDef
from playbooks.models import Playbook, Run, Step, Trigger
from playbooks.queries import reason_to_start


class AlreadyRunning(DomainError):
    """This playbook is at work on this account already."""


class StepNotOpen(DomainError):
    """The step waits for an earlier one, is done already, or its run has ended."""


@transaction.atomic
def install_library(*, at: datetime, by: Actor) -> None:
    """Give a workspace the five system playbooks and their triggers; what is there already stays as it is."""
    known = set(Playbook.objects.values_list("code", flat=True))
    kpis = {kpi.number: kpi for kpi in Kpi.objects.exclude(number=None)}
    for position, given in enumerate(LIBRARY):
        if given.code not in known:
            _install(given, position, kpis)


def _install(given: PlaybookDef, position: int, kpis: dict[int | None, Kpi]) -> None:
    steps = [vars(step) for step in given.steps]
    playbook = Playbook.objects.create(code=given.code, name=given.name, aim=given.aim, steps=steps, position=position)
    Trigger.objects.bulk_create(
        Trigger(
            playbook=playbook,
            metric=trigger.metric,
            kpi=kpis[trigger.kpi] if trigger.kpi else None,
            threshold=Decimal(trigger.threshold),
            active=trigger.active,
        )
        for trigger in given.triggers
        if trigger.kpi is None or trigger.kpi in kpis
    )


@transaction.atomic
def start_run(*, account_id: UUID, playbook_id: UUID, by: Actor, at: datetime) -> Run:
    """Start a playbook by hand. Emits RunStarted. Raises AlreadyRunning, PermissionDenied, DoesNotExist."""
    account = Account.objects.visible_to(by).active().select_for_update(of=("self",)).get(pk=account_id)
    require(by, rules.START, account)
    playbook = Playbook.objects.get(pk=playbook_id, active=True)
    why = {"sentence": f"Started by hand by {by.label}."}
    run = _start(account, playbook, trigger=None, why=why, by=by, at=at)
    if run is None:
        raise AlreadyRunning(f"“{playbook.name}” is already running on {account.name}.")
    return run


@transaction.atomic
def evaluate_triggers(
    *, account_id: UUID, score_id: UUID, old: int | None, new: int | None, by: Actor, at: datetime
) -> list[Run]:
    """Start every playbook that has a measured reason after a change of health (hundredths, None unknown).

    Safe to repeat: one open run per account and playbook, a cool-down after the last start, and the account
    is locked, so that two deliveries of one change start one run. Emits RunStarted for each.
    """
    account = Account.objects.select_for_update(of=("self",)).filter(pk=account_id, archived_at=None).first()
    if account is None:
        return []
    started = []
    triggers = Trigger.objects.filter(active=True, playbook__active=True).select_related("playbook", "kpi")
    for trigger in triggers.order_by("playbook__position", "id"):
        reason = reason_to_start(trigger, account, old=old, new=new, on=at.date())
        if reason is None or _cooling(account, trigger, at):
            continue
        why = {
            "sentence": reason.sentence,
            "measured": str(reason.measured),
            "threshold": str(reason.threshold),
            "score_id": str(score_id),
        }
        run = _start(account, trigger.playbook, trigger=trigger, why=why, by=by, at=at)
        if run is not None:
            started.append(run)
    return started


def _cooling(account: Account, trigger: Trigger, at: datetime) -> bool:
    since = at - timedelta(days=trigger.cooldown_days)
    return Run.objects.filter(account=account, playbook=trigger.playbook, started_at__gt=since).exists()


def _start(
    account: Account, playbook: Playbook, *, trigger: Trigger | None, why: dict[str, Any], by: Actor, at: datetime
) -> Run | None:
    """Create the run with its steps; None when one is open already (the database decides)."""
    try:
        with transaction.atomic():
            run = Run.objects.create(
                account=account,
                playbook=playbook,
                playbook_version=playbook.version,
                trigger=trigger,
                why=why,
                started_at=at,
                started_by=by.label,
            )
    except IntegrityError:
        return None
    first = min(step["stage"] for step in playbook.steps)
    Step.objects.bulk_create(
        Step(
            run=run,
            account=account,
            position=position,
            stage=step["stage"],
            code=step["code"],
            name=step["name"],
            instructions=step["instructions"],
            role=step["role"],
            owner_id=account.owner_id,
            due_on=add_working_days(at.date(), step["day"]),
            state=Step.State.OPEN if step["stage"] == first else Step.State.WAITING,
        )
        for position, step in enumerate(playbook.steps, start=1)
    )
    record(RunStarted(account.pk, run.pk, playbook.code, trigger.pk if trigger else None), by=by)
    return run


@transaction.atomic
def complete_step(
    *, step_id: UUID, expected_version: int, by: Actor, at: datetime, note: str = "", skip: bool = False
) -> Step:
    """Finish one open step; the next stage opens when its own is finished, the run ends with its last step.

    Emits StepCompleted, and RunFinished at the end. Raises StepNotOpen, Conflict, PermissionDenied,
    Step.DoesNotExist when `by` cannot see it.
    """
    step = Step.objects.visible_to(by).select_related("run__playbook").get(pk=step_id)
    run = Run.objects.select_for_update(of=("self",)).get(pk=step.run_id)
    step.refresh_from_db(fields=["state", "version"])
    require(by, rules.COMPLETE_STEP, step)
    if step.version != expected_version:
        raise Conflict("Somebody else changed this step since you opened it.")
    if step.state != Step.State.OPEN or run.state != Run.State.OPEN:
        raise StepNotOpen(f"“{step.name}” is not open.")
    step.state = Step.State.SKIPPED if skip else Step.State.DONE
    step.note, step.completed_at, step.completed_by = note.strip(), at, by.label
    step.version += 1
    step.save(update_fields=["state", "note", "completed_at", "completed_by", "version"])
    record(StepCompleted(step.account_id, run.pk, step.pk, step.code, skip), by=by)
    _move(run, step, by=by, at=at)
    return step


def _move(run: Run, step: Step, *, by: Actor, at: datetime) -> None:
    """Open the next stage, or end the run when nothing is left."""
    left = Step.objects.filter(run=run, completed_at=None).order_by("stage").values_list("stage", flat=True)
    if not left:
        run.state, run.finished_at = Run.State.DONE, at
        run.save(update_fields=["state", "finished_at"])
        record(RunFinished(run.account_id, run.pk, step.run.playbook.code, run.state), by=by)
        return
    Step.objects.filter(run=run, stage=left[0], state=Step.State.WAITING).update(state=Step.State.OPEN)


@transaction.atomic
def reopen_step(*, step_id: UUID, by: Actor) -> Step:
    """Take back a completed step of a run that is still open; later stages that nobody finished wait again."""
    step = Step.objects.visible_to(by).get(pk=step_id)
    run = Run.objects.select_for_update(of=("self",)).get(pk=step.run_id)
    step.refresh_from_db(fields=["state", "version"])
    require(by, rules.COMPLETE_STEP, step)
    if step.completed_at is None or run.state != Run.State.OPEN:
        raise StepNotOpen(f"“{step.name}” cannot be taken back: its playbook has ended.")
    step.state, step.completed_at, step.completed_by = Step.State.OPEN, None, ""
    step.version += 1
    step.save(update_fields=["state", "completed_at", "completed_by", "version"])
    Step.objects.filter(run=run, stage__gt=step.stage, state=Step.State.OPEN).update(state=Step.State.WAITING)
    return step


@transaction.atomic
def stop_run(*, run_id: UUID, outcome: str, by: Actor, at: datetime) -> Run:
    """End a run early and say why. Emits RunFinished. Raises StepNotOpen when it has ended already."""
    run = Run.objects.visible_to(by).select_related("playbook").select_for_update(of=("self",)).get(pk=run_id)
    require(by, rules.START, run)
    if run.state != Run.State.OPEN:
        raise StepNotOpen("This playbook has ended already.")
    run.state, run.finished_at, run.outcome = Run.State.STOPPED, at, outcome.strip()
    run.save(update_fields=["state", "finished_at", "outcome"])
    record(RunFinished(run.account_id, run.pk, run.playbook.code, run.state), by=by)
    return run


@transaction.atomic
def set_trigger(*, trigger_id: UUID, threshold: Decimal, active: bool, by: Actor) -> Trigger:
    """Change when a playbook starts by itself. Emits TriggerChanged."""
    require(by, rules.EDIT)
    trigger = Trigger.objects.select_for_update(of=("self",)).get(pk=trigger_id)
    points = trigger.kpi_id is None
    if points and not 0 <= threshold <= 100:
        raise DomainError("Health goes from 0 to 100.", field="threshold")
    old, trigger.threshold, trigger.active = (str(trigger.threshold), trigger.active), threshold, active
    trigger.save(update_fields=["threshold", "active"])
    record(TriggerChanged(None, trigger.pk, [old[0], str(threshold)], [old[1], active]), by=by)
    return trigger
