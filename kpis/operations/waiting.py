"""The cells of an upload that wait, by where they lie; an issue without any is over."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from kpis.models import Upload, UploadIssue
from kpis.operations.uploads import file_path
from kpis.workbook import Batch, address_of
from kpis.workbook.returned import found_at

Place = tuple[str, int, int]  # sheet, row, column


def place_of(row: Sequence[Any]) -> Place:
    """Of a held cell, live or as JSON."""
    return row[0], row[1], row[2]


class Waiting:
    """What waits in one upload. `places`: each waiting cell -> the key of the issue that holds it."""

    def __init__(self, upload: Upload) -> None:
        held = UploadIssue.objects.filter(upload=upload, state=UploadIssue.State.HELD)
        self.upload = upload
        self.issues = {issue.pk: issue for issue in held}
        self.places: dict[Place, UUID] = {
            place_of(row): issue.pk for issue in self.issues.values() for row in issue.row
        }

    def holder(self, place: Place) -> UploadIssue | None:
        key = self.places.get(place)
        return self.issues[key] if key else None

    def without_cells(self) -> dict[tuple[str, int, str], UUID]:
        """Issues that only say more about a row: (sheet, row, kind) -> key."""
        return {(one.sheet, one.line, one.kind): one.pk for one in self.issues.values() if not one.cells}

    def release(self, places: Iterable[Place], *, replaced: bool = False) -> None:
        """These cells wait no more: settled, or `replaced` by another issue. Writes in the caller's transaction."""
        freed: dict[UUID, set[Place]] = defaultdict(set)
        for place in places:
            if place in self.places:
                freed[self.places.pop(place)].add(place)
        over: list[UploadIssue] = []
        for key, gone in freed.items():
            issue = self.issues[key]
            issue.row = [row for row in issue.row if place_of(row) not in gone]
            issue.cells = len(issue.row)
            if issue.row:
                issue.save(update_fields=["row", "cells"])
            else:
                over.append(issue)
        self._close(over, replaced)

    def _close(self, over: Sequence[UploadIssue], replaced: bool) -> None:
        """End these issues, and those that only say more about the same rows."""
        rows = {(issue.sheet, issue.line) for issue in over if issue.holds in ("cell", "row")}
        beside = [issue for issue in self.issues.values() if not issue.cells and (issue.sheet, issue.line) in rows]
        found = UploadIssue.objects.filter(pk__in={issue.pk for issue in (*over, *beside)})
        if replaced:
            found.delete()
        elif over:
            found.update(state=UploadIssue.State.RESOLVED)


class Returned:
    """The rows of a corrected file against the cells that wait in the file it corrects."""

    def __init__(self, upload: Upload) -> None:
        assert upload.corrects is not None
        self.waiting = Waiting(upload.corrects)
        self.origins = found_at(file_path(upload), upload.file_name)
        self.by_address = {f"{place[0]} {address_of(*place)}".strip(): place for place in self.waiting.places}

    def take(self, batch: Batch) -> None:
        """What the batch imports is settled in the earlier file; what it still holds waits in this one instead."""
        lines = {(cell.sheet, cell.row) for cell in batch.cells}
        lines |= {(cell.sheet, cell.row) for issue in batch.issues for cell in issue.held}
        addresses = (self.origins.get(line, "") for line in sorted(lines))
        self.waiting.release(self.by_address[address] for address in addresses if address in self.by_address)
