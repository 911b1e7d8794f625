"""A file of records on its way in: kept, mapped, and each step started. What the worker does is in record_runs."""

import hashlib
import io
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import IO, Any
from uuid import UUID

from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import transaction
from uuid6 import uuid7

from accounts import columns, custom, rules
from accounts.models import ImportHeading, RecordImport
from accounts.operations.custom import add_field
from accounts.operations.record_kinds import Kind, kind_for
from accounts.operations.record_kinds.written import DAYS, DECIMALS, as_written, kind_of, proposed
from accounts.queries.imports import first_rows
from core import jobs
from core.actor import Actor
from core.errors import DomainError
from core.rules import require
from tenants.context import tenant_path

MOST_ROWS, MOST_COLUMNS = 500_000, 100
LOOKED_AT = 2_000  # rows from which is read how days and figures are written
NEW_FIELD = "new"  # what a column can become beside the fields: a new field of the tenant's own

State = RecordImport.State
_JOBS = {"try": "accounts.try_import", "bring": "accounts.bring_import", "undo": "accounts.undo_import"}
_JOBS["again"] = _JOBS["bring"]


@transaction.atomic
def start_import(
    *,
    kind: str,
    data: bytes | IO[bytes],
    file_name: str,
    by: Actor,
    at: datetime,
    corrects: UUID | None = None,
) -> RecordImport:
    """Keep a file and propose what its columns mean: as the last time, else by their names. Nothing is changed yet.

    corrects: the import whose held rows the file brings corrected; its answers are taken over. Raises DomainError for
    no table, PermissionDenied.
    """
    require(by, rules.IMPORT)
    first = RecordImport.objects.visible_to(by).get(pk=corrects) if corrects else None
    code = first.kind if first else kind
    try:
        known = kind_for(code, by)
    except KeyError:
        raise DomainError("Choose what the rows are.", field="kind") from None
    require(by, known.permission)
    file = io.BytesIO(data) if isinstance(data, bytes) else data
    headings, rows, sample = _looked_at(file)
    path = default_storage.save(tenant_path("imports", f"{uuid7()}.bin"), File(file))
    reading = first.reading if first else {**proposed(sample), "only": {}, "same": {}}
    mapping = _proposed(known, headings, first)
    made: RecordImport = RecordImport.objects.create(
        kind=known.code, file_name=file_name[:200], path=path, headings=headings, reading=reading,
        sha256=_sha256(file), mapping=mapping, rows=rows,
        mail_wanted=bool(first and first.mail_wanted),
        key=first.key if first else next((code for code in known.keys if code in mapping.values()), known.keys[0]),
        corrects=first, created_at=at, created_by_id=by.user_id, created_by=by.label[:160],
    )  # fmt: skip
    return made


def _looked_at(file: IO[bytes]) -> tuple[list[str], int, list[Sequence[Any]]]:
    """Headings, number of rows and the first of them. Raises DomainError."""
    try:
        lines = columns.stream_lines(file)
        headings = [columns.cell_text(cell)[:120] for cell in next(lines, (0, ()))[1]]
        sample = [cells for _, cells in islice(lines, LOOKED_AT)]
        rows = len(sample) + sum(1 for _ in islice(lines, MOST_ROWS + 1))
        del lines
    except columns.NotASheet as refusal:
        raise DomainError(str(refusal), field="file") from refusal
    if not rows or not any(headings) or len(headings) > MOST_COLUMNS:
        raise DomainError("The first row names the columns, up to 100, and the records follow it.", field="file")
    if rows > MOST_ROWS:
        raise DomainError(f"One file may hold {MOST_ROWS:,} rows. Split this one.", field="file")
    file.seek(0)
    return headings, rows, sample


def _sha256(file: IO[bytes]) -> str:
    file.seek(0)
    found = hashlib.sha256()
    while piece := file.read(1_000_000):
        found.update(piece)
    return found.hexdigest()


def _normal(heading: str) -> str:
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", heading)  # "CustomerID" reads as "Customer ID"
    return re.sub(r"[\W_]+", " ", spaced.casefold()).strip()[:120]


def _proposed(kind: Kind, headings: Sequence[str], first: RecordImport | None) -> dict[str, str]:
    """column number as text -> field. Of two columns that say the same the first is taken."""
    remembered = dict(ImportHeading.objects.filter(kind=kind.code).values_list("normalised", "field"))
    if first:
        remembered |= {_normal(name): first.mapping.get(str(at), "") for at, name in enumerate(first.headings)}
    by_name = {_normal(name): code for code, one in kind.columns.items() for name in (one.label, *one.aliases)}
    found: dict[str, str] = {}
    for at, heading in enumerate(headings):
        normal = _normal(heading)
        code = remembered.get(normal, by_name.get(normal, ""))
        found[str(at)] = code if code in kind.columns and code not in found.values() else ""
    return found


