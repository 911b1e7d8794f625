from celery import shared_task
from django.utils.timezone import now

from accounts.operations import following
from core.actor import Actor

REVENUE = Actor.system("revenue")


@shared_task(name="accounts.follow_revenue")
def follow_revenue(**_: object) -> None:
    """A new day has come for finance: asked for every hour, done once a day."""
    following.follow_revenue(by=REVENUE, at=now())
