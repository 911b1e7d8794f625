"""The rows of a file become values: batch by batch, each in one transaction with its checkpoint."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.db.models import Count
from uuid6 import uuid7

from core.actor import Actor
from core.audit import record
from core.jobs import progress
from core.models import Job, JobCancelled
from kpis.events import KpiBatchImported, UploadFinished
from kpis.models import KpiValue, RepeatedCell, Upload, UploadIssue
from kpis.operations.issues import Recorder, clipped
from kpis.operations.reading import Reader
from kpis.operations.waiting import Returned
from kpis.queries.current import Incoming, compare, key_arrays
from kpis.workbook import PARSER_VERSION, Batch
from tenants.context import take_lock

_TOUCHED = {"accounts": Count("account_id", distinct=True), "kpis": Count("kpi_id", distinct=True)}
VERSIONS = 12  # of one source, whose repeated cells are kept for comparing
ATTEMPTS = 3  # somebody else may write the same value between our look and our insert


class TakenOver(Exception):
    """Another worker has gone on with this upload; this one stops without a word."""


def import_upload(*, upload_id: UUID, job: Job, by: Actor, today: date, at: datetime) -> None:
    """Import the rows of a committed upload from its checkpoint on.

    Each batch is one transaction: values, problems, the position in the file, the job's progress and one
    KpiBatchImported. A worker that is killed at any line loses and doubles nothing. Emits UploadFinished.
    Does nothing when the upload waits for another job.
    """
    upload = Upload.objects.get(pk=upload_id)
    if upload.job_id != job.pk or upload.state != Upload.State.IMPORTING:
        return
    try:
        run = _Run(upload, job=job, by=by, today=today, at=at)
        run.all_batches()
        _finish(upload, Upload.State.DONE, "", by=by, at=at)
    except TakenOver:
        return
    except JobCancelled:
        _finish(upload, Upload.State.CANCELLED, "Stopped at your request.", by=by, at=at)
        raise
    except Exception:
        message = "Importing failed on our side. What was imported is whole; you can go on from there."
        _finish(upload, Upload.State.FAILED, message, by=by, at=at)
        raise


class _Run:
    """One worker's work on one upload."""

    def __init__(self, upload: Upload, *, job: Job, by: Actor, today: date, at: datetime) -> None:
        self.upload, self.job, self.by, self.at = upload, job, by, at
        self.reader = Reader.of(upload, by=by, today=today)
        self._forget()

    def _forget(self) -> None:
        """Start from what the database says: what a rolled-back batch believed to have written is not there."""
        self.recorder = Recorder(self.upload, self.reader.accounts, self.reader.dictionary, at=self.at)
        self.returned = Returned(self.upload) if self.upload.corrects else None

    def all_batches(self) -> None:
        position = self.upload.position
        # Opening a large workbook takes seconds; until then the page says so.
        progress(self.job, done=position, total=self.upload.proposal.get("rows"), message="Opening the file")
        for batch in self.reader.batches(start=position):
            self._with_retry(batch, after=position)
            position = batch.position

    def _with_retry(self, batch: Batch, *, after: int) -> None:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self._one_batch(batch, after=after)
            except IntegrityError:
                if attempt == ATTEMPTS:
                    raise
                self._forget()
        return None

    @transaction.atomic
    def _one_batch(self, batch: Batch, *, after: int) -> None:
        upload = Upload.objects.select_for_update(of=("self",)).get(pk=self.upload.pk)
        if upload.position != after or upload.job_id != self.job.pk or upload.state != Upload.State.IMPORTING:
            raise TakenOver
        if after == 0:  # what reading showed gives way to what importing finds
            UploadIssue.objects.filter(upload=upload).delete()
        counts = write_values(batch=batch, reader=self.reader, by=self.by, at=self.at)
        counts["held"] = self.recorder.write(batch.issues, batch.notices)
        if self.returned:
            self.returned.take(batch)
        upload.summary = {**upload.summary, **(Counter(upload.summary) + counts)}
        upload.position = batch.position
        upload.save(update_fields=["summary", "position"])
        progress(self.job, done=batch.position)


def write_values(
    *, batch: Batch, reader: Reader, by: Actor, at: datetime, newer_than: datetime | None = None
) -> Counter[str]:
    """Store the cells of a batch inside the caller's transaction and tell the trail. Returns what became of them.

    A value that is there already is left alone, another one is superseded, but not one that another file or a
    person brought after `newer_than`. Sample accounts never get here.
    """
    # One import of a tenant writes at a time, so that two files with the same accounts cannot lock each other out.
    take_lock("kpi values")
    found = compare(batch.cells, reader.accounts, reader.dictionary.by_code, lock=True)
    if newer_than:
        found.keep_since(newer_than, but_of=reader.upload.pk)
    written = [*found.new, *found.changed]
    replaced = [one.current.id for one in found.changed if one.current]
    if replaced:
        KpiValue.objects.filter(pk__in=replaced).update(superseded_at=at)
    _copy(written, reader.upload.pk, by=by, at=at)
    _copy_repeated([*found.unchanged, *found.corrected], reader.upload.pk)
    settle_elsewhere([*written, *found.unchanged], reader.upload)
    if written:
        accounts = sorted({one.account_id for one in written})
        record(KpiBatchImported(None, reader.upload.pk, len(written), accounts), by=by)
    return Counter(
        imported=sum(one.cell.status == "import" for one in written),
        template_only=sum(one.cell.status == "template_only" for one in written),
        changed=len(found.changed),
        unchanged=len(found.unchanged),
        corrected=len(found.corrected),
    )


