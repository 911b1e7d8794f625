"""Imports of records: the list, the lines of one, and its held rows as a file."""

from collections.abc import Iterator
from itertools import islice

from django.core.files.storage import default_storage
from django.db.models import QuerySet

from accounts import columns
from accounts.models import ImportRow, RecordImport
from core.actor import Actor
from core.http import Page, keyset_page

LINE = "Line of the first file"  # in the file of held rows: which row a corrected one stands for
WHY, FIX = "What is wrong", "What helps"
ACTIONS = {
    "held": "Held",
    "create": "New",
    "update": "Updated",
    "same": "As they were",
    "corrected": "Corrected",
    "left_out": "Left out",
}


def imports(*, by: Actor) -> QuerySet[RecordImport]:
    """All, or those of one's own, with their jobs."""
    found: QuerySet[RecordImport] = RecordImport.objects.visible_to(by).select_related("job", "corrects")
    return found


def lines_of(batch: RecordImport, action: str, *, after: str = "", before: str = "", size: int = 50) -> Page[ImportRow]:
    return keyset_page(batch.lines.filter(action=action), ["line"], size=size, after=after, before=before)


def held_rows(batch: RecordImport) -> Iterator[list[str]]:
    """The held rows as they stood, with their line and what is wrong, titles first: a file to correct."""
    yield [LINE, *batch.headings, WHY, FIX]
    for row in batch.lines.filter(action="held").order_by("line").iterator(chunk_size=1000):
        cells = [row.raw.get(heading, "") for heading in batch.headings]
        yield [str(row.line), *cells, f"{row.column}: {row.error}" if row.column else row.error, row.fix]


def first_rows(batch: RecordImport, size: int = 5) -> list[tuple[int, list[str]]]:
    """The first rows of the file as they stand in it, with their lines."""
    with default_storage.open(batch.path) as file:
        lines = columns.stream_lines(file)
        next(lines, None)
        return [(line, [columns.cell_text(cell) for cell in cells]) for line, cells in islice(lines, size)]
