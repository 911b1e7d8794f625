"""Sample data in the worker: a few seconds for accounts, values and scores."""

from celery import shared_task
from django.utils.timezone import now

from accounts.models import Account
from accounts.operations.watching import watch_renewals
from core import jobs
from kpis.operations.health import chunks, rescore_past
from kpis.operations.sample import SampleDataThere, add_sample_data, add_sample_outcomes, remove_sample_data
from kpis.queries.assignment import live_cards
from kpis.tasks.health import SCORING, rescore
from kpis.tasks.people import on_behalf


@shared_task(name="kpis.add_sample_data")
def add_sample(*, job_id: str, **_: object) -> None:
    with jobs.running(job_id) as job:
        if job is None:
            return
        at = now()
        try:
            add_sample_data(by=on_behalf(job), at=at)
        except SampleDataThere:
            if job.attempts == 1:
                raise
        accounts = list(Account.objects.filter(sample=True, archived_at=None).values_list("pk", flat=True))
        rescore(accounts, at)
        for chunk in chunks(add_sample_outcomes(by=on_behalf(job), at=at)):
            rescore_past(account_ids=chunk, cards=live_cards(), at=at, by=SCORING)
        watch_renewals(by=SCORING, at=at)
        job.done = job.total = len(accounts)
        job.message = f"{len(accounts)} sample accounts added."


@shared_task(name="kpis.remove_sample_data")
def remove_sample(*, job_id: str, **_: object) -> None:
    with jobs.running(job_id) as job:
        if job is None:
            return
        job.done = job.total = remove_sample_data(by=on_behalf(job))
        job.message = f"{job.done} sample accounts removed."
