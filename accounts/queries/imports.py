"""Imports of records: the list, the lines of one, and its held rows as a file."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from django.core.files.storage import default_storage
from django.db.models import Count, F, Func, QuerySet, TextField, Value

from accounts import columns
from accounts.models import Account, ImportRow, NameMatch, RecordImport
from accounts.queries.names import lookalike, normal
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


def held_reasons(batch: RecordImport) -> list[tuple[str, int]]:
    """Why rows are held and how many for each reason, the most first; what differs from row to row is left open."""
    open_ended = Func(
        F("error"), Value("“[^”]*”"), Value("“…”"), Value("g"), function="regexp_replace", output_field=TextField()
    )
    found = batch.lines.filter(action="held").order_by().annotate(why=open_ended)
    counted = found.values_list("column", "why").annotate(rows=Count("pk")).order_by("-rows", "why")
    return [(f"{column}: {why}" if column else why, rows) for column, why, rows in counted]


@dataclass(frozen=True)
class Asked:
    """A name that means no account for sure: how many rows wait for it, and the account that looks most like it."""

    text: str
    rows: int
    near: Account | None
    score: int
    said: NameMatch | None

    @property
    def choice(self) -> str:
        """What a form proposes: what was said, else nothing. A likeness is never an answer by itself."""
        if self.said is None:
            return ""
        return str(self.said.account_id) if self.said.account_id else "new"


def asked_names(batch: RecordImport, *, by: Actor, size: int = 50) -> tuple[list[Asked], int]:
    """The names for which most rows wait, with how many names there are in all."""
    waiting = batch.lines.filter(action="held").exclude(asks="").order_by()
    counted = list(waiting.values_list("asks").annotate(rows=Count("pk")).order_by("-rows", "asks")[:size])
    said = {one.text: one for one in NameMatch.objects.filter(text__in=[normal(text) for text, _ in counted])}
    found = []
    for text, rows in counted:
        near = lookalike(name=text, by=by)
        account, score = near if near else (None, 0)
        found.append(Asked(text, rows, account, score, said.get(normal(text))))
    return found, waiting.values("asks").distinct().count()


def first_rows(batch: RecordImport, size: int = 5) -> list[tuple[int, list[str]]]:
    """The first rows of the file as they stand in it, with their lines."""
    with default_storage.open(batch.path) as file:
        lines = columns.stream_lines(file)
        next(lines, None)
        return [(line, [columns.cell_text(cell) for cell in cells]) for line, cells in islice(lines, size)]
