"""Cleaning suggestions: found by the worker, accepted by a person, each a correction that can be taken back."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.db import IntegrityError, transaction

from core.actor import Actor
from core.audit import record
from core.errors import DomainError
from core.jobs import progress, start_job
from core.models import Job
from core.rules import require
from kpis import rules
from kpis.events import KpiValueCorrected
from kpis.models import KpiValue, Suggestion
from kpis.operations.values import EXACT, LARGEST, REASON_LENGTH, plain
from kpis.quality import Finding, detect
from kpis.queries.cleaning import Loaded, SuggestionFilter, dismissed_before, load_cube, suggestions

CHUNK = 200  # accounts that are looked at together
AT_ONCE = 25  # suggestions that a request decides itself; more are the worker's
OPEN, ACCEPTED = Suggestion.State.OPEN, Suggestion.State.ACCEPTED


class Overtaken(DomainError):
    """The value is another one by now, or the suggestion is decided."""


def find_suggestions(
    *, account_ids: Sequence[UUID], today: date, at: datetime, upload_id: UUID | None = None, job: Job | None = None
) -> int:
    """Look through the values of these accounts (of one upload only, if it is named) and keep what is doubtful.

    A value is doubted once for each reason; what a person has dismissed is not said again. Returns how many are new.
    """
    new, ordered = 0, sorted(account_ids)
    for start in range(0, len(ordered), CHUNK):
        with transaction.atomic():
            loaded = load_cube(ordered[start : start + CHUNK], today=today, upload_id=upload_id)
            new += _keep(loaded, detect(loaded.cube), at=at)
            if job:
                progress(job, done=min(start + CHUNK, len(ordered)), total=len(ordered))
    return new


def _keep(loaded: Loaded, findings: Sequence[Finding], *, at: datetime) -> int:
    of_account = Suggestion.objects.filter(account__in=loaded.accounts, state=OPEN)
    of_account.filter(value__superseded_at__isnull=False).update(state=Suggestion.State.OVER)
    dismissed = dismissed_before([loaded.ids[one.place] for one in findings])
    rows = [_row(loaded, one, at) for one in findings if (one.kind, loaded.ids[one.place]) not in dismissed]
    known = set(Suggestion.objects.filter(value__in=[row.value_id for row in rows]).values_list("kind", "value_id"))
    rows = [row for row in rows if (row.kind, row.value_id) not in known]
    Suggestion.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)


def _row(loaded: Loaded, one: Finding, at: datetime) -> Suggestion:
    mended = None if one.proposed is None else Decimal(repr(one.proposed)).quantize(EXACT)
    return Suggestion(
        kind=one.kind,
        account_id=loaded.accounts[one.account],
        kpi_id=loaded.kpis[one.kpi],
        value_id=loaded.ids[one.place],
        proposed=mended if mended is not None and abs(mended) < LARGEST else None,
        move_to=one.move_to,
        why=one.why[:300],
        evidence=one.evidence,
        found_at=at,
    )


@transaction.atomic
def start_finding(*, by: Actor) -> Job:
    """Have the worker look through all values; an open job is the answer. Raises PermissionDenied."""
    require(by, rules.CLEAN_DATA)
    running = Job.objects.filter(kind="kpis.find_suggestions", finished_at=None).first()
    return running or start_job("kpis.find_suggestions", by=by, unit="accounts")


@transaction.atomic
def accept_suggestion(*, suggestion_id: UUID, by: Actor, at: datetime) -> Suggestion:
    """Do what it proposes, as a correction with its reason: another number, another month, or no value at all.

    Emits KpiValueCorrected. Raises Suggestion.DoesNotExist, PermissionDenied, Overtaken.
    """
    found = _locked(suggestion_id, by)
    if found.state != OPEN:
        raise Overtaken("This suggestion is decided already.")
    value = _in_force(found.value_id)
    if value is None:
        raise Overtaken("The value was changed since; the suggestion is over.")
    reason = f"Cleaning, {found.get_kind_display().lower()}: {found.why}"[:REASON_LENGTH]
    if found.move_to is not None:
        found.applied = _move(value, found.move_to, reason, by=by, at=at)
    elif found.proposed is not None:
        found.applied = _put(value, found.proposed, value.period, reason, previous=value, by=by, at=at)
    else:
        _withdraw(value, reason, by=by, at=at)
    return _decided(found, ACCEPTED, by=by, at=at)


@transaction.atomic
def revert_suggestion(*, suggestion_id: UUID, by: Actor, at: datetime) -> Suggestion:
    """Put back what an accepted suggestion replaced, with its file and cell.

    Emits KpiValueCorrected. Raises Overtaken when somebody has changed the value since; see accept_suggestion.
    """
    found = _locked(suggestion_id, by)
    if found.state != ACCEPTED:
        raise Overtaken("Only a suggestion that was accepted can be taken back.")
    value, applied = KpiValue.objects.select_related("account", "kpi").get(pk=found.value_id), None
    if found.applied_id:
        applied = _in_force(found.applied_id)
        if applied is None:
            raise Overtaken("The value was changed since; it stays as it is.")
    reason = f"Taken back: {found.why}"[:REASON_LENGTH]
    if applied is not None and applied.period != value.period:
        _withdraw(applied, reason, by=by, at=at)
        applied = None
    _restore(value, applied, reason, by=by, at=at)
    return _decided(found, Suggestion.State.REVERTED, by=by, at=at)


@transaction.atomic
def dismiss_suggestion(*, suggestion_id: UUID, by: Actor, at: datetime) -> Suggestion:
    """Say that the value is right; it is not doubted again for this reason. Raises Overtaken, PermissionDenied."""
    found = _locked(suggestion_id, by)
    if found.state != OPEN:
        raise Overtaken("This suggestion is decided already.")
    return _decided(found, Suggestion.State.DISMISSED, by=by, at=at)


DECISIONS = {"accept": accept_suggestion, "dismiss": dismiss_suggestion, "revert": revert_suggestion}


def decide_many(*, ids: Sequence[UUID], decision: str, by: Actor, at: datetime) -> tuple[int, int]:
    """One decision for several suggestions, each in its own transaction: (done, left because they were overtaken).

    decision: accept, dismiss or revert. Raises PermissionDenied, KeyError for another word.
    """
    require(by, rules.CLEAN_DATA)
    decide, done, left = DECISIONS[decision], 0, 0
    for suggestion_id in ids:
        try:
            decide(suggestion_id=suggestion_id, by=by, at=at)
            done += 1
        except (Overtaken, Suggestion.DoesNotExist):
            left += 1
    return done, left


@transaction.atomic
def start_deciding(*, wanted: Mapping[str, str], decision: str, by: Actor) -> Job:
    """Have the worker decide all open suggestions that fit the filters; `wanted` as in the address of the page."""
    require(by, rules.CLEAN_DATA)
    if decision not in DECISIONS:
        raise Overtaken("Choose what to do with them.")
    job = start_job("kpis.decide_suggestions", by=by, unit="suggestions")
    job.result = {"wanted": SuggestionFilter.of(wanted).as_query(), "decision": decision}
    job.save(update_fields=["result"])
    return job


def decide_all(*, job: Job, by: Actor, at: datetime) -> None:
    """The worker's half of start_deciding. What is decided is no longer open, so starting again is always right."""
    wanted, decision = SuggestionFilter.of(job.result["wanted"]), job.result["decision"]
    ids = list(suggestions(wanted, by=by).order_by("pk").values_list("pk", flat=True))
    done = left = 0
    for start in range(0, len(ids), AT_ONCE):
        more, over = decide_many(ids=ids[start : start + AT_ONCE], decision=decision, by=by, at=at)
        done, left = done + more, left + over
        progress(job, done=done + left, total=len(ids))
    job.message = f"{done:,} done" + (f", {left:,} had changed since." if left else ".")


