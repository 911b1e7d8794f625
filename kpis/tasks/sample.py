"""Sample data in the worker: a few seconds for accounts, values and scores."""

from celery import shared_task
from django.utils.timezone import now

from accounts.models import Account
from core import jobs
from kpis.operations.sample import SampleDataThere, add_sample_data, remove_sample_data
from kpis.tasks.health import rescore
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
        accounts = list(Account.objects.filter(sample=True).values_list("pk", flat=True))
        rescore(accounts, at)
        job.done = job.total = len(accounts)
        job.message = f"{len(accounts)} sample accounts added."


@shared_task(name="kpis.remove_sample_data")
def remove_sample(*, job_id: str, **_: object) -> None:
    with jobs.running(job_id) as job:
        if job is None:
            return
        job.done = job.total = remove_sample_data(by=on_behalf(job))
        job.message = f"{job.done} sample accounts removed."
