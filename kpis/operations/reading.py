"""What a file would bring: its mapping, questions, first rows and every problem, before anything is imported."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction

from core.actor import Actor
from core.jobs import progress
from core.models import Job, JobCancelled
from kpis.models import Upload, UploadIssue
from kpis.operations.alerts import alert_of_upload
from kpis.operations.issues import Recorder
from kpis.operations.uploads import file_path
from kpis.queries.current import Comparison, compare
from kpis.queries.dictionary import Dictionary, dictionary, importable_accounts
from kpis.workbook import (
    AccountMatcher,
    Batch,
    ColumnMap,
    FileRefused,
    HeldCell,
    Issue,
    ParsedCell,
    ParsedFile,
    SheetInfo,
    inspect_file,
    stream,
    survey,
)

BATCH = 2_000  # rows of the file in one transaction
MOST_MAPPED = 200  # columns whose mapping is kept for showing
MOST = Decimal(10) ** 14  # the value column holds 14 digits before the decimal sign


@dataclass(frozen=True)
class Reader:
    """One file with what it is read against; `batches` may be asked again from any position."""

    upload: Upload
    accounts: dict[str, UUID]
    dictionary: Dictionary
    today: date

    @classmethod
    def of(cls, upload: Upload, *, by: Actor, today: date) -> "Reader":
        return cls(upload, importable_accounts(by=by), dictionary(), today)

    def _against(self) -> dict[str, Any]:
        return {
            "accounts": AccountMatcher(self.accounts),
            "dictionary": self.dictionary,
            "today": self.today,
            "answers": self.upload.answers,
        }

    def survey(self) -> ParsedFile:
        path = file_path(self.upload)
        inspect_file(path, self.upload.file_name)
        return survey(path, self.upload.file_name, **self._against())

    def batches(self, start: int = 0) -> Iterator[Batch]:
        """The rows of the file after position `start`, some thousands at a time."""
        path = file_path(self.upload)
        for batch in stream(path, self.upload.file_name, start=start, batch=BATCH, **self._against()):
            yield _storable(batch)


def _storable(batch: Batch) -> Batch:
    """The batch with figures that no column could hold as problems instead of values."""
    if not any(abs(cell.stored) >= MOST for cell in batch.cells):
        return batch
    monsters = [cell for cell in batch.cells if abs(cell.stored) >= MOST]
    cells = tuple(cell for cell in batch.cells if abs(cell.stored) < MOST)
    return replace(batch, cells=cells, issues=(*batch.issues, *map(_monster, monsters)))


def _monster(cell: ParsedCell) -> Issue:
    period = cell.period.strftime("%Y-%m")
    return Issue(
        kind="out_of_range",
        sheet=cell.sheet,
        row=cell.row,
        column=cell.column,
        raw=cell.raw,
        rule="The number has more than 14 digits before the decimal sign.",
        suggestion="Check the figure; leave out formatting characters.",
        account_raw=cell.account,
        account=cell.account,
        kpi_raw=cell.kpi_raw,
        code=cell.code,
        period=cell.period,
        held=(HeldCell(cell.sheet, cell.row, cell.column, cell.account, cell.kpi_raw, period, cell.raw, cell.unit),),
    )


def read_upload(*, upload_id: UUID, job: Job, by: Actor, today: date, at: datetime) -> None:
    """Read the whole file of an upload and leave the proposal: mapping, first rows, questions, problems, counts.

    Starting again from nothing is always right: what an earlier attempt left is replaced. A file that cannot
    be taken ends in state REFUSED with its sentence. Does nothing when the upload waits for another job.
    """
    upload = Upload.objects.get(pk=upload_id)
    if upload.job_id != job.pk or upload.state != Upload.State.READING:
        return
    try:
        reader = Reader.of(upload, by=by, today=today)
        parsed = reader.survey()
        counts = _read(reader, parsed, job=job, at=at)
        _propose(upload, parsed, counts, job=job)
    except FileRefused as refused:
        _end(upload, Upload.State.REFUSED, refused.message, job=job, at=at)
    except JobCancelled:
        _end(upload, Upload.State.CANCELLED, "Stopped at your request. Nothing was imported.", job=job, at=at)
        raise
    except Exception:
        _end(upload, Upload.State.FAILED, "Reading the file failed on our side. Nothing was imported.", job=job, at=at)
        raise


@dataclass
class Counts:
    """What committing the file would do, in values; `kinds` counts issues."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    corrected: int = 0
    template_only: int = 0
    held: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    accounts: set[str] = field(default_factory=set)
    kpis: set[str] = field(default_factory=set)
    periods: set[date] = field(default_factory=set)

    def add(self, batch: Batch, found: Comparison) -> None:
        self.new += len(found.new)
        self.changed += len(found.changed)
        self.unchanged += len(found.unchanged)
        self.corrected += len(found.corrected)
        self.template_only += sum(cell.status == "template_only" for cell in batch.cells)
        for cell in batch.cells:
            self.accounts.add(cell.account)
            self.kpis.add(cell.code)
            self.periods.add(cell.period)

    def as_json(self) -> dict[str, Any]:
        months = sorted(self.periods)
        return {
            "values": self.new + self.changed + self.unchanged + self.corrected,
            "ready": self.new + self.changed,
            "new": self.new,
            "changed": self.changed,
            "unchanged": self.unchanged,
            "corrected": self.corrected,
            "template_only": self.template_only,
            "held": self.held,
            "kinds": dict(self.kinds.most_common()),
            "accounts": len(self.accounts),
            "kpis": len(self.kpis),
            "first": _iso(months[0]) if months else None,
            "last": _iso(months[-1]) if months else None,
        }


