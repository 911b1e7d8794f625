"""Segments and changes of many accounts, in the worker. Every task may run twice and may be killed at any line."""

from typing import Any
from uuid import UUID

from celery import shared_task
from django.utils.timezone import now

from accounts.models import BulkChange, Segment
from accounts.operations import bulk, segments
from core import jobs
from core.actor import Actor
from core.models import Job, JobCancelled
from users.models import User

SEGMENTS = Actor.system("segments")


@shared_task(name="accounts.hold_against_segments", many=True)  # type: ignore[call-overload]
def hold_against_segments(*, events: list[dict[str, Any]], **_: object) -> None:
    """Something changed on some accounts: let them enter and leave."""
    ids = {UUID(str(event["account_id"])) for event in events if event.get("account_id")}
    ids |= {UUID(str(one)) for event in events for one in event.get("account_ids") or []}
    if ids and Segment.objects.filter(active=True).exists():
        segments.evaluate_segments(account_ids=sorted(ids), at=now(), by=SEGMENTS)


@shared_task(name="accounts.evaluate_every_segment")
def evaluate_every_segment(**_: object) -> None:
    """Each night: a day has gone by, and so conditions over days hold for others. Also after whole files."""
    segments.evaluate_segments(account_ids=None, at=now(), by=SEGMENTS)


@shared_task(name="accounts.evaluate_segments")
def evaluate_segments(*, job_id: str, **_: object) -> None:
    """A segment was written or goes on."""
    with jobs.running(job_id) as job:
        if job is None:
            return
        at, moved = now(), segments.Moved()
        active = list(Segment.objects.filter(active=True).values_list("pk", flat=True))
        for done, pk in enumerate(active, 1):
            moved += segments.evaluate_segment(segment_id=pk, account_ids=None, at=at, by=SEGMENTS)
            jobs.progress(job, done=done, total=len(active))
        job.message = f"{moved.entered:,} came in, {moved.left:,} left."


def _person(job: Job) -> Actor:
    user = User.objects.select_related("role").filter(pk=job.created_by_id).first()
    return user.as_actor() if user else Actor.system(job.created_by_label.removeprefix("system:"))


@shared_task(name="accounts.change_many")
def change_many(*, job_id: str, **_: object) -> None:
    """Row by row in chunks; stopped at a person's request, what is done stays done and can be taken back."""
    with jobs.running(job_id) as job:
        if job is None or job.subject_id is None:
            return
        change, by = BulkChange.objects.get(pk=job.subject_id), _person(job)
        done = change.done
        try:
            jobs.progress(job, done=done, total=change.total)
            while rows := bulk.change_chunk(change_id=change.pk, by=by):
                done += rows
                jobs.progress(job, done=done, total=change.total)
        except JobCancelled:
            bulk.finish_change(change_id=change.pk, at=now())
            raise
        bulk.finish_change(change_id=change.pk, at=now())


@shared_task(name="accounts.undo_many")
def undo_many(*, job_id: str, **_: object) -> None:
    with jobs.running(job_id) as job:
        if job is None or job.subject_id is None:
            return
        by = _person(job)
        change = BulkChange.objects.get(pk=job.subject_id)
        done, total = change.rows.filter(undone=True).count(), change.total
        jobs.progress(job, done=done, total=total)
        while rows := bulk.undo_chunk(change_id=change.pk, by=by):
            done += rows
            jobs.progress(job, done=done, total=total)
