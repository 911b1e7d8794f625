"""A file of records on its way in: mapped, tried, brought in by the worker, finished by a corrected file, undone."""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import UUID

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from uuid6 import uuid7

from accounts import columns, rules
from accounts.events import RecordsImported, RecordsImportUndone
from accounts.models import ImportHeading, ImportRow, RecordImport
from accounts.operations.record_kinds import KINDS, Held, Kind, Taken
from accounts.queries.imports import LINE
from core import jobs
from core.actor import Actor
from core.audit import record
from core.errors import DomainError
from core.models import Job, JobCancelled
from core.rules import require
from tenants.context import tenant_path

CHUNK = 100
MOST_ROWS, MOST_COLUMNS = 20_000, 100

State = RecordImport.State
_JOBS = {"try": "accounts.try_import", "bring": "accounts.bring_import", "undo": "accounts.undo_import"}


class _Tried(Exception):
    """Takes a dry run back."""


@transaction.atomic
def start_import(
    *, kind: str, data: bytes, file_name: str, by: Actor, at: datetime, corrects: UUID | None = None
) -> RecordImport:
    """Keep a file and propose what its columns mean: as the last time, else by their names. Nothing is changed yet.

    corrects: the import whose held rows the file brings corrected. Raises DomainError for no table, PermissionDenied.
    """
    require(by, rules.IMPORT)
    first = RecordImport.objects.visible_to(by).get(pk=corrects) if corrects else None
    known = KINDS.get(first.kind if first else kind)
    if known is None:
        raise DomainError("Choose what the rows are.", field="kind")
    require(by, known.permission)
    try:
        lines = columns.lines_in(data)
        headings = [columns.cell_text(cell)[:120] for cell in next(lines, (0, ()))[1]]
        rows = sum(1 for _ in islice(lines, MOST_ROWS + 1))
    except columns.NotASheet as refusal:
        raise DomainError(str(refusal), field="file") from refusal
    if not rows or not any(headings) or len(headings) > MOST_COLUMNS:
        raise DomainError("The first row names the columns, up to 100, and the records follow it.", field="file")
    if rows > MOST_ROWS:
        raise DomainError(f"One file may hold {MOST_ROWS:,} rows. Split this one.", field="file")
    path = default_storage.save(tenant_path("imports", f"{uuid7()}.bin"), ContentFile(data))
    made: RecordImport = RecordImport.objects.create(
        kind=known.code, file_name=file_name[:200], path=path, headings=headings,
        sha256=hashlib.sha256(data).hexdigest(), mapping=_proposed(known, headings), rows=rows,
        key=first.key if first else known.keys[0],
        corrects=first, created_at=at, created_by_id=by.user_id, created_by=by.label[:160],
    )  # fmt: skip
    return made


def _normal(heading: str) -> str:
    return re.sub(r"[\W_]+", " ", heading.casefold()).strip()[:120]


def _proposed(kind: Kind, headings: Sequence[str]) -> dict[str, str]:
    """column number as text -> field. Of two columns that say the same the first is taken."""
    remembered = dict(ImportHeading.objects.filter(kind=kind.code).values_list("normalised", "field"))
    by_name = {_normal(name): code for code, one in kind.columns.items() for name in (one.label, *one.aliases)}
    found: dict[str, str] = {}
    for at, heading in enumerate(headings):
        normal = _normal(heading)
        code = remembered.get(normal, by_name.get(normal, ""))
        found[str(at)] = code if code in kind.columns and code not in found.values() else ""
    return found