def _read(reader: Reader, parsed: ParsedFile, *, job: Job, at: datetime) -> Counts:
    """Go through all rows once; problems are written batch by batch, values only counted."""
    counts, upload = Counts(), reader.upload
    with transaction.atomic():
        progress(job, done=0, total=parsed.rows, message="Reading")
        UploadIssue.objects.filter(upload=upload).delete()
    if not parsed.ready:
        return counts
    recorder = Recorder(upload, reader.accounts, reader.dictionary, at=at)
    for batch in reader.batches():
        counts.add(batch, compare(batch.cells, reader.accounts, reader.dictionary.by_code))
        with transaction.atomic():
            counts.held += recorder.write(batch.issues, batch.notices)
            progress(job, done=batch.position)
    counts.kinds = recorder.kinds
    return counts


def _propose(upload: Upload, parsed: ParsedFile, counts: Counts, *, job: Job) -> None:
    proposal = {
        "ready": parsed.ready,
        "rows": parsed.rows,
        "facts": _plain(parsed.facts, "encoding", "delimiter", "decimal", "evidence"),
        "sheets": [_sheet(sheet) for sheet in parsed.sheets],
        "questions": [
            {**_plain(q, "key", "text", "required", "where"), "options": [list(option) for option in q.options]}
            for q in parsed.questions
        ],
        "counts": counts.as_json(),
    }
    Upload.objects.filter(pk=upload.pk, job=job, state=Upload.State.READING).update(
        state=Upload.State.PROPOSED, layout=parsed.layout, proposal=proposal, position=0, summary={}
    )


def _sheet(sheet: SheetInfo) -> dict[str, Any]:
    return {
        **_plain(sheet, "name", "hidden", "layout", "reason", "header_row", "account", "account_reason"),
        "period": _iso(sheet.period),
        "period_reason": sheet.period_reason,
        "columns": [_column(column) for column in sheet.columns[:MOST_MAPPED]],
        "more_columns": max(0, len(sheet.columns) - MOST_MAPPED),
        "preview": [list(row) for row in sheet.preview],
        "skipped": list(sheet.skipped),
    }


def _column(column: ColumnMap) -> dict[str, Any]:
    return {**_plain(column, "letter", "header", "role", "reason", "code", "unit"), "period": _iso(column.period)}


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _plain(thing: Any, *names: str) -> dict[str, Any]:
    return {name: getattr(thing, name) for name in names}


def _end(upload: Upload, state: str, message: str, *, job: Job, at: datetime) -> None:
    mine = Upload.objects.filter(pk=upload.pk, job=job, state=Upload.State.READING)
    ended = mine.update(state=state, message=message, finished_at=at)
    if ended and state != Upload.State.CANCELLED:
        alert_of_upload(upload, message, at=at)
