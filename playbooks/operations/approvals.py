"""Steps that wait for a yes: who is asked, what they say, who stands in for whom, and when time is up."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.operations.notices import tell
from core.actor import Actor
from core.audit import record
from core.errors import DomainError
from playbooks.engine.approval import turn, verdict
from playbooks.engine.clock import time_out_at
from playbooks.events import ApprovalDelegated, ApprovalGiven, RunFinished, StepCompleted
from playbooks.models import Run, Step
from playbooks.operations.actions import asked_people
from playbooks.operations.moving import move, settings_for, zone_of
from users.models import User


class NotAsked(DomainError):
    """Somebody else is asked, or it is not their turn."""


def ask(*, run: Run, step: Step, settings: Mapping[str, Any], at: datetime) -> None:
    """Note who is asked and tell whose turn it is. The run is locked."""
    asked = [str(user.pk) for user in asked_people(run, settings["approvers"])]
    step.result = {"asked": asked, "said": {}}
    step.due_at = time_out_at(settings, opened_at=step.opened_at or at, zone_name=zone_of(run.account))
    step.save(update_fields=["result", "due_at"])
    _tell(run, step, settings, at)


def _tell(run: Run, step: Step, settings: Mapping[str, Any], at: datetime) -> None:
    wanted = turn(settings["mode"], step.result["asked"], _words(step))
    text, url = f"{run.account.name}: {step.name}. Your yes or no is wanted.", f"/runs/{run.pk}/"
    people = [UUID(one) for one in wanted]
    tell(people=people, kind="approval", text=text, url=url, key=f"ask:{step.pk}", at=at, account_id=run.account_id)


def _words(step: Step) -> dict[str, bool]:
    return {person: one["agrees"] for person, one in step.result.get("said", {}).items()}


@transaction.atomic
def decide_step(*, step_id: UUID, agrees: bool, note: str = "", by: Actor, at: datetime) -> Step:
    """Say yes or no to a step that asks. Emits ApprovalGiven, and StepCompleted or RunFinished when it is decided.

    Raises NotAsked, Step.DoesNotExist.
    """
    run, step, settings = _asking(step_id, by)
    _check_turn(step, settings, by)
    said = {"agrees": agrees, "note": note.strip(), "by": by.label, "at": at.isoformat()}
    step.result["said"][str(by.user_id)] = said
    step.version += 1
    step.save(update_fields=["result", "version"])
    record(ApprovalGiven(step.account_id, run.pk, step.pk, run.playbook.code, step.code, agrees), by=by)
    agreed = verdict(settings["mode"], settings.get("quorum", 1), step.result["asked"], _words(step))
    if agreed is None:
        _tell(run, step, settings, at)
    else:
        _decided(run, step, settings, agreed, by=by, at=at)
    return step


def _asking(step_id: UUID, by: Actor) -> tuple[Run, Step, dict[str, Any]]:
    step = Step.objects.visible_to(by).get(pk=step_id)
    runs = Run.objects.select_related("playbook", "version", "account__owner")
    run = runs.select_for_update(of=("self",)).get(pk=step.run_id)
    step.refresh_from_db()
    if step.kind != "approval" or step.state != Step.State.OPEN or run.state != Run.State.OPEN:
        raise NotAsked(f"“{step.name}” asks nobody now.")
    return run, step, settings_for(run, step)


def _check_turn(step: Step, settings: Mapping[str, Any], by: Actor) -> None:
    if str(by.user_id) not in turn(settings["mode"], step.result.get("asked", []), _words(step)):
        raise NotAsked("Somebody else is asked, or it is not your turn yet.")


@transaction.atomic
def delegate_step(*, step_id: UUID, to_id: UUID, by: Actor, at: datetime) -> Step:
    """Let somebody else decide in one's place. Emits ApprovalDelegated.

    Raises NotAsked, DomainError for somebody who cannot be asked, Step.DoesNotExist.
    """
    run, step, settings = _asking(step_id, by)
    _check_turn(step, settings, by)
    person = User.objects.filter(pk=to_id, is_active=True).first()
    if person is None or str(to_id) in step.result["asked"]:
        raise DomainError("Choose somebody active who is not asked already.", field="to_id")
    if not (person.role.sees_all or person.pk == run.account.owner_id):
        raise DomainError(f"{person} does not see {run.account.name}.", field="to_id")
    step.result["asked"] = [str(to_id) if one == str(by.user_id) else one for one in step.result["asked"]]
    step.version += 1
    step.save(update_fields=["result", "version"])
    record(ApprovalDelegated(step.account_id, run.pk, step.pk, run.playbook.code, step.code, to_id), by=by)
    _tell(run, step, settings, at)
    return step


def timed_out(*, run: Run, step: Step, settings: Mapping[str, Any], by: Actor, at: datetime) -> None:
    """Nobody did it in time: it is skipped, rejected, or somebody else is told; never accepted. The run is locked."""
    limit = settings.get("time_out") or {"then": "skip"}
    if limit["then"] == "escalate":
        told = asked_people(run, [limit["to"]])
        if step.kind == "approval":
            step.result["asked"] += [str(one.pk) for one in told if str(one.pk) not in step.result["asked"]]
        step.owner_id, step.due_at = told[0].pk, None
        step.save(update_fields=["result", "owner_id", "due_at"])
        text, url = f"{run.account.name}: {step.name} was not done in time.", f"/runs/{run.pk}/"
        ids = [one.pk for one in told]
        tell(people=ids, kind="playbook", text=text, url=url, key=f"late:{step.pk}", at=at, account_id=run.account_id)
        return
    if step.kind == "approval" and limit["then"] == "reject":
        _decided(run, step, settings, False, by=by, at=at)
        return
    _over(run, step, Step.State.SKIPPED, "Nobody did it in time.", by=by, at=at)
    move(run=run, by=by, at=at)


def _decided(run: Run, step: Step, settings: Mapping[str, Any], agreed: bool, *, by: Actor, at: datetime) -> None:
    step.result["approved"] = agreed
    _over(run, step, Step.State.DONE, "Agreed." if agreed else "Rejected.", by=by, at=at)
    if agreed or settings.get("rejected") == "continue":
        move(run=run, by=by, at=at)
        return
    run.state, run.finished_at, run.outcome = Run.State.STOPPED, at, f"“{step.name}” was rejected."
    run.save(update_fields=["state", "finished_at", "outcome"])
    Step.objects.filter(run=run).update(due_at=None)
    record(RunFinished(run.account_id, run.pk, run.playbook.code, run.state), by=by)


def _over(run: Run, step: Step, state: str, note: str, *, by: Actor, at: datetime) -> None:
    step.state, step.note, step.due_at, step.completed_at, step.completed_by = state, note, None, at, by.label
    step.version += 1
    step.save(update_fields=["state", "note", "due_at", "result", "completed_at", "completed_by", "version"])
    skipped = state == Step.State.SKIPPED
    record(StepCompleted(step.account_id, run.pk, step.pk, run.playbook.code, step.code, skipped), by=by)
