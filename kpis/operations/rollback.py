"""A file's values are taken back: what they had replaced is in force again, what came later stays."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.files.storage import default_storage
from django.db import connection, transaction
from uuid6 import uuid7

from core.actor import Actor
from core.audit import record
from core.jobs import progress, start_job
from core.models import Job
from core.rules import require
from kpis import rules
from kpis.events import UploadRolledBack
from kpis.models import KpiValue, Upload, UploadIssue
from kpis.models.values import KpiValueQuerySet
from kpis.operations.uploads import NotNow, file_path, receive_upload
from kpis.queries.rollback import Back, what_was_before
from tenants.context import take_lock

BATCH = 1_000  # values in one transaction
REASON_LENGTH = 400
CHUNK = 1 << 20  # bytes


class NoReason(NotNow):
    """A rollback without a word why."""


@transaction.atomic
def roll_back_upload(*, upload_id: UUID, reason: str, by: Actor, at: datetime) -> Upload:
    """Have the worker take the values of an imported file back. Also goes on with a rollback that broke off.

    What a person or another file has changed since then stays. Held rows of the file wait no longer; names learnt
    stay learnt. Raises NotNow when the file has imported nothing or is at work, NoReason, PermissionDenied.
    """
    found = Upload.objects.visible_to(by).select_for_update(of=("self",)).select_related("job")
    upload: Upload = found.get(pk=upload_id)
    require(by, rules.ROLL_BACK, upload)
    again = upload.state == Upload.State.ROLLING_BACK and upload.stuck
    if not again:
        _refuse_unless_possible(upload)
        upload.rollback_reason = _reason(reason)
        upload.summary = {**upload.summary, "withdrawn": 0, "restored": 0, "repeated": 0}
    upload.state, upload.message, upload.rolled_back_by = Upload.State.ROLLING_BACK, "", by.label[:160]
    upload.job = start_job("kpis.roll_back_upload", by=by, subject_id=upload.pk, unit="values")
    upload.save(update_fields=["state", "message", "rolled_back_by", "rollback_reason", "summary", "job"])
    return upload


def _refuse_unless_possible(upload: Upload) -> None:
    if upload.state == Upload.State.ROLLED_BACK:
        raise NotNow("This file is rolled back already.")
    if upload.busy:
        raise NotNow("The file is at work. Wait until it is done, or stop it.")
    if not KpiValue.objects.filter(upload=upload).exists():
        raise NotNow("This file has brought no values that could be taken back.")


def _reason(reason: str) -> str:
    given = " ".join(reason.replace("\x00", "").split())
    if not given:
        raise NoReason("Say why, in a few words.", field="reason")
    if len(given) > REASON_LENGTH:
        raise NoReason(f"Keep it below {REASON_LENGTH} characters.", field="reason")
    return given


def take_back(*, upload_id: UUID, job: Job, by: Actor, at: datetime) -> None:
    """Take the values of an upload back, batch by batch, each in one transaction. Emits UploadRolledBack at its end.

    The values that are still in force are the position: a worker that is killed loses and doubles nothing. Does
    nothing when the upload waits for another job.
    """
    upload = Upload.objects.get(pk=upload_id)
    if upload.job_id != job.pk or upload.state != Upload.State.ROLLING_BACK:
        return
    left = list(_in_force(upload).order_by("pk").values_list("pk", flat=True))
    before = int(upload.summary.get("withdrawn", 0))
    job.total = before + len(left)
    for start in range(0, len(left), BATCH):
        if not _one_batch(upload, left[start : start + BATCH], job=job, at=at):
            return
    _finish(upload, by=by, at=at)


def _in_force(upload: Upload) -> KpiValueQuerySet:
    found: KpiValueQuerySet = KpiValue.objects.current().filter(upload=upload, origin=KpiValue.Origin.UPLOAD)
    return found


@transaction.atomic
def _one_batch(upload: Upload, value_ids: Sequence[UUID], *, job: Job, at: datetime) -> bool:
    """False when another worker has taken over."""
    fresh = Upload.objects.select_for_update(of=("self",)).get(pk=upload.pk)
    if fresh.job_id != job.pk or fresh.state != Upload.State.ROLLING_BACK:
        return False
    take_lock("kpi values")
    locked = _in_force(fresh).filter(pk__in=value_ids).order_by("pk").select_for_update(of=("self",))
    counts = _replace(fresh, list(locked.values_list("pk", flat=True)), at=at)
    fresh.summary = {**fresh.summary, **(Counter(fresh.summary) + counts)}
    fresh.save(update_fields=["summary"])
    progress(job, done=fresh.summary["withdrawn"])
    return True


def _replace(upload: Upload, value_ids: Sequence[UUID], *, at: datetime) -> Counter[str]:
    """Supersede these values and put in force what counts without them. In the caller's transaction."""
    backs = what_was_before(upload.pk, value_ids)
    KpiValue.objects.filter(pk__in=value_ids).update(superseded_at=at)
    why = f"Back in force: {upload} was rolled back. {upload.rollback_reason}"[:REASON_LENGTH]
    restored, repeated = [one for one in backs if one.before], [one for one in backs if one.again]
    _insert(_RESTORE, restored, [one.before for one in restored], why, at)
    _insert(_REPEAT, repeated, [one.again for one in repeated], why, at)
    return Counter(withdrawn=len(value_ids), restored=len(restored), repeated=len(repeated))


