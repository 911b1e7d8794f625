"""Rows that wait: taken in once their account or KPI is known, without touching what is newer."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Sum

from accounts.operations import create_account
from core.actor import Actor
from core.jobs import progress, start_job
from core.models import Job, JobCancelled
from kpis.models import Upload, UploadIssue
from kpis.operations.importing import write_values
from kpis.operations.issues import Recorder, clipped
from kpis.operations.reading import Reader
from kpis.operations.uploads import NotNow, checked, locked_upload, start_reading
from kpis.operations.waiting import Waiting, place_of
from kpis.workbook import Batch, Issue

CREATE, LEAVE = "create", ""


@transaction.atomic
def settle_accounts(*, upload_id: UUID, decisions: Mapping[str, str], by: Actor) -> Upload:
    """Say what names in a file mean that are no account here, one by one.

    decisions: spelling in the file -> "create" (a new account of exactly this name, which needs the permission
    to create accounts), the name of an account, or "" (stays held). A proposed file is then read again; an
    imported one takes in the rows that waited. Raises WrongAnswer, NotNow, NameTaken, PermissionDenied.
    """
    upload = locked_upload(upload_id=upload_id, by=by)
    if upload.state not in (Upload.State.PROPOSED, Upload.State.DONE):
        raise NotNow("Wait until the file is read.")
    chosen = {clipped(spelling, 200): choice for spelling, choice in decisions.items() if choice != LEAVE}
    meant = {f"account:{spelling}": name for spelling, name in chosen.items() if name != CREATE}
    upload.answers = {**upload.answers, **checked(answers=meant, by=by)}
    upload.save(update_fields=["answers"])
    for spelling, choice in chosen.items():
        if choice == CREATE:
            create_account(name=spelling, by=by, source="import")
    return _again(upload, by)


@transaction.atomic
def take_in_held(*, upload_id: UUID, by: Actor) -> Upload:
    """Try the held rows of a file again with what is known now. Raises NotNow, PermissionDenied.

    A file that is not imported yet is read anew, also when its reading had broken off.
    """
    upload = locked_upload(upload_id=upload_id, by=by)
    if upload.state not in (Upload.State.PROPOSED, Upload.State.DONE) and not upload.unread:
        raise NotNow("Wait until the file is imported.")
    return _again(upload, by)


@transaction.atomic
def read_again(*, upload_id: UUID, by: Actor) -> None:
    """Read a proposed file anew, because a name in it means something by now; `by`: who brought it."""
    upload = locked_upload(upload_id=upload_id, by=by)
    if upload.state == Upload.State.PROPOSED:
        start_reading(upload=upload, by=by)


def _again(upload: Upload, by: Actor) -> Upload:
    if upload.state != Upload.State.DONE:
        start_reading(upload=upload, by=by)
        return upload
    upload.state = Upload.State.IMPORTING
    upload.job = start_job("kpis.take_in_held", by=by, subject_id=upload.pk)
    upload.save(update_fields=["state", "job"])
    return upload


def import_held(*, upload_id: UUID, job: Job, by: Actor, today: date, at: datetime) -> None:
    """Read a file again and import only cells that wait. A value that came from elsewhere since then stays.

    Batches are transactions of their own; what is settled waits no more, so starting again is always right.
    """
    upload = Upload.objects.get(pk=upload_id)
    if upload.job_id != job.pk or upload.state != Upload.State.IMPORTING:
        return
    stopped = True
    try:
        _Held(upload, job=job, by=by, today=today, at=at).all_batches()
        stopped = False
    except JobCancelled:
        raise
    finally:
        message = "Taking in the held rows stopped halfway; the rest still waits." if stopped else ""
        _finish(upload, message)


class _Held:
    """One pass over the held cells of an upload."""

    def __init__(self, upload: Upload, *, job: Job, by: Actor, today: date, at: datetime) -> None:
        self.upload, self.job, self.by, self.at = upload, job, by, at
        self.reader = Reader.of(upload, by=by, today=today)
        self.recorder = Recorder(upload, self.reader.accounts, self.reader.dictionary, at=at)
        self.waiting = Waiting(upload)
        self.told_beside = self.waiting.without_cells()

    def all_batches(self) -> None:
        self.job.total = self.upload.proposal.get("rows")
        for batch in self.reader.batches():
            with transaction.atomic():
                self._one_batch(batch)
                progress(self.job, done=batch.position)
        # What was said beside the problem of a row and is not said any more.
        UploadIssue.objects.filter(pk__in=self.told_beside.values()).update(state=UploadIssue.State.RESOLVED)

    def _one_batch(self, batch: Batch) -> None:
        for issue in batch.issues:
            self.told_beside.pop((issue.sheet, issue.row, issue.kind), None)
        cells = tuple(cell for cell in batch.cells if (cell.sheet, cell.row, cell.column) in self.waiting.places)
        issues = self._other_problems(batch.issues)
        if not cells and not issues:
            return
        good = replace(batch, cells=cells, issues=issues, notices=())
        counts = write_values(
            batch=good, reader=self.reader, by=self.by, at=self.at, newer_than=self.upload.finished_at
        )
        self.waiting.release((cell.sheet, cell.row, cell.column) for cell in cells)
        self.waiting.release((place_of(cell) for issue in issues for cell in issue.held), replaced=True)
        self.recorder.write(issues, ())
        self._count(counts)

    def _other_problems(self, found: Sequence[Issue]) -> tuple[Issue, ...]:
        """Problems of cells that waited for another reason, with what else is said of their rows."""
        moved = [issue for issue in map(self._moved, found) if issue]
        rows = {(issue.sheet, issue.row) for issue in moved}
        beside = [issue for issue in found if not issue.held and (issue.sheet, issue.row) in rows]
        return (*moved, *beside)

    def _moved(self, issue: Issue) -> Issue | None:
        waited = ((cell, self.waiting.holder(place_of(cell))) for cell in issue.held)
        held = tuple(cell for cell, holder in waited if holder and holder.kind != issue.kind)
        return replace(issue, held=held) if held else None

    def _count(self, counts: Counter[str]) -> None:
        upload = Upload.objects.select_for_update(of=("self",)).get(pk=self.upload.pk)
        upload.summary = {**upload.summary, **(Counter(upload.summary) + counts)}
        upload.save(update_fields=["summary"])


@transaction.atomic
def _finish(upload: Upload, message: str) -> None:
    fresh = Upload.objects.select_for_update(of=("self",)).get(pk=upload.pk)
    if fresh.job_id != upload.job_id or fresh.state != Upload.State.IMPORTING:
        return
    held = UploadIssue.objects.filter(upload=fresh, state=UploadIssue.State.HELD).aggregate(cells=Sum("cells"))
    fresh.summary = {**fresh.summary, "held": held["cells"] or 0}
    fresh.state, fresh.message = Upload.State.DONE, message
    fresh.save(update_fields=["summary", "state", "message"])
