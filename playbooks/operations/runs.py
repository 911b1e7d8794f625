"""Start a playbook on an account, and stop it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from accounts.models import Account
from core.actor import Actor
from core.audit import record
from core.errors import DomainError
from core.rules import require
from playbooks import rules
from playbooks.events import RunFinished, RunStarted
from playbooks.models import Playbook, Run, Step, Trigger
from playbooks.operations.moving import lay_down, move


class AlreadyRunning(DomainError):
    """This playbook is at work on this account already."""


class RunEnded(DomainError):
    """The run is over; there is nothing to end."""


@transaction.atomic
def start_run(*, account_id: UUID, playbook_id: UUID, by: Actor, at: datetime) -> Run:
    """Start a playbook by hand. Emits RunStarted.

    Raises AlreadyRunning, PermissionDenied; Account.DoesNotExist for an account that is archived or that `by` does
    not see, Playbook.DoesNotExist.
    """
    account = Account.objects.visible_to(by).active().select_for_update(of=("self",)).get(pk=account_id)
    require(by, rules.START, account)
    playbook = Playbook.objects.select_related("live").get(pk=playbook_id, active=True)
    why = {"sentence": f"Started by hand by {by.label}."}
    run = start(account=account, playbook=playbook, trigger=None, why=why, by=by, at=at)
    if run is None:
        raise AlreadyRunning(f"“{playbook.name}” is already running on {account.name}.")
    return run


def start(
    *, account: Account, playbook: Playbook, trigger: Trigger | None, why: dict[str, Any], by: Actor, at: datetime
) -> Run | None:
    """Create the run with its steps, on the live version; None when one is open already (the database decides) or
    the playbook has no text yet. Emits RunStarted."""
    if playbook.live is None:
        return None
    try:
        with transaction.atomic():
            run = Run.objects.create(
                account=account,
                playbook=playbook,
                version=playbook.live,
                trigger=trigger,
                why=why,
                started_at=at,
                started_by=by.label,
            )
    except IntegrityError:
        return None
    lay_down(run=run, at=at)
    record(RunStarted(account.pk, run.pk, playbook.code, trigger.pk if trigger else None), by=by)
    move(run=run, by=by, at=at)
    return run


@transaction.atomic
def stop_run(*, run_id: UUID, outcome: str, by: Actor, at: datetime) -> Run:
    """End a run early and say why. Emits RunFinished. Raises RunEnded, PermissionDenied, Run.DoesNotExist."""
    run = Run.objects.visible_to(by).select_related("playbook").select_for_update(of=("self",)).get(pk=run_id)
    require(by, rules.START, run)
    if run.state != Run.State.OPEN:
        raise RunEnded("This playbook has ended already.")
    run.state, run.finished_at, run.outcome = Run.State.STOPPED, at, outcome.strip()
    run.save(update_fields=["state", "finished_at", "outcome"])
    Step.objects.filter(run=run).update(due_at=None)
    record(RunFinished(run.account_id, run.pk, run.playbook.code, run.state), by=by)
    return run