@transaction.atomic
def map_import(*, import_id: UUID, mapping: Mapping[str, str], key: str, by: Actor) -> RecordImport:
    """Say what the columns mean and which field says which record a row is; remembered for the next file.

    mapping: column number as text -> field, '' leaves it out. Raises DomainError, PermissionDenied, DoesNotExist.
    """
    batch = _locked(import_id, by, State.MAPPING, State.TRIED)
    kind = KINDS[batch.kind]
    chosen = {str(at): mapping.get(str(at), "") for at in range(len(batch.headings))}
    taken = [code for code in chosen.values() if code]
    twice = next((code for code in taken if taken.count(code) > 1), None)
    missing = [one.label for code, one in kind.columns.items() if one.required and code not in taken]
    if unknown := set(taken) - set(kind.columns):
        raise DomainError(f"No such field: {', '.join(sorted(unknown))}.")
    if twice:
        raise DomainError(f"Two columns were chosen as “{kind.columns[twice].label}”. Choose one of them.")
    if missing:
        raise DomainError(f"No column was chosen for: {', '.join(missing)}.")
    if key not in kind.keys or key not in taken:
        raise DomainError("Choose a column that says which record a row is.", field="key")
    for at, heading in enumerate(batch.headings):
        if normal := _normal(heading):
            said = {"field": chosen[str(at)]}
            ImportHeading.objects.update_or_create(kind=kind.code, normalised=normal, defaults=said)
    batch.mapping, batch.key, batch.state = chosen, key, State.MAPPING
    batch.save(update_fields=["mapping", "key", "state"])
    return batch


@transaction.atomic
def start_step(*, import_id: UUID, step: str, by: Actor) -> RecordImport:
    """Have the worker try it ("try", nothing is changed), bring it in ("bring") or take it back ("undo").

    Raises DomainError when it is not the time for that, PermissionDenied, RecordImport.DoesNotExist.
    """
    wanted = {"try": (State.MAPPING, State.TRIED), "bring": (State.MAPPING, State.TRIED), "undo": (State.DONE,)}[step]
    batch = _locked(import_id, by, *wanted)
    if batch.job and batch.job.open:
        raise DomainError("The worker is still at it.")
    batch.job = jobs.start_job(_JOBS[step], by=by, subject_id=batch.pk)
    if step == "bring":
        batch.lines.all().delete()
        batch.state, batch.position, batch.summary = State.RUNNING, 0, {}
    elif step == "undo":
        batch.state = State.UNDOING
    batch.save(update_fields=["job", "state", "position", "summary"])
    return batch


def _locked(import_id: UUID, by: Actor, *states: str) -> RecordImport:
    require(by, rules.IMPORT)
    batch: RecordImport = RecordImport.objects.visible_to(by).select_for_update(of=("self",)).get(pk=import_id)
    require(by, KINDS[batch.kind].permission)
    if batch.state not in states:
        raise DomainError(f"This import is {batch.get_state_display().lower()}; that cannot be done now.")
    return batch


def try_import(*, batch: RecordImport, by: Actor, at: datetime, job: Job | None = None) -> None:
    """Do every row and take it back again: what the file would do stands in its lines, nothing else is changed."""
    batch.lines.all().delete()
    for chunk in _chunks(batch, after=0):
        with transaction.atomic():
            done: list[ImportRow] = []
            with suppress(_Tried), transaction.atomic():
                done = [_row(batch, line, cells, by, at) for line, cells in chunk]
                raise _Tried
            ImportRow.objects.bulk_create(done)
            if job:
                jobs.progress(job, done=job.done + len(done), total=batch.rows)
    _sum_up(batch, State.TRIED)


def bring_import(*, batch: RecordImport, by: Actor, at: datetime, job: Job | None = None) -> None:
    """Bring the rows in, chunk by chunk; a killed worker goes on behind the last one. Emits RecordsImported.

    A row that cannot be taken is held with its reason and changes nothing.
    """
    try:
        for chunk in _chunks(batch, after=batch.position):
            with transaction.atomic():
                ImportRow.objects.bulk_create([_row(batch, line, cells, by, at) for line, cells in chunk])
                batch.position = chunk[-1][0]
                batch.save(update_fields=["position"])
                if job:
                    jobs.progress(job, done=batch.lines.count(), total=batch.rows)
    except JobCancelled:
        batch.refresh_from_db()
        batch.message = f"Stopped after line {batch.position}."
        _finish(batch, by, at)
        raise
    _finish(batch, by, at)


