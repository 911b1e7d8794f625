"""The inbox folder: files that are laid down there are picked up, each exactly once, and treated like dropped ones.

A file is taken when it has stood still between two looks. Its upload and the note that it was taken are one
transaction; only then it is moved away. A worker that dies in between finds a file whose bytes it knows already.
"""

import hashlib
import os
import stat
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import transaction
from uuid6 import uuid7

from core.actor import Actor
from core.audit import record
from core.errors import DomainError
from core.rules import require
from kpis import rules
from kpis.events import InboxFilePickedUp, SourceSet
from kpis.models import InboxFile, InboxLook, Source, Upload, UploadIssue
from kpis.operations.alerts import alert_of_file, alert_of_folder
from kpis.operations.uploads import commit_upload, receive_upload, shown_name, too_large
from tenants.context import take_lock, tenant_path

PROCESSED, REFUSED = "processed", "refused"
UNFINISHED = (".part", ".partial", ".tmp", ".crdownload", ".filepart")  # other programs still write these
MOST = 200  # files in one look; the others are there at the next
CHUNK = 1 << 20
NAME_BYTES = 180  # of the name a moved file keeps behind its own number


class Restless(Exception):
    """The file was changed while it was read; the next look sees it again."""


def inbox_folder() -> Path:
    """Where the tenant's inbox lies on this machine."""
    return Path(default_storage.path(tenant_path("inbox")))


def look_into_inbox(*, by: Actor, at: datetime) -> int:
    """Pick up the files that stand still; returns how many. One look of a tenant at a time.

    What goes wrong with the folder itself is kept for its page; what goes wrong with a file is said beside it. Those
    who bring files for the whole book are told of either.
    """
    problem, taken = "", 0
    try:
        folder = inbox_folder()
        for part in (folder, folder / PROCESSED, folder / REFUSED):
            part.mkdir(parents=True, exist_ok=True)
        entries = sorted(_waiting(folder), key=lambda entry: entry.name)[:MOST]
        _forget_gone({entry.name for entry in entries}, at=at)
        for entry in entries:
            taken += _one(folder, entry, by=by, at=at)
    except OSError as error:
        problem = f"The folder cannot be used: {error.strerror or 'unknown error'}."
    InboxLook.objects.update_or_create(one=True, defaults={"looked_at": at, "problem": problem})
    if problem:
        alert_of_folder(problem, at=at)
    return taken


