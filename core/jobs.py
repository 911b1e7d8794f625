"""Background jobs: start, progress with cancel, finish. The worker may be killed at any line.

A worker holds its job by an advisory lock of its database session, which the server lets go when the worker dies.
So a job is never run twice at the same time, however long a batch takes, and a dead worker's job is free at once.
`heartbeat_at` is the last sign of life: queued again, taken up, or a batch committed.
"""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from uuid import UUID

from celery import Task, current_app
from django.db import Error, connection, transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils.timezone import now
from kombu.exceptions import OperationalError

from core.actor import Actor
from core.errors import DomainError
from core.models import Job, JobCancelled

log = logging.getLogger(__name__)

STALE_AFTER = timedelta(seconds=30)
MOST_ATTEMPTS = 8
WAIT_FOR_LOCK = 2.0  # seconds: a killed worker's session may be busy with its last statement for a moment


def start_job(kind: str, *, by: Actor, subject_id: UUID | None = None, unit: str = "rows") -> Job:
    """Create the job row and queue the task named `kind` with `job_id` after commit.

    If the broker is away the row stays queued and `core.revive_jobs` queues it again. Raises LookupError when
    there is no such task.
    """
    _task(kind)
    job = Job.objects.create(
        kind=kind,
        subject_id=subject_id,
        unit=unit,
        created_by_id=by.user_id,
        created_by_label=by.label[:160],
        created_at=now(),
    )
    transaction.on_commit(lambda: _queue_or_leave(job), robust=True)
    return job


def _task(kind: str) -> Task:
    if kind not in current_app.tasks:
        current_app.autodiscover_tasks(force=True)  # only workers have imported them all
    return current_app.tasks[kind]


def queue(job: Job) -> None:
    """Send the job's message. Raises OperationalError when the broker is away, LookupError for an unknown kind."""
    _task(job.kind).apply_async(kwargs={"job_id": str(job.pk)})


def _queue_or_leave(job: Job) -> bool:
    try:
        queue(job)
    except OperationalError as error:
        log.warning("job %s stays for core.revive_jobs: %s", job.pk, error)
        return False
    return True


def nudge(name: str) -> None:
    """Have a worker run, now, a task that a beat starts by itself: without a broker the next beat does."""
    try:
        _task(name).apply_async()
    except OperationalError as error:
        log.warning("%s waits for its next beat: %s", name, error)


@contextmanager
def running(job_id: UUID | str) -> Iterator[Job | None]:
    """Claim the job for this worker; yields None when it is finished or another worker holds it.

    Done on leaving; a DomainError fails it with its own words; any other error fails it with a plain
    sentence and is raised. JobCancelled ends it as cancelled. A worker that loses the database leaves the job
    open, for another try.
    """
    job = _claim(job_id)
    if job is None:
        yield None
        return
    try:
        with _ending(job):
            yield job
    finally:
        _let_go(job.pk)


@contextmanager
def _ending(job: Job) -> Iterator[None]:
    try:
        yield
    except JobCancelled as stop:
        _end(job, Job.State.CANCELLED, str(stop))
    except DomainError as refusal:
        _end(job, Job.State.FAILED, str(refusal))
    except Exception:
        _end(job, Job.State.FAILED, "Something failed on our side; nothing was half done.")
        raise
    else:
        _end(job, Job.State.DONE, job.message, done=job.done, total=job.total, result=job.result)


def _claim(job_id: UUID | str) -> Job | None:
    still_open = Job.objects.filter(pk=job_id, finished_at=None)
    if not still_open.exists() or not _hold(job_id, wait=WAIT_FOR_LOCK):
        return None
    at = now()
    # In one statement: whoever cancels it either finds it started or has finished it before.
    claimed = still_open.update(
        state=Job.State.RUNNING, heartbeat_at=at, started_at=Coalesce("started_at", at), attempts=F("attempts") + 1
    )
    if not claimed:
        _let_go(job_id)
        return None
    return Job.objects.get(pk=job_id)


_KEY = "hashtextextended(current_schema() || %s, 7120)"


def _hold(job_id: UUID | str, *, wait: float = 0.0) -> bool:
    """Take the job's lock for this session; False when another one has it for `wait` seconds."""
    until = time.monotonic() + wait
    while True:
        with connection.cursor() as cursor:
            cursor.execute(f"select pg_try_advisory_lock({_KEY})", [str(job_id)])
            if cursor.fetchone()[0]:
                return True
        if time.monotonic() >= until:
            return False
        time.sleep(0.1)


def _let_go(job_id: UUID | str) -> None:
    with suppress(Error), connection.cursor() as cursor:  # without a session there is no lock either
        cursor.execute(f"select pg_advisory_unlock({_KEY})", [str(job_id)])


def progress(job: Job, *, done: int, total: int | None = None, message: str | None = None) -> None:
    """Show how far the job is and notice a cancel. Call it in the batch's own transaction.

    Raises JobCancelled when the person asked to stop.
    """
    job.done = done
    job.total = total if total is not None else job.total
    job.message = message[:400] if message is not None else job.message
    fresh = Job.objects.filter(pk=job.pk, cancel_requested=False).update(
        done=job.done,
        total=job.total,
        message=job.message,
        heartbeat_at=now(),
    )
    if not fresh:
        raise JobCancelled("Stopped at your request.")


def cancel(job: Job) -> None:
    """Ask the worker to stop at its next batch; a job that has not started ends at once."""
    Job.objects.filter(pk=job.pk, finished_at=None).update(cancel_requested=True)
    Job.objects.filter(pk=job.pk, started_at=None, finished_at=None).update(
        state=Job.State.CANCELLED,
        message="Stopped before it started.",
        finished_at=now(),
    )


def _end(job: Job, state: str, message: str, **figures: object) -> None:
    """Close the job, unless it is closed. Without `figures` it keeps those of its last committed batch."""
    job.state, job.message, job.finished_at = state, message[:400], now()
    Job.objects.filter(pk=job.pk, finished_at=None).update(
        state=job.state, message=job.message, finished_at=job.finished_at, **figures
    )


def lost(*, at: datetime) -> QuerySet[Job]:
    """Open jobs without a sign of life for STALE_AFTER; some may be in a long batch."""
    quiet = Q(heartbeat_at__lt=at - STALE_AFTER) | Q(heartbeat_at=None, created_at__lt=at - STALE_AFTER)
    return Job.objects.filter(quiet, finished_at=None).order_by("created_at")


def revive(*, at: datetime) -> int:
    """Queue every open job that lost its worker or never reached one; give up after MOST_ATTEMPTS.

    A job that a worker holds is left alone. Returns how many were queued.
    """
    revived = 0
    for job in lost(at=at):
        if not _hold(job.pk):
            continue
        _let_go(job.pk)
        if job.attempts >= MOST_ATTEMPTS:
            _end(job, Job.State.FAILED, "Gave up after several tries.")
        elif not _revived(job, at):
            break
        else:
            revived += 1
    return revived


def _revived(job: Job, at: datetime) -> bool:
    """Queue it once more and remember when, so that a slow queue is not filled up; False when the broker is away."""
    try:
        if not _queue_or_leave(job):
            return False
    except LookupError:  # a newer version's job, seen by an older worker while a deployment rolls
        log.error("job %s: this version knows no task %s", job.pk, job.kind)
        return True
    Job.objects.filter(pk=job.pk, finished_at=None).update(heartbeat_at=at)
    return True
