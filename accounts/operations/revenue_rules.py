"""How the workspace reads its revenue: a change is a new version, and the worker reads every account anew under it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import available_timezones

from django.db import transaction

from accounts import rules
from accounts.events import RevenueRulesChanged
from accounts.models import RevenueDay, RevenueRules
from accounts.operations.following import CHUNK, with_revenue
from accounts.operations.movements import bring
from accounts.queries.revenue_rules import CHOICES, DAYS, Rules, rules_in_force, rules_of
from core import jobs
from core.actor import Actor
from core.audit import record
from core.errors import Conflict, DomainError
from core.models import Job
from core.money import CURRENCIES
from core.rules import require
from tenants.context import take_lock

REBUILD = "accounts.rebuild_revenue"


@transaction.atomic
def set_revenue_rules(
    *, expected_version: int, changes: Mapping[str, Any], reason: str = "", by: Actor, at: datetime
) -> Rules:
    """Change fields of the rules; the worker then reads every account anew, unless only the currency is another.

    expected_version: that of the rules that the person saw, 0 for the defaults. Emits RevenueRulesChanged. Raises
    Conflict, DomainError, PermissionDenied.
    """
    require(by, rules.SET_REVENUE_RULES)
    take_lock("revenue rules")
    before = rules_in_force()
    if before.version != expected_version:
        raise Conflict("Somebody else changed these rules since you opened them. Nothing of theirs was overwritten.")
    old = before.given()
    if unknown := set(changes) - set(old):
        raise TypeError(f"no such rule: {', '.join(sorted(unknown))}")
    new = old | dict(changes)
    _check(new)
    differing = {name: [str(old[name]), str(new[name])] for name in old if old[name] != new[name]}
    if not differing:
        return before
    row = RevenueRules(version=before.version + 1, reason=reason.strip()[:300], made_at=at, made_by=by.label[:160])
    for name, value in new.items():
        setattr(row, name, value)
    row.save(force_insert=True)
    record(RevenueRulesChanged(None, row.version, differing, row.reason), by=by)
    if set(differing) - {"reporting_currency"}:
        _start(by, row.pk)
    return rules_of(row)


def _check(new: Mapping[str, Any]) -> None:
    for name, most in DAYS.items():
        if not 0 <= new[name] <= most:
            raise DomainError(f"Between 0 and {most} days.", field=name)
    for name, choices in CHOICES.items():
        if new[name] not in dict(choices):
            raise DomainError("Choose one of them.", field=name)
    if new["time_zone"] not in available_timezones():
        raise DomainError("There is no such time zone; write it like Europe/Berlin.", field="time_zone")
    if new["reporting_currency"] not in ("", *CURRENCIES):
        raise DomainError("Choose a currency.", field="reporting_currency")


@transaction.atomic
def start_rebuilding_revenue(*, by: Actor) -> Job:
    """Have the worker read the revenue of every account anew; the job that runs already, if there is one."""
    require(by, rules.SET_REVENUE_RULES)
    take_lock("revenue rules")
    return Job.objects.filter(kind=REBUILD, finished_at=None).first() or jobs.start_job(REBUILD, by=by, unit="accounts")


def _start(by: Actor, version_id: UUID) -> None:
    """One that runs reads by rules that are not in force any more."""
    for job in Job.objects.filter(kind=REBUILD, finished_at=None):
        jobs.cancel(job)
    jobs.start_job(REBUILD, by=by, subject_id=version_id, unit="accounts")


def rebuild_revenue(*, job: Job, by: Actor, at: datetime) -> tuple[int, int]:
    """Read every account anew; returns how many there are and how many changed. Killed, it starts over: idempotent.

    Emits AccountEdited for accounts whose ARR or next renewal changed.
    """
    now = rules_in_force()
    on, total = now.day(at), len(with_revenue(after=None, most=None))
    after, done, changed = None, 0, 0
    while ids := with_revenue(after=after, most=CHUNK):
        with transaction.atomic():
            changed += len(bring(account_ids=ids, on=on, rules=now, by=by).changed)
            after, done = ids[-1], done + len(ids)
            jobs.progress(job, done=done, total=max(total, done))
    RevenueDay.objects.filter(on=on).update(version=now.version)
    return done, changed
