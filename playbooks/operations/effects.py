"""Estimate what a playbook has changed: ask for it, compute it in the worker, keep the record."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from uuid6 import uuid7

from core import jobs
from core.actor import Actor
from core.audit import record
from core.models import Job
from core.rules import require
from playbooks import effect, rules
from playbooks.events import EffectEstimated
from playbooks.measured.effects import newest_estimate, running_estimate
from playbooks.measured.population import Population, population
from playbooks.models import EffectEstimate, Playbook
from tenants.context import take_lock

ESTIMATE = "playbooks.estimate_effect"
WORTH = 5.0  # points of health: the smallest effect that is worth knowing


@transaction.atomic
def start_estimate(*, playbook_id: UUID, by: Actor, at: datetime) -> EffectEstimate:
    """Have the worker estimate the effect of a playbook; an estimate that is under way is the answer.

    Raises PermissionDenied, Playbook.DoesNotExist.
    """
    require(by, rules.EDIT)
    playbook = Playbook.objects.get(pk=playbook_id)
    take_lock("estimates")
    if under_way := running_estimate(playbook):
        return under_way
    estimate_id = uuid7()
    made: EffectEstimate = EffectEstimate.objects.create(
        pk=estimate_id,
        playbook=playbook,
        job=jobs.start_job(ESTIMATE, by=by, subject_id=estimate_id, unit="steps"),
        created_at=at,
        created_by=by.label[:160],
    )
    return made


def run_estimate(*, estimate_id: UUID, job: Job | None, by: Actor, at: datetime) -> EffectEstimate:
    """Compute the record and keep it; the same figures as last time give the last record, dated anew.

    Everybody's accounts, whoever asked: which of them a reader sees by name is for the reader's query. Nothing is kept
    of an estimate that is stopped. Raises JobCancelled, EffectEstimate.DoesNotExist.
    """
    made: EffectEstimate = EffectEstimate.objects.select_related("playbook").get(pk=estimate_id)
    if made.finished_at is not None:
        return made
    _still(job, 0, "Reading what was known then")
    found = population(made.playbook, at=at)
    last = newest_estimate(made.playbook)
    if last is not None and last.inputs_hash == found.hash:
        result = last.result or {}
    else:
        result = result_of(found, job=job)
    return finish_estimate(estimate_id=made.pk, inputs_hash=found.hash, result=result, by=by, at=at)


@transaction.atomic
def finish_estimate(
    *, estimate_id: UUID, inputs_hash: str, result: dict[str, Any], by: Actor, at: datetime
) -> EffectEstimate:
    """Keep the record; whoever began it was asked then. Emits EffectEstimated."""
    made: EffectEstimate = (
        EffectEstimate.objects.select_for_update(of=("self",)).select_related("playbook").get(pk=estimate_id)
    )
    if made.finished_at is None:
        made.result, made.inputs_hash, made.finished_at = result, inputs_hash, at
        made.save(update_fields=["result", "inputs_hash", "finished_at"])
        record(EffectEstimated(None, made.pk, made.playbook.code, result["verdict"], result["treated"]), by=by)
    return made


@transaction.atomic
def cancel_estimate(*, estimate_id: UUID, by: Actor) -> None:
    """Ask the worker to stop. Raises PermissionDenied, EffectEstimate.DoesNotExist."""
    require(by, rules.EDIT)
    found = EffectEstimate.objects.select_related("job").get(pk=estimate_id)
    if found.job is not None:
        jobs.cancel(found.job)


def result_of(found: Population, *, job: Job | None) -> dict[str, Any]:
    """The record of `playbooks.effect` with the accounts and scores behind its rows, the runs left out and why."""
    made = effect.record(found.observed, worth=WORTH, between=lambda: _still(job, 1, "Working out the interval"))
    pairs = [
        {"ran": _row(found, ran), "others": [_row(found, other) for other in others]} for ran, others in made["pairs"]
    ]
    return {
        **made,
        "pairs": pairs,
        "alone": [_row(found, row) for row in made["alone"]],
        "runs": found.runs,
        "left_out_runs": dict(found.left_out),
        "gone": {"ran": found.gone[0], "comparison": found.gone[1]},
        "sample": found.sample,
        "horizon": 90,
    }


def _row(found: Population, number: int) -> dict[str, Any]:
    row = found.rows[number]
    return {
        "account": str(row.account),
        "run": str(row.run) if row.run else None,
        "on": row.at.date().isoformat(),
        "before": row.before,
        "after": row.after,
        "before_id": str(row.before_id) if row.before_id else None,
        "after_id": str(row.after_id) if row.after_id else None,
    }


def _still(job: Job | None, done: int, message: str) -> None:
    if job is not None:
        jobs.progress(job, done=done, total=2, message=message)
