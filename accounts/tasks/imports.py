from collections.abc import Callable

from celery import shared_task
from django.utils import timezone

from accounts.models import RecordImport
from accounts.operations.record_runs import bring_import, try_import, undo_import
from core import jobs
from core.actor import Actor
from core.time import zone
from users.models import User


def _with(job_id: str, work: Callable[..., None]) -> None:
    with jobs.running(job_id) as job:
        if job is None:
            return
        # Whoever started it: the file does what that person may do, not more, and means the days of their clock.
        user = User.objects.select_related("role").filter(pk=job.created_by_id).first()
        by = user.as_actor() if user else Actor.system("imports")
        with timezone.override(zone(user.time_zone if user else "UTC")):
            work(batch=RecordImport.objects.get(pk=str(job.subject_id)), by=by, at=timezone.now(), job=job)


@shared_task(name="accounts.try_import")
def try_records(*, job_id: str, **_: object) -> None:
    _with(job_id, try_import)


@shared_task(name="accounts.bring_import")
def bring_records(*, job_id: str, **_: object) -> None:
    _with(job_id, bring_import)


@shared_task(name="accounts.undo_import")
def undo_records(*, job_id: str, **_: object) -> None:
    _with(job_id, undo_import)