def _waiting(folder: Path) -> Iterator[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            hidden = entry.name.startswith((".", "~$")) or entry.name.lower().endswith(UNFINISHED)
            if not hidden and not entry.is_dir(follow_symlinks=False):
                yield entry


def _forget_gone(there: set[str], *, at: datetime) -> None:
    """A file that was taken away again before it stood still leaves no trace."""
    InboxFile.objects.filter(done_at=None).exclude(file_name__in=[name for name in there if _speakable(name)]).delete()


def _speakable(name: str) -> bool:
    return shown_name(name) == name


def _one(folder: Path, entry: os.DirEntry[str], *, by: Actor, at: datetime) -> int:
    """1 if the file became an upload. A file that vanishes meanwhile, or is changed, is left for the next look."""
    try:
        facts = entry.stat(follow_symlinks=False)
        with transaction.atomic():
            take_lock("inbox")
            row = _seen(entry.name, facts, at=at)
            if row is None:
                return 0
            if row.state == InboxFile.State.GROWING:
                _take(folder / entry.name, row, by=by, at=at)
            _close(row, at=at, by=by)
        _move(folder, entry.name, row)
    except (FileNotFoundError, Restless):
        return 0
    return int(row.state == InboxFile.State.TAKEN)


def _seen(name: str, facts: os.stat_result, *, at: datetime) -> InboxFile | None:
    """The file's row if it is to be dealt with now, None while it may still grow."""
    why = _hopeless(name, facts)
    if why:
        shown, given = shown_name(name)[:255], {"size": facts.st_size, "modified_ns": facts.st_mtime_ns}
        return InboxFile(file_name=shown, state=InboxFile.State.REFUSED, message=why, seen_at=at, **given)
    row, first = InboxFile.objects.select_for_update().get_or_create(
        file_name=name,
        done_at=None,
        defaults={"size": facts.st_size, "modified_ns": facts.st_mtime_ns, "seen_at": at},
    )
    still = (row.size, row.modified_ns) == (facts.st_size, facts.st_mtime_ns)
    if first or not still:
        row.size, row.modified_ns = facts.st_size, facts.st_mtime_ns
        row.save(update_fields=["size", "modified_ns"])
        return None
    if row.size > settings.UPLOAD_MAX_BYTES:
        row.state, row.message = InboxFile.State.REFUSED, str(too_large(settings.UPLOAD_MAX_BYTES))
    return row


def _hopeless(name: str, facts: os.stat_result) -> str:
    if stat.S_ISLNK(facts.st_mode):
        return "It is a link to another place. Copy the file itself into the folder."
    if not stat.S_ISREG(facts.st_mode):
        return "It is not a file."
    if not _speakable(name):
        return "Its name has characters that cannot be shown. Rename it and lay it down again."
    return ""


def _take(path: Path, row: InboxFile, *, by: Actor, at: datetime) -> None:
    """Make an upload of the file, unless these very bytes were picked up before. Raises Restless."""
    row.sha256 = _digest(path)
    before = InboxFile.objects.filter(
        file_name=row.file_name, sha256=row.sha256, state=InboxFile.State.TAKEN
    ).select_related("upload")
    over = (Upload.State.ROLLED_BACK, Upload.State.CANCELLED, Upload.State.FAILED)
    known = next((one for one in before if one.upload and one.upload.state not in over), None)
    if known:
        row.state, row.upload = InboxFile.State.KNOWN, known.upload
        row.message = "Exactly this file was picked up before."
        return
    upload = receive_upload(name=row.file_name, chunks=_chunks(path), by=by, at=at, picked_up=True)
    if upload.sha256 != row.sha256:
        default_storage.delete(upload.path)
        raise Restless
    row.upload, row.message = upload, upload.message
    refused = upload.state == Upload.State.REFUSED
    row.state = InboxFile.State.REFUSED if refused else InboxFile.State.TAKEN


def _chunks(path: Path) -> Iterator[bytes]:
    """The bytes of the file itself, never of what a link that was put in its place points to."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise Restless from error
    with open(handle, "rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    for chunk in _chunks(path):
        digest.update(chunk)
    return digest.hexdigest()


def _close(row: InboxFile, *, at: datetime, by: Actor) -> None:
    place = REFUSED if row.state == InboxFile.State.REFUSED else PROCESSED
    row.done_at = at
    row.kept_as = f"{place}/{uuid7()} {_short(row.file_name)}"
    row.save()
    if row.state != InboxFile.State.KNOWN:
        upload_id = row.upload.pk if row.upload else None
        record(InboxFilePickedUp(None, row.file_name, row.state, row.message, upload_id), by=by)
    if row.state == InboxFile.State.REFUSED:
        upload_id = row.upload.pk if row.upload else None
        alert_of_file(file_name=row.file_name, reason=row.message, upload_id=upload_id, at=at, key=str(row.pk))


def _short(name: str) -> str:
    """The end of a name, which carries its ending, in as many bytes as a file system takes."""
    return name.encode()[-NAME_BYTES:].decode(errors="ignore")


def _move(folder: Path, name: str, row: InboxFile) -> None:
    """Out of the way, after the commit. A link is moved itself, not what it points to."""
    os.rename(folder / name, folder / row.kept_as)


@transaction.atomic
def commit_alone(*, upload_id: UUID, by: Actor) -> bool:
    """Commit a picked-up file if a person has said so for its source and nothing in it needs anybody.

    Returns whether it was committed. Nothing needs anybody when there is no open question and nothing is held.
    """
    upload = Upload.objects.select_for_update(of=("self",)).get(pk=upload_id)
    trusted = Source.objects.filter(file_name=upload.file_name, imports_alone=True)
    if not upload.picked_up or upload.state != Upload.State.PROPOSED or not trusted.exists():
        return False
    held = UploadIssue.objects.filter(upload=upload, state=UploadIssue.State.HELD)
    open_questions = [one for one in upload.proposal.get("questions", []) if one["key"] not in upload.answers]
    clean = upload.proposal.get("ready") and upload.proposal["counts"]["values"] and not open_questions
    if not clean or held.exists():
        return False
    commit_upload(upload_id=upload.pk, by=by)
    return True


@transaction.atomic
def set_source(*, file_name: str, imports_alone: bool, by: Actor, at: datetime) -> Source:
    """Say whether picked-up files of this name import by themselves when everything in them is recognised.

    Emits SourceSet. Raises PermissionDenied, NoSuchSource when no such file was picked up.
    """
    require(by, rules.UPLOAD)
    if not Upload.objects.visible_to(by).filter(file_name=file_name, picked_up=True).exists():
        raise NoSuchSource("No file of this name was picked up yet.", field="file_name")
    source, _ = Source.objects.select_for_update().get_or_create(file_name=file_name)
    if source.imports_alone != imports_alone:
        source.imports_alone, source.decided_by, source.decided_at = imports_alone, by.label[:160], at
        source.save()
        record(SourceSet(None, file_name, imports_alone), by=by)
    return source


class NoSuchSource(DomainError):
    """Nothing of this name was ever picked up."""
