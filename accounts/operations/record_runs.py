"""What the worker does with a file of records: try it, bring it in, take it back. It may be killed at any line."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import UUID

from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Count

from accounts import columns
from accounts.events import AccountsImported, RecordsImported, RecordsImportUndone
from accounts.models import ImportRow, RecordImport
from accounts.operations.record_kinds import Held, Kind, Names, Run, Taken, kind_for
from accounts.operations.record_kinds.written import as_written
from accounts.queries.imports import ACTIONS, LINE
from core import jobs
from core.actor import Actor
from core.audit import record
from core.errors import DomainError
from core.models import Job, JobCancelled

CHUNK = 100
MANY = 500  # of a kind that takes many rows at once

State = RecordImport.State
Row = tuple[int, Sequence[Any]]


class _Tried(Exception):
    """Takes a dry run back."""


def _run(batch: RecordImport, by: Actor, at: datetime, *, dry: bool = False) -> tuple[Kind, Run]:
    return kind_for(batch.kind, by), Run(by, at, Names(by), dry=dry)


def try_import(*, batch: RecordImport, by: Actor, at: datetime, job: Job | None = None) -> None:
    """Do every row and take it back again: what the file would do stands in its lines, nothing else is changed."""
    batch.lines.all().delete()
    kind, run = _run(batch, by, at, dry=True)
    tell = _Progress(job, batch.rows, 0)
    for chunk in _chunks(batch, kind, after=0):
        with transaction.atomic():
            done: list[ImportRow] = []
            with suppress(_Tried), transaction.atomic():
                done = _taken(batch, kind, run, chunk)
                raise _Tried
            ImportRow.objects.bulk_create(done)
            tell(len(done))
    _again(batch, kind, run)
    _sum_up(batch, State.TRIED)


def bring_import(*, batch: RecordImport, by: Actor, at: datetime, job: Job | None = None) -> None:
    """Bring the rows in, chunk by chunk; a killed worker goes on behind the last one. Emits RecordsImported.

    A row that cannot be taken is held with its reason and changes nothing. Rows that wait for an account that a later
    row made, or that a person named meanwhile, are taken at the end.
    """
    if batch.state != State.RUNNING and job is not None:
        return  # killed between its last line and the end of the job
    kind, run = _run(batch, by, at)
    try:
        tell = _Progress(job, batch.rows, job.done if job else 0)
        for chunk in _chunks(batch, kind, after=batch.position):
            with transaction.atomic():
                ImportRow.objects.bulk_create(_taken(batch, kind, run, chunk))
                batch.position = chunk[-1][0]
                batch.save(update_fields=["position"])
                tell(len(chunk))
        _again(batch, kind, run)
    except JobCancelled:
        batch.refresh_from_db()
        batch.message = f"Stopped after line {batch.position}."
        _finish(batch, by, at)
        raise
    _finish(batch, by, at)


class _Progress:
    """Tells the job how many rows were dealt with. Raises JobCancelled."""

    def __init__(self, job: Job | None, total: int, done: int) -> None:
        self.job, self.total, self.done = job, total, done

    def __call__(self, count: int) -> None:
        self.done += count
        if self.job:
            jobs.progress(self.job, done=min(self.done, self.total), total=self.total)


def _again(batch: RecordImport, kind: Kind, run: Run) -> None:
    """The rows that wait for an account, once more: it may be there by now."""
    waiting = dict(batch.lines.filter(action="held").exclude(asks="").values_list("line", "pk"))
    if not waiting:
        return
    for chunk in _chunks(batch, kind, after=min(waiting) - 1, only=waiting):
        with transaction.atomic():
            fresh: list[ImportRow] = []
            with suppress(_Tried), transaction.atomic():
                fresh = _taken(batch, kind, run, chunk)
                if run.dry:
                    raise _Tried
            ImportRow.objects.filter(pk__in=[waiting[line] for line, _ in chunk]).delete()
            ImportRow.objects.bulk_create(fresh)


@transaction.atomic
def _finish(batch: RecordImport, by: Actor, at: datetime) -> None:
    batch.finished_at = at
    _sum_up(batch, State.DONE)
    if batch.corrects_id:
        _finish_first(batch)
    said = batch.summary
    created, updated, held = said["create"], said["update"], said["held"]
    if batch.kind == "accounts" and created + updated:
        record(AccountsImported(None, created, updated, held, batch.sha256), by=by)
    record(RecordsImported(None, batch.pk, batch.kind, created, updated, held), by=by)


def _finish_first(batch: RecordImport) -> None:
    """The rows of the first file that this one brought corrected wait no more."""
    if LINE not in batch.headings:
        return
    done = batch.lines.exclude(action="held").values_list("raw", flat=True)
    lines = [int(raw[LINE]) for raw in done if str(raw.get(LINE, "")).isdigit()]
    first = RecordImport.objects.select_for_update().get(pk=batch.corrects_id)
    first.lines.filter(line__in=lines, action="held").update(action="corrected")
    _sum_up(first, first.state)


def _sum_up(batch: RecordImport, state: str) -> None:
    counted = dict(batch.lines.order_by().values_list("action").annotate(Count("pk")))
    batch.summary = {what: counted.get(what, 0) for what in ACTIONS}
    batch.state = state
    batch.save(update_fields=["summary", "state", "message", "finished_at"])


def undo_import(*, batch: RecordImport, by: Actor, at: datetime, job: Job | None = None) -> None:
    """Take back what the file did, the last row first, as far as nobody changed the record since.

    What stays says why. Emits RecordsImportUndone.
    """
    kind, _ = _run(batch, by, at)
    rows = batch.lines.filter(action__in=("create", "update"), undone=False).order_by("-line")
    tell = _Progress(job, batch.summary.get("create", 0) + batch.summary.get("update", 0), job.done if job else 0)
    while chunk := list(rows.filter(error="")[:CHUNK]):
        with transaction.atomic():
            for row in chunk:
                _undo_row(batch, kind, row, by, at)
            ImportRow.objects.bulk_update(chunk, ["undone", "error", "after_version"])
            tell(len(chunk))
    done, stayed = batch.lines.filter(undone=True).count(), rows.count()
    with transaction.atomic():
        batch.state, batch.undone_at, batch.undone_by = State.UNDONE, at, by.label[:160]
        batch.message = f"{stayed:,} rows stay; each says why." if stayed else ""
        batch.save(update_fields=["state", "undone_at", "undone_by", "message"])
        record(RecordsImportUndone(None, batch.pk, batch.kind, done, stayed), by=by)


def _undo_row(batch: RecordImport, kind: Kind, row: ImportRow, by: Actor, at: datetime) -> None:
    """A record that a later row of the file spoke of too has the version which undoing that one left."""
    try:
        try:
            with transaction.atomic():
                row.after_version = kind.undo(row, by=by, at=at, expected=row.after_version)
        except DomainError:
            later = batch.lines.filter(record_id=row.record_id, line__gt=row.line, undone=True).order_by("line").first()
            if later is None:
                raise
            with transaction.atomic():
                row.after_version = kind.undo(row, by=by, at=at, expected=later.after_version)
        row.undone = True
        row.save(update_fields=["undone", "after_version"])  # seen by the row before it
    except DomainError as refusal:
        row.error = str(refusal)[:300]


def _chunks(batch: RecordImport, kind: Kind, *, after: int, only: dict[int, UUID] | None = None) -> Iterator[list[Row]]:
    """(line, cells) of the rows behind line `after`; only: of these lines."""
    with default_storage.open(batch.path) as file:
        lines = columns.stream_lines(file)
        next(lines, None)
        rest = (line for line in lines if line[0] > after and (only is None or line[0] in only))
        while chunk := list(islice(rest, MANY if kind.many else CHUNK)):
            yield chunk


def _taken(batch: RecordImport, kind: Kind, run: Run, chunk: Sequence[Row]) -> list[ImportRow]:
    """Take the rows; one that cannot be is held with its reason and has changed nothing."""
    rows = [_read(batch, kind, line, cells) for line, cells in chunk]
    given = [(row, fields) for row, fields in rows if fields is not None]
    answers: Sequence[Taken | DomainError] = []
    if kind.many and given:
        answers = kind.many([fields for _, fields in given], batch.key, run)
    elif kind.take:
        answers = [_one(kind, fields, batch.key, run) for _, fields in given]
    for (row, _), answer in zip(given, answers, strict=True):
        if isinstance(answer, DomainError):
            _hold(batch, row, answer)
        else:
            row.action, row.record_id = answer.action, answer.record_id
            row.before, row.after_version = answer.before, answer.version
    return [row for row, _ in rows]


def _one(kind: Kind, fields: dict[str, Any], key: str, run: Run) -> Taken | DomainError:
    try:
        with transaction.atomic():
            assert kind.take
            return kind.take(fields, key, run)
    except DomainError as refusal:
        return refusal


def _hold(batch: RecordImport, row: ImportRow, refusal: DomainError) -> None:
    row.action, row.error = "held", str(refusal)[:300]
    row.fix, row.asks = getattr(refusal, "fix", "")[:300], getattr(refusal, "asks", "")
    named = next((at for at, code in batch.mapping.items() if refusal.field and code == refusal.field), None)
    row.column = batch.headings[int(named)] if named else ""


def _read(batch: RecordImport, kind: Kind, line: int, cells: Sequence[Any]) -> tuple[ImportRow, dict[str, Any] | None]:
    """The row as it is kept, and its fields; None for one that is left out or cannot be read."""
    texts = [columns.cell_text(cell)[:1000].replace("\x00", "") for cell in cells]
    row = ImportRow(batch=batch, line=line, action="held", raw=dict(zip(batch.headings, texts, strict=False)))
    if (only := batch.reading.get("only")) and not _wanted(only, texts):
        row.action = "left_out"
        return row, None
    try:
        return row, _fields(kind, batch, cells)
    except Held as refusal:
        _hold(batch, row, refusal)
        return row, None


def _wanted(only: dict[str, str], texts: Sequence[str]) -> bool:
    at = int(only["column"])
    text = texts[at].casefold() if at < len(texts) else ""
    return text in [one.strip().casefold() for one in only["is"].split(";")]


def _fields(kind: Kind, batch: RecordImport, cells: Sequence[Any]) -> dict[str, Any]:
    """The fields of a row; an empty cell says nothing. Raises Held, which names every fault, the first by its field."""
    found: dict[str, Any] = {}
    faults: list[tuple[str, str, str]] = []  # field, where else than there, what
    same = [(code, "", cell) for code, cell in batch.reading.get("same", {}).items()]
    said = [
        (batch.mapping.get(str(at), ""), heading, cell)
        for at, (heading, cell) in enumerate(zip(batch.headings, cells, strict=False))
    ]
    for code, heading, cell in [*same, *said]:
        if code in kind.columns and columns.cell_text(cell):
            one = kind.columns[code]
            try:
                found[code] = one.read(as_written(cell, one.shape, batch.reading))
                if len(str(found[code])) > one.longest:
                    raise ValueError(f"This is longer than {one.longest:,} characters.")
            except ValueError as error:
                faults.append((code, f"{heading or one.label}: ", str(error)))
    unread = {code for code, _, _ in faults}
    for code, one in kind.columns.items():
        if (one.required or code == batch.key) and code not in found and code not in unread:
            faults.append((code, "", f"{one.label} is missing."))
    if faults:
        (field, _, first), *others = faults
        raise Held(" ".join([first, *(f"{where}{what}" for _, where, what in others)]), field=field)
    return found