@transaction.atomic
def map_import(
    *,
    import_id: UUID,
    mapping: Mapping[str, str],
    key: str,
    by: Actor,
    reading: Mapping[str, Any] | None = None,
    mail_wanted: bool | None = None,
) -> RecordImport:
    """Say what the columns mean and which field says which record a row is; remembered for the next file.

    mapping: column number as text -> field, '' leaves it out, 'new' makes a field of the tenant's own. reading: see
    RecordImport.reading; what it does not name stays. Raises DomainError, PermissionDenied, DoesNotExist.
    """
    batch = locked(import_id=import_id, by=by, states=(State.MAPPING, State.TRIED))
    kind = kind_for(batch.kind, by)
    said = {**batch.reading, **(reading or {})}
    chosen = {str(at): mapping.get(str(at), "") for at in range(len(batch.headings))}
    if NEW_FIELD in chosen.values():
        chosen = _with_new_fields(batch, kind, chosen, said, by)
        kind = kind_for(batch.kind, by)
    batch.reading = _checked_reading(batch, kind, said, chosen)
    _check_mapping(kind, chosen, batch.reading["same"], key)
    for at, heading in enumerate(batch.headings):
        if normal := _normal(heading):
            found = {"field": chosen[str(at)]}
            ImportHeading.objects.update_or_create(kind=kind.code, normalised=normal, defaults=found)
    batch.mapping, batch.key, batch.state = chosen, key, State.MAPPING
    batch.mail_wanted = batch.mail_wanted if mail_wanted is None else mail_wanted
    batch.save(update_fields=["mapping", "key", "state", "reading", "mail_wanted"])
    return batch


def _check_mapping(kind: Kind, chosen: Mapping[str, str], same: Mapping[str, str], key: str) -> None:
    taken = [code for code in chosen.values() if code]
    twice = next((code for code in taken if taken.count(code) > 1), None)
    missing = [one.label for code, one in kind.columns.items() if one.required and code not in {*taken, *same}]
    if unknown := set(taken) - set(kind.columns):
        raise DomainError(f"No such field: {', '.join(sorted(unknown))}.")
    if twice:
        raise DomainError(f"Two columns were chosen as “{kind.columns[twice].label}”. Choose one of them.")
    if missing:
        said = ", ".join(missing)
        raise DomainError(f"No column was chosen for: {said}. Choose one, or write what is the same for every row.")
    if key not in kind.keys or key not in {*taken, *same}:
        raise DomainError("Choose a column that says which record a row is.", field="key")


def _checked_reading(
    batch: RecordImport, kind: Kind, said: Mapping[str, Any], chosen: Mapping[str, str]
) -> dict[str, Any]:
    """As it is kept. Raises DomainError for what cannot stand in a field that is the same for every row."""
    found: dict[str, Any] = {
        "days": said.get("days", "") if said.get("days") in DAYS else "",
        "decimal": said.get("decimal", "") if said.get("decimal") in DECIMALS else "",
        "same": {}, "only": {},
    }  # fmt: skip
    only = said.get("only") or {}
    if str(only.get("column", "")).isdigit() and int(only["column"]) < len(batch.headings):
        found["only"] = {"column": str(int(only["column"])), "is": str(only.get("is", "")).strip()[:200]}
    for code, text in (said.get("same") or {}).items():
        text = str(text).strip()
        if code not in kind.columns or not text or code in chosen.values():
            continue
        try:
            kind.columns[code].read(as_written(text, kind.columns[code].shape, found))
        except ValueError as error:
            raise DomainError(f"{kind.columns[code].label}: {error}", field=f"same-{code}") from error
        found["same"][code] = text[:250]
    return found


def _with_new_fields(
    batch: RecordImport, kind: Kind, chosen: Mapping[str, str], reading: Mapping[str, Any], by: Actor
) -> dict[str, str]:
    """Each column that is to be a new field gets one, of the kind that its first cells have."""
    if not kind.own:
        raise DomainError("These records take no new fields from a file.")
    rows = [cells for _, cells in first_rows(batch, LOOKED_AT)]
    found = dict(chosen)
    for at, code in chosen.items():
        if code == NEW_FIELD:
            texts = [cells[int(at)] for cells in rows if int(at) < len(cells)]
            shape = kind_of(texts, reading.get("days", ""))
            made = add_field(label=batch.headings[int(at)][:60], kind=shape, record=kind.own, by=by)
            found[at] = f"{custom.PREFIX}{made.code}"
    return found


@transaction.atomic
def start_step(*, import_id: UUID, step: str, by: Actor) -> RecordImport:
    """Have the worker try it ("try", nothing is changed), bring it in ("bring"), look once more at the rows that wait
    for an account ("again") or take it back ("undo").

    Raises DomainError when it is not the time for that, PermissionDenied, RecordImport.DoesNotExist.
    """
    before = (State.MAPPING, State.TRIED)
    states = {"try": before, "bring": before}.get(step, (State.DONE,))
    batch = locked(import_id=import_id, by=by, states=states)
    if batch.job and batch.job.open:
        raise DomainError("The worker is still at it.")
    batch.job = jobs.start_job(_JOBS[step], by=by, subject_id=batch.pk)
    if step == "bring":
        batch.lines.all().delete()
        batch.state, batch.position, batch.summary = State.RUNNING, 0, {}
    elif step == "again":
        batch.state, batch.mailed_at = State.RUNNING, None
    elif step == "undo":
        batch.state = State.UNDOING
    batch.save(update_fields=["job", "state", "position", "summary", "mailed_at"])
    return batch


def _kind_of(batch: RecordImport, by: Actor) -> Kind:
    try:
        return kind_for(batch.kind, by)
    except KeyError:
        raise DomainError("What its rows are is not there any more, or not for your role.") from None


def locked(*, import_id: UUID, by: Actor, states: Sequence[str]) -> RecordImport:
    """The import for a change. Raises DomainError in any other state, PermissionDenied, DoesNotExist."""
    require(by, rules.IMPORT)
    batch: RecordImport = RecordImport.objects.visible_to(by).select_for_update(of=("self",)).get(pk=import_id)
    require(by, _kind_of(batch, by).permission)
    if batch.state not in states:
        raise DomainError(f"This import is {batch.get_state_display().lower()}; that cannot be done now.")
    return batch
