"""A file comes in, is asked about, committed, stopped or dropped. The reading and importing is in the neighbours."""

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Max
from uuid6 import uuid7

from core.actor import Actor
from core.errors import DomainError
from core.jobs import cancel, start_job
from core.rules import require
from kpis import rules
from kpis.models import Upload
from kpis.queries.dictionary import importable_accounts
from kpis.workbook import FileRefused, inspect_file
from tenants.context import take_lock, tenant_path

READ_AT_ONCE = 5_000_000  # bytes; a smaller file is looked into before the answer, so that a refusal comes with it
HELD_NAME = re.compile(r"(?P<stem>.+) held rows v(?P<version>\d+)(?: ?\(\d+\))?\.(?:xlsx|csv)$")


class FileTooLarge(DomainError):
    """More bytes than UPLOAD_MAX_BYTES; nothing of the file is kept."""


class NotNow(DomainError):
    """The upload is in a state in which this cannot be done."""


class WrongAnswer(DomainError):
    """The answer to a question about the file is not one of its options."""


def file_path(upload: Upload) -> Path:
    """Where the file of an upload lies on this machine."""
    return Path(default_storage.path(upload.path))


def too_large(limit: int) -> FileTooLarge:
    return FileTooLarge(
        f"The file is larger than {limit / 1e6:,.0f} MB. Split it, or pack it as .csv.gz.", field="file"
    )


@dataclass(frozen=True)
class _Stored:
    path: str
    sha256: str
    size: int


def receive_upload(
    *,
    name: str,
    chunks: Iterable[bytes],
    by: Actor,
    at: datetime,
    corrects: UUID | None = None,
    answers: Mapping[str, str] | None = None,
    picked_up: bool = False,
) -> Upload:
    """Keep a file under a name of our own and start reading it; nothing is imported before it is committed.

    name: as the person named it, for showing only. chunks: the bytes, never more than one chunk in memory.
    corrects: the upload whose held rows this file brings; found by the file's name when it is not said.
    answers: to its questions, known from an earlier time. picked_up: found in the inbox folder.
    A small file that cannot be taken comes back in state REFUSED at once. Raises FileTooLarge, PermissionDenied.
    """
    require(by, rules.UPLOAD)
    stored = _store(chunks)
    try:
        upload = Upload(file_name=shown_name(name), answers=dict(answers or {}), picked_up=picked_up)
        return _register(upload, stored, corrects=corrects, by=by, at=at)
    except BaseException:
        default_storage.delete(stored.path)
        raise


def _store(chunks: Iterable[bytes]) -> _Stored:
    limit, size, digest = settings.UPLOAD_MAX_BYTES, 0, hashlib.sha256()
    name = tenant_path("uploads", f"{uuid7()}.bin")
    path = Path(default_storage.path(name))
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("xb") as file:
            for chunk in chunks:
                size += len(chunk)
                if size > limit:
                    raise too_large(limit)
                digest.update(chunk)
                file.write(chunk)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return _Stored(name, digest.hexdigest(), size)


def shown_name(name: str) -> str:
    """The last part of the name without characters nobody sees, at most 200 long with its ending kept."""
    last = re.split(r"[\\/]", name)[-1]
    seen = "".join(c for c in last if unicodedata.category(c)[0] != "C").strip() or "file"
    if len(seen) <= 200:
        return seen
    stem, _, ending = seen.rpartition(".")
    return f"{stem[: 199 - len(ending)]}.{ending}" if 0 < len(ending) < 10 else seen[:200]


@transaction.atomic
def _register(upload: Upload, stored: _Stored, *, corrects: UUID | None, by: Actor, at: datetime) -> Upload:
    name = upload.file_name
    take_lock(f"upload {name}")
    newest = Upload.objects.filter(file_name=name).aggregate(newest=Max("version"))["newest"]
    upload.sha256, upload.size, upload.path = stored.sha256, stored.size, stored.path
    upload.version, upload.corrects = (newest or 0) + 1, _corrected(name, corrects, by)
    upload.created_by_id, upload.created_by_label, upload.created_at = by.user_id, by.label, at
    refusal = _refusal(upload)
    if refusal:
        upload.state, upload.message, upload.finished_at = Upload.State.REFUSED, refusal, at
    upload.save(force_insert=True)
    if not refusal:
        start_reading(upload=upload, by=by)
    return upload


def _corrected(name: str, corrects: UUID | None, by: Actor) -> Upload | None:
    mine = Upload.objects.visible_to(by)
    if corrects:
        return mine.filter(pk=corrects).first()
    named = HELD_NAME.match(name)
    if not named:
        return None
    originals = mine.filter(file_name__startswith=named["stem"], version=int(named["version"]))
    return next((one for one in originals if Path(one.file_name).stem == named["stem"]), None)


def _refusal(upload: Upload) -> str:
    if upload.size > READ_AT_ONCE:
        return ""
    try:
        inspect_file(file_path(upload), upload.file_name)
    except FileRefused as refused:
        return refused.message
    return ""


def start_reading(*, upload: Upload, by: Actor) -> None:
    upload.state, upload.message, upload.finished_at = Upload.State.READING, "", None
    upload.job = start_job("kpis.read_upload", by=by, subject_id=upload.pk)
    upload.save(update_fields=["state", "message", "finished_at", "job"])


