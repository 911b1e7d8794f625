import logging
import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

from celery import shared_task
from django.utils.timezone import now

from core import jobs
from core.actor import Actor
from playbooks import operations, queries
from playbooks.models import Measurement, Run, Trigger
from playbooks.operations import effects, measuring

log = logging.getLogger(__name__)
AT_MOST = 30.0  # seconds at one time; the next beat or nudge goes on


@shared_task(name="playbooks.evaluate_triggers", many=True)  # type: ignore[call-overload]
def evaluate_triggers(*, events: list[dict[str, Any]], **_: object) -> None:
    """After changes of health: start the playbooks that have a measured reason. One that fails keeps back no other."""
    failed: Exception | None = None
    for event in events:
        ids = {name: UUID(event[name]) for name in ("account_id", "score_id")}
        try:
            operations.evaluate_triggers(
                **ids, old=event["old"], new=event["new"], by=Actor.system("playbooks"), at=now()
            )
        except Exception as error:
            log.exception("triggers of account %s", ids["account_id"])
            failed = error
    if failed:
        raise failed


@shared_task(name="playbooks.evaluate_values")
def evaluate_values(*, account_id: str | None, account_ids: list[str] | None = None, **_: object) -> None:
    """After new values: start the playbooks that watch a single KPI. Health may not have moved at all."""
    if not queries.watching([Trigger.Metric.KPI_BELOW, Trigger.Metric.KPI_ABOVE]):
        return
    for found in [account_id] if account_id else account_ids or []:
        operations.evaluate_account(account_id=UUID(found), by=Actor.system("playbooks"), at=now())


@shared_task(name="playbooks.evaluate_renewals")
def evaluate_renewals(**_: object) -> None:
    """Every day: a renewal comes nearer although nothing else changes."""
    for account_id in queries.renewals_at_risk(on=now().date()):
        operations.evaluate_account(account_id=account_id, by=Actor.system("playbooks"), at=now())


@shared_task(name="playbooks.hand_over_steps", many=True)  # type: ignore[call-overload]
def hand_over_steps(*, events: list[dict[str, Any]], **_: object) -> None:
    """After accounts, or a whole file of them, got another owner: the open steps go along."""
    ids = sorted({UUID(event["account_id"]) for event in events if event["account_id"]})
    whole_file = any(event["account_id"] is None for event in events)
    operations.hand_over_steps(account_ids=None if whole_file else ids, by=Actor.system("playbooks"))


def _each(events: list[dict[str, Any]], do: Callable[[UUID], object]) -> None:
    """Do it for the run of each event; one that fails keeps back no other. A run that is gone is nothing to do."""
    failed: Exception | None = None
    for run_id in sorted({UUID(event["run_id"]) for event in events}):
        try:
            do(run_id)
        except Run.DoesNotExist:
            log.info("run %s is gone", run_id)
        except Exception as error:
            log.exception("measuring run %s", run_id)
            failed = error
    if failed:
        raise failed


@shared_task(name="playbooks.measure_start", many=True)  # type: ignore[call-overload]
def measure_start(*, events: list[dict[str, Any]], **_: object) -> None:
    """After a start: freeze the baseline, as it was known at that moment however late this comes."""
    _each(events, lambda run_id: _measure(run_id, Measurement.Moment.START))


@shared_task(name="playbooks.measure_end", many=True)  # type: ignore[call-overload]
def measure_end(*, events: list[dict[str, Any]], **_: object) -> None:
    _each(events, lambda run_id: _measure(run_id, Measurement.Moment.END))


def _measure(run_id: UUID, moment: str) -> None:
    measuring.measure_run(run_id=run_id, moment=moment, by=Actor.system("playbooks"), at=now())


@shared_task(name="playbooks.forget_the_end", many=True)  # type: ignore[call-overload]
def forget_the_end(*, events: list[dict[str, Any]], **_: object) -> None:
    """After a step was taken back: a run that goes on has no end yet."""
    _each(events, lambda run_id: measuring.forget_the_end(run_id=run_id, by=Actor.system("playbooks")))


@shared_task(name="playbooks.measure_what_is_due")
def measure_what_is_due(**_: object) -> None:
    """Every day: what is 30, 60 or 90 days after its end, and whatever was missed."""
    measuring.measure_what_is_due(by=Actor.system("playbooks"), at=now())


@shared_task(name="playbooks.estimate_effect")
def estimate_effect(*, job_id: str, **_: object) -> None:
    with jobs.running(job_id) as job:
        if job and job.subject_id:
            made = effects.run_estimate(
                estimate_id=job.subject_id, job=job, by=Actor.system(job.created_by_label.removeprefix("system:")),
                at=now(),
            )  # fmt: skip
            job.done = job.total = 2
            job.message = "Done." if (made.result or {}).get("estimate") else "Done: it cannot tell."


@shared_task(name="playbooks.work_off")
def work_off(**_: object) -> None:
    """Do the steps that are due."""
    until = time.monotonic() + AT_MOST
    operations.work_off(by=Actor.system("playbooks"), clock=now, go_on=lambda: time.monotonic() < until)