def _locked(suggestion_id: UUID, by: Actor) -> Suggestion:
    found: Suggestion = Suggestion.objects.visible_to(by).select_for_update(of=("self",)).get(pk=suggestion_id)
    require(by, rules.CLEAN_DATA, found)
    return found


def _in_force(value_id: UUID) -> KpiValue | None:
    values = KpiValue.objects.current().select_related("account", "kpi").select_for_update(of=("self",))
    found: KpiValue | None = values.filter(pk=value_id).first()
    return found


def _decided(found: Suggestion, state: str, *, by: Actor, at: datetime) -> Suggestion:
    found.state, found.decided_at, found.decided_by = state, at, by.label[:160]
    found.save(update_fields=["state", "decided_at", "decided_by", "applied"])
    return found


def _withdraw(value: KpiValue, reason: str, *, by: Actor, at: datetime) -> None:
    value.superseded_at = at
    value.save(update_fields=["superseded_at"])
    _tell(value, old=value.value, new=None, reason=reason, by=by)


def _move(value: KpiValue, month: date, reason: str, *, by: Actor, at: datetime) -> KpiValue:
    _withdraw(value, reason, by=by, at=at)
    return _put(value, value.value, month, reason, previous=None, by=by, at=at)


def _put(
    value: KpiValue, number: Decimal, month: date, reason: str, *, previous: KpiValue | None, by: Actor, at: datetime
) -> KpiValue:
    """A correction of the same account and KPI. Raises Overtaken when its place was filled meanwhile."""
    if previous is not None:
        previous.superseded_at = at
        previous.save(update_fields=["superseded_at"])
    after = KpiValue(
        account=value.account,
        kpi=value.kpi,
        period=month,
        value=number,
        recorded_at=at,
        origin=KpiValue.Origin.EDIT,
        by_id=by.user_id,
        by_label=by.label[:160],
        reason=reason,
        previous=previous,
    )
    return _saved(after, old=previous.value if previous else None, by=by)


def _restore(value: KpiValue, applied: KpiValue | None, reason: str, *, by: Actor, at: datetime) -> None:
    if applied is not None:
        applied.superseded_at = at
        applied.save(update_fields=["superseded_at"])
    copy = KpiValue.objects.select_related("account", "kpi").get(pk=value.pk)
    copy.pk, copy._state.adding = None, True  # a copy, as Django's manual makes one
    copy.superseded_at, copy.recorded_at, copy.previous, copy.reason = None, at, applied or value, reason
    _saved(copy, old=applied.value if applied else None, by=by)


def _saved(after: KpiValue, *, old: Decimal | None, by: Actor) -> KpiValue:
    try:
        with transaction.atomic():
            after.save(force_insert=True)
    except IntegrityError:
        raise Overtaken("Somebody has filled this month meanwhile.") from None
    _tell(after, old=old, new=after.value, reason=after.reason, by=by)
    return after


def _tell(value: KpiValue, *, old: Decimal | None, new: Decimal | None, reason: str, by: Actor) -> None:
    record(
        KpiValueCorrected(
            account_id=value.account_id,
            value_id=value.pk,
            kpi=value.kpi.code,
            period=value.period.isoformat(),
            old=plain(old) if old is not None else None,
            new=plain(new) if new is not None else None,
            reason=reason,
        ),
        by=by,
    )
