from uuid import UUID

from celery import shared_task
from django.utils.timezone import now

from core import jobs
from core.actor import Actor
from kpis import operations
from kpis.queries.uploads import proposals_waiting_for
from kpis.tasks.people import on_behalf


@shared_task(name="kpis.read_upload")
def read_upload(*, job_id: str, **_: object) -> None:
    with jobs.running(job_id) as job:
        if job and job.subject_id:
            by, at = on_behalf(job), now()
            operations.read_upload(upload_id=job.subject_id, job=job, by=by, today=at.date(), at=at)
            if by.is_system:
                operations.commit_alone(upload_id=job.subject_id, by=by)


@shared_task(name="kpis.look_into_inbox")
def look_into_inbox(**_: object) -> None:
    """Every few minutes in every tenant: pick up what was laid down in its folder."""
    operations.look_into_inbox(by=Actor.system("inbox"), at=now())


@shared_task(name="kpis.import_upload")
def import_upload(*, job_id: str, **_: object) -> None:
    with jobs.running(job_id) as job:
        if job and job.subject_id:
            by, at = on_behalf(job), now()
            operations.import_upload(upload_id=job.subject_id, job=job, by=by, today=at.date(), at=at)


@shared_task(name="kpis.take_in_held")
def take_in_held(*, job_id: str, **_: object) -> None:
    with jobs.running(job_id) as job:
        if job and job.subject_id:
            by, at = on_behalf(job), now()
            operations.import_held(upload_id=job.subject_id, job=job, by=by, today=at.date(), at=at)


@shared_task(name="kpis.read_proposals_again")
def read_proposals_again(*, unknown_id: str | UUID, **_: object) -> None:
    """A KPI name was settled: what files that wait to be committed would bring is another now."""
    for upload in proposals_waiting_for(UUID(str(unknown_id))):
        operations.read_again(upload_id=upload.pk, by=on_behalf(upload))


@shared_task(name="kpis.roll_back_upload")
def roll_back_upload(*, job_id: str, **_: object) -> None:
    with jobs.running(job_id) as job:
        if job and job.subject_id:
            operations.take_back(upload_id=job.subject_id, job=job, by=on_behalf(job), at=now())
