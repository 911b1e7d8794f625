from celery import shared_task
from django.utils.timezone import now

from accounts.operations import following, revenue_rules
from core import jobs
from core.actor import Actor

REVENUE = Actor.system("revenue")


@shared_task(name="accounts.follow_revenue")
def follow_revenue(**_: object) -> None:
    """A new day has come for finance: asked for every hour, done once a day."""
    following.follow_revenue(by=REVENUE, at=now())


@shared_task(name=revenue_rules.REBUILD)
def rebuild_revenue(*, job_id: str, **_: object) -> None:
    """The rules changed, or somebody asked for it."""
    with jobs.running(job_id) as job:
        if job:
            done, changed = revenue_rules.rebuild_revenue(job=job, by=REVENUE, at=now())
            job.message = f"{done:,} accounts read anew, {changed:,} changed."
