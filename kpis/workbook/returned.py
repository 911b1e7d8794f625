"""Held rows that come back: where each of them lay in the file it came from."""

from pathlib import Path

from kpis.workbook.grids import Row, filled, text_of
from kpis.workbook.headers import normalised
from kpis.workbook.textfile import open_text
from kpis.workbook.workbookfile import open_workbook

Line = tuple[str, int]  # sheet ("" in a text file) and row, from 1
MARK, BESIDE = "found at", "suggested fix"  # headings only the held-rows file has side by side
HEAD_ROWS = 5


def found_at(path: Path | str, filename: str) -> dict[Line, str]:
    """For a file made by `write_held` and corrected: each row -> the address it was held at, as written there.

    {} for any other file. The file must have passed `inspect_file`.
    """
    path = Path(path)
    workbook = filename.lower().strip().endswith(".xlsx")
    source = open_workbook(path) if workbook else open_text(path, filename, {})
    places: dict[Line, str] = {}
    for grid in source.grids:
        column = 0
        for row in grid.rows():
            if not column and row.number > HEAD_ROWS:
                break
            if not column:
                column = _marked(row)
            elif len(row.values) >= column and filled(row.values[column - 1]):
                places[grid.name, row.number] = text_of(row.values[column - 1]).strip()
    return places


def _marked(row: Row) -> int:
    """The column headed "Found at", 0 if the row is not that heading."""
    headings = [normalised(value) if isinstance(value, str) else "" for value in row.values]
    return headings.index(MARK) + 1 if MARK in headings and BESIDE in headings else 0
