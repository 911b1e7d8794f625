"""Formulas and indicators over the whole book, in the worker: after a formula or a rule was written."""

from celery import shared_task
from django.utils.timezone import now

from core import jobs
from core.models import Job
from core.time import month_of, months_back
from kpis.models import Formula, IndicatorRule
from kpis.operations.formulas import CHUNK, MONTHS, Computed, compute_chunk
from kpis.operations.indicators import Evaluated, evaluate_chunk
from kpis.queries.formulas import live_formulas
from kpis.queries.health import accounts_to_score
from kpis.tasks.health import SCORING, rescore


@shared_task(name="kpis.compute_formula")
def compute_formula(*, job_id: str, **_: object) -> None:
    """A formula was written: compute it and those over it for every account, then score who has other values now."""
    with jobs.running(job_id) as job:
        if job:
            done = _compute(job)
            rescore(sorted(done.accounts), now())
            job.message = f"{done.values:,} values computed for {len(done.accounts):,} accounts."


def _compute(job: Job) -> Computed:
    at, done = now(), Computed()
    code = Formula.objects.values_list("kpi__code", flat=True).get(pk=job.subject_id or "")
    concerned = live_formulas([code])
    accounts, months = accounts_to_score(), months_back(month_of(at.date()), MONTHS)
    for start in range(0, len(accounts), CHUNK):
        chunk = accounts[start : start + CHUNK]
        done += compute_chunk(formulas=concerned, account_ids=chunk, months=months, at=at, by=SCORING)
        jobs.progress(job, done=start + len(chunk), total=len(accounts))
    return done


@shared_task(name="kpis.evaluate_indicators")
def evaluate_all_indicators(*, job_id: str, **_: object) -> None:
    """A rule was written or goes on: hold every account against the rules."""
    with jobs.running(job_id) as job:
        if job is None:
            return
        at, done, accounts = now(), Evaluated(), accounts_to_score()
        active = list(IndicatorRule.objects.filter(active=True).order_by("name"))
        for start in range(0, len(accounts), CHUNK):
            chunk = accounts[start : start + CHUNK]
            done += evaluate_chunk(rules_in_force=active, account_ids=chunk, at=at, by=SCORING)
            jobs.progress(job, done=start + len(chunk), total=len(accounts))
        job.message = f"{done.opened:,} opened, {done.closed:,} closed."
