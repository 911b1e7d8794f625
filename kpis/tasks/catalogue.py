from celery import shared_task
from django.utils.timezone import now

from core.actor import Actor
from kpis.operations.ranges import bring_into_force


@shared_task(name="kpis.bring_ranges_into_force")
def bring_ranges_into_force(**_: object) -> None:
    """Ranges whose day has come are in force; each night, and safe to repeat."""
    bring_into_force(at=now(), by=Actor.system("catalogue"))
