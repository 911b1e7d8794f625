import logging
import time
from datetime import datetime, timedelta

from celery import shared_task
from django.utils.timezone import now

from core import audit, jobs

log = logging.getLogger(__name__)

UNDELIVERED_AFTER = timedelta(seconds=30)  # until then whoever committed the change may still be at it
OVERDUE_AFTER = timedelta(minutes=5)
AT_MOST = 30.0  # seconds of one redelivery; the next one goes on


@shared_task(name="core.redeliver")
def redeliver(**_: object) -> None:
    """Start the subscribers of entries whose delivery got lost, e.g. because the broker was away."""
    until, before = time.monotonic() + AT_MOST, now() - UNDELIVERED_AFTER
    if not _waiting(before):
        return
    last: int | None = 0
    while last is not None and time.monotonic() < until:
        last = audit.redeliver(before=before, after=last)
    if since := _waiting(now() - OVERDUE_AFTER):
        log.error("entries have waited for their subscribers since %s", since.isoformat())


def _waiting(before: datetime) -> datetime | None:
    since = audit.oldest_waiting()
    return since if since and since < before else None


@shared_task(name="core.revive_jobs")
def revive_jobs(**_: object) -> None:
    """Start jobs again whose worker died, or that never reached one."""
    jobs.revive(at=now())
