"""Measure what a run started from and what it came to, and keep what people say of it."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef

from core.actor import Actor
from core.audit import record
from core.errors import Conflict, DomainError
from core.rules import require
from playbooks import rules
from playbooks.effect.criteria import measured_kpis
from playbooks.events import RunMeasured, RunResultSet
from playbooks.measured.known import health_known, kpis_known
from playbooks.models import Measurement, Run, RunResult

Moment = Measurement.Moment
AFTER = {Moment.END: 0, Moment.DAY_30: 30, Moment.DAY_60: 60, Moment.DAY_90: 90}  # days after the end


class NotEnded(DomainError):
    """The run is still at work: nobody can say yet what came of it."""


@transaction.atomic
def measure_run(*, run_id: UUID, moment: str, by: Actor, at: datetime) -> bool:
    """Keep health and the playbook's success KPIs as they were known at that moment of the run; False when it is not
    due or was done before.

    Whenever it is called, it reads what was known then: late delivery and repetition change nothing. Emits RunMeasured.
    """
    run = Run.objects.visible_to(by).select_related("playbook").select_for_update(of=("self",)).get(pk=run_id)
    when = run.started_at if moment == Moment.START else _after(run, moment)
    if when is None or when > at or Measurement.objects.filter(run=run, moment=moment).exists():
        return False
    figures = [health_known(run.account_id, when)]
    figures += kpis_known(run.account_id, measured_kpis(run.playbook.code), when)
    Measurement.objects.bulk_create(
        Measurement(run=run, account_id=run.account_id, moment=moment, at=when, taken_at=at, **vars(figure))
        for figure in figures
    )
    unknown = sum(figure.value is None for figure in figures)
    record(RunMeasured(run.account_id, run.pk, run.playbook.code, moment, len(figures) - unknown, unknown), by=by)
    return True


def _after(run: Run, moment: str) -> datetime | None:
    return run.finished_at + timedelta(days=AFTER[Moment(moment)]) if run.finished_at else None


def measure_what_is_due(*, by: Actor, at: datetime) -> int:
    """Every moment that has come and was not measured: a start whose news was lost too. Returns how many."""
    done = 0
    for moment in Moment:
        taken = Measurement.objects.filter(run=OuterRef("pk"), moment=moment)
        runs = Run.objects.visible_to(by).filter(~Exists(taken))
        if moment != Moment.START:
            runs = runs.filter(finished_at__lte=at - timedelta(days=AFTER[moment]))
        for run_id in list(runs.order_by("pk").values_list("pk", flat=True)):
            done += measure_run(run_id=run_id, moment=moment, by=by, at=at)
    return done


@transaction.atomic
def forget_the_end(*, run_id: UUID, by: Actor) -> None:
    """A run that goes on after its end has no end yet: what was measured after it, and its result, go. Idempotent."""
    run = Run.objects.visible_to(by).select_for_update(of=("self",)).filter(pk=run_id, finished_at=None).first()
    if run is not None:
        Measurement.objects.filter(run=run).exclude(moment=Moment.START).delete()
        RunResult.objects.filter(run=run).delete()


@transaction.atomic
def set_result(*, run_id: UUID, code: str, reason: str, expected_version: int, by: Actor, at: datetime) -> RunResult:
    """Say what came of a run that has ended. expected_version: of the result that was seen, 0 for none.

    Emits RunResultSet. Raises NotEnded, Conflict, DomainError without a reason, PermissionDenied, Run.DoesNotExist.
    """
    run = Run.objects.visible_to(by).select_related("playbook").select_for_update(of=("self",)).get(pk=run_id)
    require(by, rules.START, run)
    if run.finished_at is None:
        raise NotEnded("This playbook is still running. Its result is recorded when it has ended.")
    if code not in RunResult.Code.values:
        raise DomainError("Choose what came of it.", field="code")
    if not reason.strip():
        raise DomainError("Say in a few words why.", field="reason")
    found = RunResult.objects.filter(run=run).first()
    if (found.version if found else 0) != expected_version:
        who = found.decided_by if found else "somebody"
        raise Conflict(f"{who} has changed the result since you opened this page. Look again.")
    made: RunResult
    made, _ = RunResult.objects.update_or_create(
        run=run,
        defaults={
            "account_id": run.account_id, "code": code, "reason": reason.strip(), "decided_at": at,
            "decided_by": by.label[:160], "version": expected_version + 1,
        },
    )  # fmt: skip
    record(RunResultSet(run.account_id, run.pk, run.playbook.code, code), by=by)
    return made
