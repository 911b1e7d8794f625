"""Scoring in the worker. Every task may run twice and may be killed at any line: nothing is scored twice over."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from celery import shared_task
from django.utils.timezone import now

from core import jobs
from core.actor import Actor
from core.models import Job
from kpis.models import Upload
from kpis.operations.formulas import compute_formulas
from kpis.operations.health import Rescored, chunks, portfolio_scored, rescore_accounts, rescore_chunk, rescore_past
from kpis.operations.indicators import evaluate_indicators
from kpis.operations.roll_ups import roll_up_accounts
from kpis.queries.assignment import accounts_under_another_card, live_cards
from kpis.queries.formulas import news_of_upload
from kpis.queries.health import accounts_of_upload, accounts_to_score, accounts_without_last_month
from kpis.scoring.assignment import FACTS

SCORING = Actor.system("scoring")
FAMILY = {"parent_id", "roll_up_method", "arr", "currency"}  # fields of an account that change a roll-up


def rescore(
    account_ids: Sequence[UUID], at: datetime, *, changed: Collection[str] | None = None, since: date | None = None
) -> None:
    """What is computed of the values, then today's scores and indicators, so that people see them soon; then the
    past year's month ends. changed, since: as in `compute_formulas`."""
    compute_formulas(account_ids=account_ids, at=at, by=SCORING, changed=changed, since=since)
    rescore_accounts(account_ids=account_ids, at=at, by=SCORING)
    evaluate_indicators(account_ids=account_ids, at=at, by=SCORING)
    _rescore_past(account_ids, at)


def _rescore_past(account_ids: Sequence[UUID], at: datetime) -> None:
    cards = live_cards()
    for chunk in chunks(account_ids):
        rescore_past(account_ids=chunk, cards=cards, at=at, by=SCORING)


@shared_task(name="kpis.rescore_account")
def rescore_account(*, account_id: str | UUID, kpi: str | None = None, period: str | None = None, **_: object) -> None:
    """One of its values was corrected, or the account is new."""
    since = date.fromisoformat(period) if period else None
    rescore([UUID(str(account_id))], now(), changed=[kpi] if kpi else None, since=since)


@shared_task(name="kpis.rescore_edited", many=True)  # type: ignore[call-overload]
def rescore_edited(*, events: list[dict[str, Any]], **_: object) -> None:
    """Somebody edited accounts: score those that another scorecard may apply to now, or whose field a formula reads."""
    at, edited = now(), {UUID(str(event["account_id"])): set(event["changes"]) for event in events}
    for event in events:  # the same account may be in it twice
        edited[UUID(str(event["account_id"]))] |= set(event["changes"])
    computed = compute_formulas(account_ids=sorted(edited), at=at, by=SCORING, since=at.date())
    moved = {pk for pk, changes in edited.items() if pk in computed.accounts or changes & set(FACTS)}
    if moved:
        rescore(sorted(moved), at, changed=[])
    if others := sorted(set(edited) - moved):
        evaluate_indicators(account_ids=others, at=at, by=SCORING)
    family = {pk for pk, changes in edited.items() if changes & FAMILY}
    parents = {UUID(str(end)) for event in events for end in event["changes"].get("parent_id", []) if end}
    if family:
        roll_up_accounts(account_ids=sorted(family | parents), at=at, by=SCORING)


@shared_task(name="kpis.roll_up_account")
def roll_up_account(*, account_id: str | UUID, **_: object) -> None:
    """An account left every list or came back: its parents are made of others now."""
    roll_up_accounts(account_ids=[UUID(str(account_id))], at=now(), by=SCORING)


@shared_task(name="kpis.rescore_batch")
def rescore_batch(*, upload_id: str | UUID, account_ids: Sequence[str], **_: object) -> None:
    """Some rows of a file were committed. While the file is still being imported its end is waited for: half a
    file gives half a score, and a playbook started by one cannot be taken back."""
    importing = Upload.objects.filter(pk=upload_id, state=Upload.State.IMPORTING)
    if not importing.exists():
        rescore([UUID(str(account_id)) for account_id in account_ids], now())


@shared_task(name="kpis.rescore_upload")
def rescore_upload(*, upload_id: str | UUID, **_: object) -> None:
    """A file was imported, or stopped half way: score every account it brought something for."""
    changed, since = news_of_upload(UUID(str(upload_id)))
    rescore(accounts_of_upload(UUID(str(upload_id))), now(), changed=changed, since=since)


@shared_task(name="kpis.rescore_new")
def rescore_new(**_: object) -> None:
    """A file of accounts: those without a score get one, those that another scorecard is for now another."""
    at = now()
    rescore(accounts_to_score(unscored=True), at)
    rescore(accounts_under_another_card(at.date()), at)
    roll_up_accounts(account_ids=None, at=at, by=SCORING)


@shared_task(name="kpis.rescore_portfolio")
def rescore_portfolio(*, job_id: str | None = None, **_: object) -> None:
    """Score every account: each night, because values age, and when somebody asks for it (then with a job)."""
    if job_id is None:
        _rescore_all(None)
        return
    with jobs.running(job_id) as job:
        if job:
            done = _rescore_all(job)
            job.message = f"{done.scored:,} accounts scored, {done.moved:,} moved."


def _rescore_all(job: Job | None) -> Rescored:
    at, cards, done = now(), live_cards(), Rescored()
    account_ids = accounts_to_score()
    for chunk in chunks(account_ids):
        # At night only what the new day brings; whoever asks has every month looked at.
        compute_formulas(account_ids=chunk, at=at, by=SCORING, since=None if job else at.date())
        done += rescore_chunk(account_ids=chunk, cards=cards, at=at, by=SCORING)
        evaluate_indicators(account_ids=chunk, at=at, by=SCORING)
        if job:
            jobs.progress(job, done=done.scored, total=len(account_ids))
    if account_ids:
        portfolio_scored(done=done, by=SCORING)
    roll_up_accounts(account_ids=None, at=at, by=SCORING)
    _rescore_past(accounts_without_last_month(at.date()), at)
    return done