_COPY = """
copy kpis_kpivalue (
    id, account_id, kpi_id, period, value, recorded_at, origin, upload_id, sheet, address, raw, raw_unit, conversion,
    cell_type, number_format, parser_version, by_id, by_label, reason, previous_id
) from stdin
"""


def _copy(rows: Sequence[Incoming], upload_id: UUID, *, by: Actor, at: datetime) -> None:
    """Ids go as hex digits and what all rows share as text: a file is hundreds of thousands of rows."""
    if not rows:
        return
    first = uuid7().int  # the ids of a batch count up from one that is in the order of time
    shared = (at.isoformat(), KpiValue.Origin.UPLOAD.value, upload_id.hex)
    label = clipped(by.label, 160)
    with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
        for number, one in enumerate(rows, first):
            cell, replaced = one.cell, one.current.id if one.current else None
            where = (clipped(cell.sheet, 80), cell.address, clipped(cell.raw, 200))
            how = (
                clipped(cell.unit, 40),
                clipped(cell.conversion, 120),
                cell.cell_type,
                clipped(cell.number_format, 60),
            )
            key = (f"{number:032x}", one.account_id.hex, one.kpi.id.hex, cell.period, one.value)
            copy.write_row((*key, *shared, *where, *how, PARSER_VERSION, by.user_id, label, "", replaced))


_COPY_REPEATED = "copy kpis_repeatedcell (upload_id, value_id, said, sheet, address, raw) from stdin"


def _copy_repeated(cells: Sequence[Incoming], upload_id: UUID) -> None:
    """Cells that brought no news, so that versions can be compared and rolled back."""
    if not cells:
        return
    with connection.cursor() as cursor, cursor.copy(_COPY_REPEATED) as copy:
        for one in cells:
            where = (clipped(one.cell.sheet, 80), one.cell.address, clipped(one.cell.raw, 200))
            copy.write_row((upload_id.hex, one.current.id if one.current else None, one.value, *where))


_SETTLE = """
update kpis_uploadissue i set state = 'resolved'
from unnest(%s::uuid[], %s::uuid[], %s::date[]) k(account_id, kpi_id, period)
cross join lateral (
    select w.upload_id, w.sheet, w.line from kpis_uploadissue w
    where w.account_id = k.account_id and w.kpi_id = k.kpi_id and w.period = k.period
      and w.state = 'held' and w.cells = 1 and w.upload_id <> %s
    offset 0
) waited
where i.upload_id = waited.upload_id and i.sheet = waited.sheet and i.line = waited.line
  and i.state = 'held' and (i.cells = 0 or (i.cells = 1 and i.account_id = k.account_id and i.kpi_id = k.kpi_id
                                            and i.period = k.period))
"""


def settle_elsewhere(values: Sequence[Incoming], upload: Upload) -> None:
    """A value that waited in another file and is now here, waits no longer."""
    if not values or not UploadIssue.objects.filter(state="held", cells=1).exclude(upload=upload).exists():
        return
    keys = [(one.account_id, one.kpi.pk, one.cell.period) for one in values]
    with connection.cursor() as cursor:
        cursor.execute(_SETTLE, [*key_arrays(keys), upload.pk])


@transaction.atomic
def _finish(upload: Upload, state: str, message: str, *, by: Actor, at: datetime) -> None:
    fresh = Upload.objects.select_for_update(of=("self",)).get(pk=upload.pk)
    if fresh.job_id != upload.job_id or fresh.state != Upload.State.IMPORTING:
        return
    touched = KpiValue.objects.filter(upload=fresh).aggregate(**_TOUCHED)
    fresh.summary = {**fresh.summary, **touched}
    old = Upload.objects.filter(file_name=fresh.file_name, version__lte=fresh.version - VERSIONS)
    RepeatedCell.objects.filter(upload__in=old).delete()
    fresh.state, fresh.message, fresh.finished_at = state, message, at
    fresh.save(update_fields=["summary", "state", "message", "finished_at"])
    imported = fresh.summary.get("imported", 0) + fresh.summary.get("template_only", 0)
    record(UploadFinished(None, fresh.pk, state, imported, fresh.summary.get("held", 0)), by=by)
