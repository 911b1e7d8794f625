from datetime import timedelta

from celery import current_app, shared_task
from django.utils.timezone import now

from tenants.models import PendingSignup, RefusedTask, ScheduledRun
from tenants.schedule import slot_of, start_everywhere


@shared_task(name="tenants.for_each", public=True)  # type: ignore[call-overload]
def for_each(*, task: str, every: int = 60, slot: str = "", **_: object) -> None:
    """Start the task named `task` once in every active tenant. The only task that beat schedules.

    `every` is the length of a slot in seconds, the interval of the schedule; `slot` is for repairs by hand.
    """
    start_everywhere(current_app.tasks[task], slot or slot_of(now(), every))


@shared_task(name="tenants.prune", public=True)  # type: ignore[call-overload]
def prune(**_: object) -> None:
    """Drop sign-ups nobody confirmed, finished slots after a week and refused tasks after a quarter."""
    at = now()
    PendingSignup.objects.filter(expires_at__lt=at).delete()
    ScheduledRun.objects.filter(created_at__lt=at - timedelta(days=7)).delete()
    RefusedTask.objects.filter(at__lt=at - timedelta(days=90)).delete()
