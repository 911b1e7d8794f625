from celery import shared_task
from django.utils.timezone import localdate, now

from accounts.operations.watching import snapshot_week, watch_renewals
from core.actor import Actor


@shared_task(name="accounts.watch_renewals")
def watch(**_: object) -> None:
    """Every day: statuses by rule, checkpoints whose day has come, and the snapshot of the running week."""
    at = now()
    watch_renewals(by=Actor.system("renewals"), at=at)
    snapshot_week(on=localdate(at))
