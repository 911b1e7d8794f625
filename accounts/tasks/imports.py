from collections.abc import Callable

from celery import shared_task
from django.utils.timezone import now

from accounts.models import RecordImport
from accounts.operations.record_imports import bring_import, try_import, undo_import
from core import jobs
from core.actor import Actor
from core.models import Job
from users.models import User


def _with(job_id: str, work: Callable[..., None]) -> None:
    with jobs.running(job_id) as job:
        if job:
            work(batch=RecordImport.objects.get(pk=str(job.subject_id)), by=_on_behalf(job), at=now(), job=job)


def _on_behalf(job: Job) -> Actor:
    """Whoever started it: the file does what that person may do, not more."""
    user = User.objects.select_related("role").filter(pk=job.created_by_id).first()
    return user.as_actor() if user else Actor.system("imports")


@shared_task(name="accounts.try_import")
def try_records(*, job_id: str, **_: object) -> None:
    _with(job_id, try_import)


@shared_task(name="accounts.bring_import")
def bring_records(*, job_id: str, **_: object) -> None:
    _with(job_id, bring_import)


@shared_task(name="accounts.undo_import")
def undo_records(*, job_id: str, **_: object) -> None:
    _with(job_id, undo_import)
