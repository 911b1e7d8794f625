from uuid import UUID

from celery import shared_task
from django.utils.timezone import now

from core import jobs
from kpis.models import Upload
from kpis.operations import quality as operations
from kpis.operations.cleaning import decide_all, find_suggestions
from kpis.queries.cleaning import accounts_to_clean
from kpis.queries.health import accounts_of_upload
from kpis.tasks.people import on_behalf


@shared_task(name="kpis.look_through_upload")
def look_through_upload(*, upload_id: str | UUID, **_: object) -> None:
    """A file was imported: doubt what is doubtful in it. It may have been rolled back meanwhile."""
    at, upload = now(), Upload.objects.filter(pk=upload_id, position__gt=0).first()
    if upload is not None and upload.state != Upload.State.ROLLED_BACK:
        accounts = accounts_of_upload(upload.pk)
        find_suggestions(account_ids=accounts, today=at.date(), at=at, upload_id=upload.pk)


@shared_task(name="kpis.find_suggestions")
def find_everywhere(*, job_id: str, **_: object) -> None:
    with jobs.running(job_id) as job:
        if job:
            at = now()
            new = find_suggestions(account_ids=accounts_to_clean(), today=at.date(), at=at, job=job)
            job.message = f"{new:,} new suggestions."


@shared_task(name="kpis.decide_suggestions")
def decide_suggestions(*, job_id: str, **_: object) -> None:
    with jobs.running(job_id) as job:
        if job:
            decide_all(job=job, by=on_behalf(job), at=now())


@shared_task(name="kpis.measure_quality")
def measure_quality(**_: object) -> None:
    """Each night, and when a file came in or was rolled back."""
    operations.measure_quality(at=now())


@shared_task(name="kpis.measure_now")
def measure_now(*, job_id: str, **_: object) -> None:
    with jobs.running(job_id) as job:
        if job:
            operations.measure_quality(at=now())
