from celery import shared_task
from django.utils.timezone import now

from accounts.operations import tasks
from core.actor import Actor


@shared_task(name="accounts.remind")
def remind(**_: object) -> None:
    """Send the reminders that are due; each fires once, however often this runs."""
    at = now()
    tasks.remind(on=at.date(), by=Actor.system("reminders"), at=at)