@transaction.atomic
def _finish(batch: RecordImport, by: Actor, at: datetime) -> None:
    batch.finished_at = at
    _sum_up(batch, State.DONE)
    if batch.corrects_id:
        _finish_first(batch)
    said = batch.summary
    record(RecordsImported(None, batch.pk, batch.kind, said["create"], said["update"], said["held"]), by=by)


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
    actions = list(batch.lines.values_list("action", flat=True))
    batch.summary = {what: actions.count(what) for what in ("create", "update", "same", "held", "corrected")}
    batch.state = state
    batch.save(update_fields=["summary", "state", "message", "finished_at"])


def undo_import(*, batch: RecordImport, by: Actor, at: datetime, job: Job | None = None) -> None:
    """Take back what the file did, the last row first, as far as nobody changed the record since.

    What stays says why. Emits RecordsImportUndone.
    """
    kind, done, stayed = KINDS[batch.kind], 0, 0
    rows = batch.lines.filter(action__in=("create", "update"), undone=False).order_by("-line")
    while chunk := list(rows.filter(error="")[:CHUNK]):
        with transaction.atomic():
            for row in chunk:
                try:
                    with transaction.atomic():
                        kind.undo(row, by=by, at=at)
                    row.undone = True
                except DomainError as refusal:
                    row.error = str(refusal)[:300]
                row.save(update_fields=["undone", "error"])
            if job:
                jobs.progress(job, done=job.done + len(chunk))
    done, stayed = batch.lines.filter(undone=True).count(), rows.count()
    with transaction.atomic():
        batch.state, batch.undone_at, batch.undone_by = State.UNDONE, at, by.label[:160]
        batch.message = f"{stayed:,} rows stay, as somebody changed them since." if stayed else ""
        batch.save(update_fields=["state", "undone_at", "undone_by", "message"])
        record(RecordsImportUndone(None, batch.pk, batch.kind, done, stayed), by=by)


def _chunks(batch: RecordImport, *, after: int) -> Iterator[list[tuple[int, Sequence[Any]]]]:
    """(line, cells) of the rows behind line `after`."""
    with default_storage.open(batch.path) as file:
        lines = columns.lines_in(file.read())
    next(lines, None)
    rest = (line for line in lines if line[0] > after)
    while chunk := list(islice(rest, CHUNK)):
        yield chunk


def _row(batch: RecordImport, line: int, cells: Sequence[Any], by: Actor, at: datetime) -> ImportRow:
    """Take one row, in its own savepoint; held with its reason when it cannot be."""
    texts = [columns.cell_text(cell)[:1000] for cell in cells]
    row = ImportRow(batch=batch, line=line, action="held", raw=dict(zip(batch.headings, texts, strict=False)))
    kind = KINDS[batch.kind]
    try:
        with transaction.atomic():
            taken: Taken = kind.take(_fields(kind, batch, cells), batch.key, by=by, at=at)
        row.action, row.record_id = taken.action, taken.record_id
        row.before, row.after_version = taken.before, taken.version
    except DomainError as refusal:
        row.error, row.fix = str(refusal)[:300], getattr(refusal, "fix", "")[:300]
        named = next((at for at, code in batch.mapping.items() if refusal.field and code == refusal.field), None)
        row.column = batch.headings[int(named)] if named else ""
    return row


def _fields(kind: Kind, batch: RecordImport, cells: Sequence[Any]) -> dict[str, Any]:
    """The fields of a row; an empty cell says nothing. Raises Held."""
    found: dict[str, Any] = {}
    for at, cell in enumerate(cells):
        code = batch.mapping.get(str(at), "")
        if code and columns.cell_text(cell):
            try:
                found[code] = kind.columns[code].read(cell)
            except ValueError as error:
                raise Held(str(error), field=code) from error
            if len(str(found[code])) > columns.LONGEST.get(code, 250):
                raise Held("This is too long.", field=code)
    for code, one in kind.columns.items():
        if (one.required or code == batch.key) and code not in found:
            raise Held(f"{one.label} is missing.", field=code)
    return found
