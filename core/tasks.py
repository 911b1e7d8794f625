from datetime import timedelta

from celery import shared_task
from django.utils.timezone import now

from core import audit, jobs
from core.models import Entry, Outbox


@shared_task(name="core.redeliver")
def redeliver(**_: object) -> None:
    """Start the subscribers of entries whose delivery got lost, e.g. because the broker was away."""
    waiting = Outbox.objects.filter(at__lt=now() - timedelta(seconds=30)).order_by("pk")[:500]
    entries = Entry.objects.in_bulk(list(waiting.values_list("pk", flat=True)))
    for seq in sorted(entries):
        audit.deliver(entries[seq])


@shared_task(name="core.revive_jobs")
def revive_jobs(**_: object) -> None:
    """Start jobs again whose worker died: open, but without a heartbeat."""
    jobs.revive(at=now())
