"""Background jobs: start, progress with cancel, finish. The worker may be killed at any line."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from uuid import UUID

from celery import current_app
from django.db import transaction
from django.db.models import F, Q
from django.utils.timezone import now

from core.actor import Actor
from core.errors import DomainError
from core.models import Job, JobCancelled

STALE_AFTER = timedelta(seconds=60)
MOST_ATTEMPTS = 8


def start_job(kind: str, *, by: Actor, subject_id: UUID | None = None, unit: str = "rows") -> Job:
    """Create the job row and queue the task named `kind` with `job_id` after commit.

    If the broker is away the row stays queued and `core.revive_jobs` queues it again.
    """
    job = Job.objects.create(
        kind=kind,
        subject_id=subject_id,
        unit=unit,
        created_by_id=by.user_id,
        created_by_label=by.label,
        created_at=now(),
    )
    transaction.on_commit(lambda: queue(job), robust=True)
    return job


def queue(job: Job) -> None:
    current_app.tasks[job.kind].apply_async(kwargs={"job_id": str(job.pk)})


@contextmanager
def running(job_id: UUID | str) -> Iterator[Job | None]:
    """Claim the job for this worker; yields None when it is finished or another worker holds it.

    Done on leaving; a DomainError fails it with its own words; any other error fails it with a plain
    sentence and is raised. JobCancelled ends it as cancelled.
    """
    job = _claim(job_id)
    if job is None:
        yield None
        return
    try:
        yield job
    except JobCancelled as stop:
        _end(job, Job.State.CANCELLED, str(stop))
    except Exception as error:
        expected = isinstance(error, DomainError)
        _end(
            job,
            Job.State.FAILED,
            str(error) if expected else "Something failed on our side; nothing was half done.",
        )
        if not expected:
            raise
    else:
        _end(job, Job.State.DONE, job.message)


def _claim(job_id: UUID | str) -> Job | None:
    at = now()
    free = Q(heartbeat_at=None) | Q(heartbeat_at__lt=at - STALE_AFTER)
    claimed = Job.objects.filter(free, pk=job_id, finished_at=None).update(
        state=Job.State.RUNNING, heartbeat_at=at, attempts=F("attempts") + 1
    )
    if not claimed:
        return None
    Job.objects.filter(pk=job_id, started_at=None).update(started_at=at)
    return Job.objects.get(pk=job_id)


def progress(job: Job, *, done: int, total: int | None = None, message: str | None = None) -> None:
    """Show how far the job is and notice a cancel. Call it in the batch's own transaction.

    Raises JobCancelled when the person asked to stop.
    """
    job.done = done
    job.total = total if total is not None else job.total
    job.message = message if message is not None else job.message
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


def _end(job: Job, state: str, message: str) -> None:
    job.state, job.message, job.finished_at = state, message[:400], now()
    job.save(update_fields=["state", "message", "finished_at", "result", "done", "total"])


def revive(*, at: datetime) -> int:
    """Queue every open job that lost its worker or never reached one; give up after MOST_ATTEMPTS."""
    lost = Job.objects.filter(finished_at=None).filter(
        Q(heartbeat_at__lt=at - STALE_AFTER) | Q(heartbeat_at=None, created_at__lt=at - STALE_AFTER)
    )
    lost.filter(attempts__gte=MOST_ATTEMPTS).update(
        state=Job.State.FAILED, message="Gave up after several tries.", finished_at=at
    )
    revived = list(lost.filter(attempts__lt=MOST_ATTEMPTS))
    for job in revived:
        queue(job)
    return len(revived)
