from celery import shared_task
from django.utils.timezone import now

from accounts.operations.duplicates import FIND, find_duplicates
from core import jobs


@shared_task(name=FIND)
def find_all_duplicates(*, job_id: str, **_: object) -> None:
    """Somebody asked for it, and watches."""
    with jobs.running(job_id) as job:
        if job:
            waiting = find_duplicates(at=now(), job=job)
            job.message = f"{waiting:,} pair{'' if waiting == 1 else 's'} to look at."


@shared_task(name="accounts.look_for_duplicates")
def look_for_duplicates(**_: object) -> None:
    """Each night."""
    find_duplicates(at=now())
