"""Back-tests in the worker. Killed at any line, a test starts again; its record is written once."""

from celery import shared_task
from django.utils.timezone import now

from core import jobs
from kpis.operations.back_tests import run_back_test
from kpis.tasks.people import on_behalf


@shared_task(name="kpis.back_test")
def back_test(*, job_id: str, **_: object) -> None:
    with jobs.running(job_id) as job:
        if job and job.subject_id:
            made = run_back_test(back_test_id=job.subject_id, job=job, by=on_behalf(job), at=now())
            found = made.result or {}
            job.done = job.total = found.get("accounts", 0)
            job.message = "Done." if found.get("verdict") != "cannot_tell" else "Done: it cannot tell."
