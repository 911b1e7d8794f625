"""Owners for accounts that have none, in the worker. Safe to repeat: who has an owner keeps it."""

from uuid import UUID

from celery import shared_task
from django.utils.timezone import now

from accounts.models import AssignmentRule
from accounts.operations.assignment import assign_accounts
from accounts.queries.teams import waiting_accounts
from core import jobs
from core.actor import Actor

CHUNK = 500  # accounts; one transaction


@shared_task(name="accounts.assign_new")
def assign_new(*, account_id: str | None, **_: object) -> None:
    """After an account was created, or a file of them imported: by the rules, if there are any."""
    if not AssignmentRule.objects.filter(active=True).exists():
        return
    ids = [UUID(account_id)] if account_id else list(waiting_accounts().values_list("pk", flat=True))
    for start in range(0, len(ids), CHUNK):
        assign_accounts(account_ids=ids[start : start + CHUNK], by=Actor.system("assignment"), at=now())


@shared_task(name="accounts.assign_waiting")
def assign_waiting(*, job_id: str, **_: object) -> None:
    """Somebody asked for owners for all accounts that have none."""
    with jobs.running(job_id) as job:
        if job is None:
            return
        ids, given, queued = list(waiting_accounts().order_by("created_at", "pk").values_list("pk", flat=True)), 0, 0
        for start in range(0, len(ids), CHUNK):
            chunk = ids[start : start + CHUNK]
            done = assign_accounts(account_ids=chunk, by=Actor.system("assignment"), at=now())
            given, queued = given + done.given, queued + done.queued
            jobs.progress(job, done=start + len(chunk), total=len(ids))
        job.message = f"{given:,} accounts have an owner now, {queued:,} wait in a queue, of {len(ids):,}."
