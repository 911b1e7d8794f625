from celery import shared_task
from django.utils.timezone import now

from core import jobs
from core.actor import Actor
from core.models import Job
from kpis import operations
from users.models import User


def _on_behalf(job: Job) -> Actor:
    """Whoever started the job: a file fills the accounts of the person who brought it, not more."""
    user = User.objects.select_related("role").filter(pk=job.created_by_id).first()
    return user.as_actor() if user else Actor.system(job.created_by_label.removeprefix("system:"))


@shared_task(name="kpis.read_upload")
def read_upload(*, job_id: str, **_: object) -> None:
    with jobs.running(job_id) as job:
        if job and job.subject_id:
            by, at = _on_behalf(job), now()
            operations.read_upload(upload_id=job.subject_id, job=job, by=by, today=at.date(), at=at)


@shared_task(name="kpis.import_upload")
def import_upload(*, job_id: str, **_: object) -> None:
    with jobs.running(job_id) as job:
        if job and job.subject_id:
            by, at = _on_behalf(job), now()
            operations.import_upload(upload_id=job.subject_id, job=job, by=by, today=at.date(), at=at)


@shared_task(name="kpis.take_in_held")
def take_in_held(*, job_id: str, **_: object) -> None:
    with jobs.running(job_id) as job:
        if job and job.subject_id:
            by, at = _on_behalf(job), now()
            operations.import_held(upload_id=job.subject_id, job=job, by=by, today=at.date(), at=at)
