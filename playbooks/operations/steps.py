"""Complete the steps of a run, take them back, hand them to another person."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F, Q

from accounts.models import Account
from core.actor import Actor
from core.audit import record
from core.errors import Conflict, DomainError
from core.rules import require
from playbooks import rules
from playbooks.engine.answers import answers_of
from playbooks.events import StepCompleted, StepReopened, StepsHandedOver
from playbooks.models import Run, Step
from playbooks.operations.moving import due_at, move, settings_for


class StepNotOpen(DomainError):
    """The step waits for an earlier one, is done already, or its run has ended."""


@transaction.atomic
def complete_step(
    *,
    step_id: UUID,
    expected_version: int,
    by: Actor,
    at: datetime,
    note: str = "",
    skip: bool = False,
    answers: Mapping[str, Any] | None = None,
) -> Step:
    """Finish one open step; what comes after it in the playbook opens, the run ends with its last step.

    Emits StepCompleted, and RunFinished at the end. Raises StepNotOpen, Conflict, PermissionDenied,
    Step.DoesNotExist when `by` cannot see it.
    """
    step, run = _locked(step_id, by)
    require(by, rules.COMPLETE_STEP, step)
    if step.completed_at is not None:
        raise Conflict(f"“{step.name}” was already {_past(step)} by {step.completed_by}.")
    if step.state != Step.State.OPEN or run.state != Run.State.OPEN:
        raise StepNotOpen(f"“{step.name}” is not open.")
    if step.version != expected_version:
        raise Conflict(f"“{step.name}” was changed since you opened this page. Look again.")
    if not skip:
        step.result = _answered(run, step, answers or {})
    step.state = Step.State.SKIPPED if skip else Step.State.DONE
    step.due_at = None
    step.note, step.completed_at, step.completed_by = note.strip(), at, by.label
    step.version += 1
    step.save(update_fields=["state", "due_at", "result", "note", "completed_at", "completed_by", "version"])
    record(StepCompleted(step.account_id, run.pk, step.pk, run.playbook.code, step.code, skip), by=by)
    move(run=run, by=by, at=at)
    return step


def _locked(step_id: UUID, by: Actor) -> tuple[Step, Run]:
    """The step as it is while nobody else moves its run."""
    step = Step.objects.visible_to(by).get(pk=step_id)
    runs = Run.objects.select_related("playbook", "version", "account__owner")
    run = runs.select_for_update(of=("self",)).get(pk=step.run_id)
    step.refresh_from_db()
    return step, run


def _answered(run: Run, step: Step, answers: Mapping[str, Any]) -> dict[str, Any]:
    """The result of a step that a person does: of a form its answers."""
    if step.kind == "approval":
        raise StepNotOpen(f"“{step.name}” is decided by those who are asked: on the page of its playbook.")
    if step.kind != "form":
        return {}
    stored, wrong = answers_of(settings_for(run, step)["questions"], answers)
    if wrong:
        name, message = next(iter(wrong.items()))
        raise DomainError(message, field=name)
    return {"answers": stored}


def _past(step: Step) -> str:
    return "skipped" if step.state == Step.State.SKIPPED else "completed"


@transaction.atomic
def reopen_step(*, step_id: UUID, by: Actor, at: datetime) -> Step:
    """Take back a completed step; later ones that nobody finished wait again, and a run that was done is open.

    Emits StepReopened. Raises StepNotOpen when it is open, its run was stopped, or the playbook has started anew;
    PermissionDenied, Step.DoesNotExist.
    """
    step, run = _locked(step_id, by)
    require(by, rules.COMPLETE_STEP, step)
    if step.completed_at is None:
        raise StepNotOpen(f"“{step.name}” is open already.")
    if run.state == Run.State.STOPPED:
        raise StepNotOpen(f"“{step.name}” cannot be taken back: its playbook was ended early.")
    if step.kind not in ("task", "form") or step.state == Step.State.DROPPED:
        raise StepNotOpen(f"“{step.name}” cannot be taken back: nobody did it by hand.")
    _open_again(run, step)
    step.state, step.opened_at, step.completed_at, step.completed_by = Step.State.OPEN, at, None, ""
    step.due_at = due_at(run, step)
    step.version += 1
    step.save(update_fields=["state", "opened_at", "due_at", "completed_at", "completed_by", "version"])
    record(StepReopened(step.account_id, run.pk, step.pk, run.playbook.code, step.code), by=by)
    move(run=run, by=by, at=at)
    return step


def _open_again(run: Run, step: Step) -> None:
    if run.state == Run.State.OPEN:
        return
    run.state, run.finished_at = Run.State.OPEN, None
    try:
        with transaction.atomic():
            run.save(update_fields=["state", "finished_at"])
    except IntegrityError as error:
        raise StepNotOpen(f"“{step.name}” cannot be taken back: its playbook has started anew.") from error


@transaction.atomic
def hand_over_steps(*, account_ids: list[UUID] | None = None, by: Actor) -> int:
    """Give open steps to the present owner of their account; of all accounts without `account_ids`.

    Returns how many went over. Idempotent. Emits one StepsHandedOver per account.
    """
    astray = Step.objects.visible_to(by).filter(completed_at=None, run__finished_at=None)
    astray = astray.filter(~Q(owner=F("account__owner")) | Q(owner=None, account__owner__isnull=False))
    if account_ids is not None:
        astray = astray.filter(account__in=account_ids)
    given = 0
    accounts = Account.objects.filter(pk__in=astray.values("account_id"))
    for account in accounts.order_by("pk").select_for_update(of=("self",)):
        ids = list(astray.filter(account=account).values_list("pk", flat=True))
        steps = Step.objects.filter(pk__in=ids, completed_at=None).update(owner_id=account.owner_id)
        if steps:
            record(StepsHandedOver(account.pk, steps, account.owner_id), by=by)
        given += steps
    return given