@transaction.atomic
def answer_upload(*, upload_id: UUID, answers: Mapping[str, str], by: Actor) -> Upload:
    """Take a person's answers to the questions about a file and read it again with them.

    answers: key of the question -> answer; an empty answer takes an earlier one back. Raises WrongAnswer,
    NotNow once importing has begun, PermissionDenied, Upload.DoesNotExist.
    """
    upload = locked_upload(upload_id=upload_id, by=by)
    if upload.state not in (Upload.State.PROPOSED, Upload.State.READING):
        raise NotNow("This file is past its questions.")
    upload.answers = {
        key: value for key, value in {**upload.answers, **checked(answers=answers, by=by)}.items() if value
    }
    upload.save(update_fields=["answers"])
    start_reading(upload=upload, by=by)
    return upload


def checked(*, answers: Mapping[str, str], by: Actor) -> dict[str, str]:
    """Answers whose key and value mean something. Raises WrongAnswer, whose field is the first wrong key.

    An empty value takes an answer back. Accounts are those `by` may fill.
    """
    given = {key: str(value).strip() for key, value in answers.items()}
    named = {value for key, value in given.items() if value and _kind(key) == "account"}
    accounts = importable_accounts(by=by) if named else {}
    for key, value in given.items():
        kind = _kind(key)
        if kind not in _ANSWERS or "\x00" in key:
            raise WrongAnswer("This file asks no such question.", field=key)
        if value and kind == "account" and value not in accounts:
            raise WrongAnswer("There is no account of exactly this name.", field=key)
        if value and not re.fullmatch(_ANSWERS[kind][0], value):
            raise WrongAnswer(_ANSWERS[kind][1], field=key)
    return given


def _kind(key: str) -> str:
    """ "account:Acme Ldt" is an answer of the kind "account"."""
    return key.partition(":")[0]


_ONE_OF = "Choose one of the answers offered."
_ANSWERS = {
    "period": (r"20\d\d-(0[1-9]|1[0-2])", "Choose a month, as in 2026-09."),
    "account": (r".+", _ONE_OF),
    "decimal": (r"[.,]", _ONE_OF),
    "percent": (r"fraction|percent", _ONE_OF),
    "role": (r"account|kpi|period|value|unit|category|ignored", _ONE_OF),
    "encoding": (r"[\w-]{3,20}", _ONE_OF),
    "delimiter": (r"[,;|\t]", _ONE_OF),
}


@transaction.atomic
def commit_upload(*, upload_id: UUID, by: Actor) -> Upload:
    """Import the good rows of a proposed file; also goes on with one that was stopped or failed halfway.

    Raises NotNow when the file is refused, imported already or has open questions; PermissionDenied.
    """
    upload = locked_upload(upload_id=upload_id, by=by)
    if upload.state == Upload.State.REFUSED:
        raise NotNow(upload.message)
    if upload.state != Upload.State.PROPOSED and not upload.resumable:
        raise NotNow(_WHY_NOT.get(upload.state, "This file was dropped. Upload it again."))
    if not upload.proposal.get("ready"):
        raise NotNow("Answer the questions about the file first.")
    if not upload.proposal["counts"]["values"]:
        raise NotNow("There is nothing to import in this file.")
    upload.state, upload.message, upload.finished_at = Upload.State.IMPORTING, "", None
    upload.job = start_job("kpis.import_upload", by=by, subject_id=upload.pk)
    upload.save(update_fields=["state", "message", "finished_at", "job"])
    return upload


_WHY_NOT: dict[str, str] = {
    Upload.State.READING: "The file is still being read.",
    Upload.State.IMPORTING: "The file is being imported already.",
    Upload.State.DONE: "The file is imported already.",
    Upload.State.ROLLING_BACK: "The file is being rolled back.",
    Upload.State.ROLLED_BACK: "The file was rolled back. Import it again as a new version.",
}


@transaction.atomic
def cancel_upload(*, upload_id: UUID, by: Actor, at: datetime) -> Upload:
    """Stop reading or importing after the current batch, or drop a file that was never imported.

    Whole batches that were imported stay. Raises NotNow when there is nothing to stop; PermissionDenied.
    """
    upload = locked_upload(upload_id=upload_id, by=by)
    if upload.job and upload.job.open and upload.state in (Upload.State.READING, Upload.State.IMPORTING):
        cancel(upload.job)
        upload.job.refresh_from_db()
        if upload.job.open:
            return upload  # the worker says when it has stopped
    elif upload.state not in (Upload.State.PROPOSED, Upload.State.READING):
        raise NotNow("There is nothing to stop.")
    upload.state, upload.message, upload.finished_at = Upload.State.CANCELLED, "It was dropped.", at
    upload.save(update_fields=["state", "message", "finished_at"])
    return upload


def locked_upload(*, upload_id: UUID, by: Actor) -> Upload:
    """The upload, locked, if `by` sees it and may upload. Raises Upload.DoesNotExist, PermissionDenied."""
    upload: Upload = (
        Upload.objects.visible_to(by).select_for_update(of=("self",)).select_related("job").get(pk=upload_id)
    )
    require(by, rules.UPLOAD, upload)
    return upload