_HOW = "raw_unit, conversion, cell_type, number_format, parser_version"
_RESTORE = f"""
insert into kpis_kpivalue (
    id, account_id, kpi_id, period, value, recorded_at, origin, upload_id, sheet, address, raw, {_HOW}, formula_id,
    inputs, by_id, by_label, reason, previous_id
)
select n.id, p.account_id, p.kpi_id, p.period, p.value, %(at)s, p.origin, p.upload_id, p.sheet, p.address, p.raw,
       {", ".join(f"p.{name.strip()}" for name in _HOW.split(","))}, p.formula_id, p.inputs, p.by_id, p.by_label,
       left(case when p.reason = '' then %(why)s else p.reason || ' · ' || %(why)s end, 400), n.top
from unnest(%(ids)s::uuid[], %(tops)s::uuid[], %(sources)s::uuid[]) n(id, top, source)
join kpis_kpivalue p on p.id = n.source
"""  # noqa: S608 -- the table's own columns
# How a repeated cell was converted is not kept; when it says the same in the same words, it was the same way.
_REPEAT = f"""
insert into kpis_kpivalue (
    id, account_id, kpi_id, period, value, recorded_at, origin, upload_id, sheet, address, raw, {_HOW}, by_id, by_label,
    reason, previous_id
)
select n.id, v.account_id, v.kpi_id, v.period, c.said, %(at)s, 'upload', c.upload_id, c.sheet, c.address, c.raw,
       {", ".join(f"case when c.raw = v.raw then v.{name.strip()} else '' end" for name in _HOW.split(","))},
       u.created_by_id, u.created_by_label, %(why)s, n.top
from unnest(%(ids)s::uuid[], %(tops)s::uuid[], %(sources)s::bigint[]) n(id, top, source)
join kpis_repeatedcell c on c.id = n.source
join kpis_kpivalue v on v.id = n.top
join kpis_upload u on u.id = c.upload_id
"""  # noqa: S608 -- the table's own columns


def _insert(sql: str, backs: Sequence[Back], sources: Sequence[UUID | int | None], why: str, at: datetime) -> None:
    if not backs:
        return
    first = uuid7().int
    ids = [UUID(int=first + number) for number in range(len(backs))]
    given: dict[str, Any] = {
        "ids": ids,
        "tops": [one.value_id for one in backs],
        "sources": list(sources),
        "why": why,
        "at": at,
    }
    with connection.cursor() as cursor:
        cursor.execute(sql, given)


@transaction.atomic
def _finish(upload: Upload, *, by: Actor, at: datetime) -> None:
    fresh = Upload.objects.select_for_update(of=("self",)).get(pk=upload.pk)
    if fresh.job_id != upload.job_id or fresh.state != Upload.State.ROLLING_BACK:
        return
    UploadIssue.objects.filter(upload=fresh, state=UploadIssue.State.HELD).update(state=UploadIssue.State.RESOLVED)
    fresh.state, fresh.message, fresh.rolled_back_at = Upload.State.ROLLED_BACK, "", at
    fresh.save(update_fields=["state", "message", "rolled_back_at"])
    figures = {name: int(fresh.summary.get(name, 0)) for name in ("withdrawn", "restored", "repeated")}
    record(UploadRolledBack(None, fresh.pk, str(fresh), reason=fresh.rollback_reason, **figures), by=by)


def import_again(*, upload_id: UUID, by: Actor, at: datetime) -> Upload:
    """Bring the file of a rolled-back upload once more, as its next version; it is read and proposed as any other.

    Answers that a person gave to its questions come along. Raises NotNow when it is not rolled back or its file is
    gone; PermissionDenied.
    """
    old: Upload = Upload.objects.visible_to(by).get(pk=upload_id)
    require(by, rules.UPLOAD, old)
    if old.state != Upload.State.ROLLED_BACK:
        raise NotNow("Only a file that was rolled back can be imported again.")
    if not default_storage.exists(old.path):
        raise NotNow("The file itself is no longer kept. Upload it again.")
    with file_path(old).open("rb") as file:
        return receive_upload(
            name=old.file_name,
            chunks=iter(lambda: file.read(CHUNK), b""),
            by=by,
            at=at,
            corrects=old.corrects_id,
            answers=old.answers,
        )
