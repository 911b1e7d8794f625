"""Hold a version of a scorecard against what really happened: ask for it, compute it in the worker, keep the record."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import numpy as np
from django.db import transaction
from uuid6 import uuid7

from core import jobs
from core.actor import Actor
from core.audit import record
from core.errors import DomainError
from core.models import Job
from core.rules import require
from kpis import rules
from kpis.backtest import Happened, Replayed
from kpis.backtest import result as results
from kpis.events import BackTestFinished, BackTestStarted
from kpis.models import BackTest, ScorecardVersion
from kpis.queries import replayed
from kpis.queries.back_tests import previous_of, running_test
from kpis.queries.facts import kpi_facts
from kpis.queries.health import LiveCard, card_of
from kpis.queries.replayed import Population
from kpis.scoring import definition_hash
from kpis.scoring.checker import check, refusals
from tenants.context import take_lock

TEST = "kpis.back_test"


class NotTestable(DomainError):
    """The text has faults the checker refuses, so there is nothing sound to test."""


@transaction.atomic
def start_back_test(*, version_id: UUID, by: Actor, at: datetime) -> BackTest:
    """Have the worker test a version; a test of the same text that is under way is the answer.

    Emits BackTestStarted. Raises NotTestable, PermissionDenied, ScorecardVersion.DoesNotExist.
    """
    require(by, rules.EDIT_SCORECARD)
    version = ScorecardVersion.objects.select_related("scorecard").get(pk=version_id)
    if under_way := running_test(version):
        return under_way
    refused = refusals(check(version.definition, kpi_facts()))
    if refused:
        raise NotTestable(f"Mend what the checker refuses first: {refused[0].message}")
    return queue_back_test(version=version, by=by, at=at)


@transaction.atomic
def queue_back_test(*, version: ScorecardVersion, by: Actor, at: datetime) -> BackTest:
    """The worker tests this version, unless a test of its text is under way. For operations that have asked already
    whether `by` may do what this follows from, and whether the checker passes. Emits BackTestStarted."""
    take_lock("back-tests")
    if under_way := running_test(version):
        return under_way
    back_test_id = uuid7()
    made: BackTest = BackTest.objects.create(
        pk=back_test_id,
        version=version,
        definition_hash=definition_hash(version.definition),
        job=jobs.start_job(TEST, by=by, subject_id=back_test_id, unit="accounts"),
        created_at=at,
        created_by=by.label[:160],
    )
    record(BackTestStarted(None, made.pk, version.scorecard_id, version.number), by=by)
    return made


@transaction.atomic
def cancel_back_test(*, back_test_id: UUID, by: Actor) -> BackTest:
    """Ask the worker to stop; what is finished already stays. Raises PermissionDenied, BackTest.DoesNotExist."""
    require(by, rules.EDIT_SCORECARD)
    found: BackTest = BackTest.objects.select_related("job").get(pk=back_test_id)
    if found.job is not None:
        jobs.cancel(found.job)
    return found


def run_back_test(*, back_test_id: UUID, job: Job, by: Actor, at: datetime) -> BackTest:
    """Compute the record and keep it. Nothing is kept of a test that is stopped. Raises DomainError, JobCancelled."""
    made: BackTest = BackTest.objects.select_related("version__scorecard").get(pk=back_test_id)
    if made.finished_at is not None:
        return made
    if definition_hash(made.version.definition) != made.definition_hash:
        raise DomainError("The draft was changed before its test began. Start the test again.")
    found = result_of(version=made.version, job=job, until=at.date())
    return finish_back_test(back_test_id=back_test_id, result=found, by=by, at=at)


@transaction.atomic
def finish_back_test(*, back_test_id: UUID, result: dict[str, Any], by: Actor, at: datetime) -> BackTest:
    """Keep the record of a test that is done; whoever began it was asked then. Emits BackTestFinished."""
    made: BackTest = BackTest.objects.select_for_update(of=("self",)).select_related("version").get(pk=back_test_id)
    if made.finished_at is None:
        made.result, made.finished_at = result, at
        made.save(update_fields=["result", "finished_at"])
        number, card = made.version.number, made.version.scorecard_id
        record(BackTestFinished(None, made.pk, card, number, result["verdict"]), by=by)
    return made


def result_of(*, version: ScorecardVersion, job: Job | None, until: date) -> dict[str, Any]:
    """The record of a version's text as of the day `until`, as `kpis.backtest.result` makes it, and what it rests on.

    sample: only openly synthetic accounts were there. against: the version it is compared with, None without one.
    left_out: outcome-like KPIs. days: the month ends that were scored.
    """
    found, before = replayed.population(version, until=until), previous_of(version)
    cards = [card_of(version), *([card_of(before)] if before else [])]
    days = replayed.test_days(found.accounts, until=until)
    readings, late = _readings(found, cards, days, job=job)
    made = results.record(
        readings,
        Happened(_days(found.churned), _days(found.since), np.datetime64(until)),
        accounts=[str(account) for account in found.accounts],
        renewals=found.renewals,
        late_share=late,
        between=lambda: _still(job, len(found.accounts)),
    )
    return {
        **made,
        "sample": found.sample,
        "until": until.isoformat(),
        "days": [day.isoformat() for day in days],
        "red_below": float(cards[0].rules.yellow_from),
        "green_from": float(cards[0].rules.green_from),
        "left_out": replayed.left_out(cards[0]),
        "against": {"version": str(before.pk), "label": str(before)} if before else None,
    }


def _readings(
    found: Population, cards: list[LiveCard], days: list[date], *, job: Job | None
) -> tuple[dict[str, results.Reading], float | None]:
    """Both readings under all cards, scored a few hundred accounts at a time; then the share of late values."""
    scores: dict[str, list[list[Any]]] = {name: [[] for _ in cards] for name in results.READINGS}
    cells = late = done = 0
    for chunk in replayed.chunks(found.accounts) if days else ():
        part = replayed.replay(chunk, cards, days)
        for name, of_cards in part.scores.items():
            for kept, more in zip(scores[name], of_cards, strict=True):
                kept.append(more)
        cells, late, done = cells + part.cells, late + part.late, done + len(chunk)
        if job is not None:
            jobs.progress(job, done=done, total=len(found.accounts), message="Scoring the past")
    _still(job, len(found.accounts))
    ends, red = np.array(days, dtype="datetime64[D]"), [int(card.rules.yellow_from * 100) for card in cards]
    nothing = np.full((len(found.accounts), len(days)), -1, dtype=np.int64)
    readings = {}
    for name, every_card in scores.items():
        each = [
            Replayed(ends, np.concatenate(parts) if parts else nothing, below)
            for parts, below in zip(every_card, red, strict=True)
        ]
        readings[name] = results.Reading(each[0], each[1] if len(each) > 1 else None)
    return readings, (late / cells if cells else None)


def _still(job: Job | None, accounts: int) -> None:
    """All accounts are scored and the figures are being worked out. Raises JobCancelled."""
    if job is not None:
        jobs.progress(job, done=accounts, total=accounts, message="Working out the intervals")


def _days(days: list[date | None]) -> Any:
    return np.array(days, dtype="datetime64[D]")  # None becomes NaT
