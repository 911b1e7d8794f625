"""Excel files for the import of accounts: weighed and read by the floor above it, handed down as plain rows."""

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from tempfile import NamedTemporaryFile

from accounts.columns import Cell, Line, NotASheet
from kpis.workbook import FileRefused, inspect_file
from kpis.workbook.grids import Row, Value, text_of
from kpis.workbook.workbookfile import open_workbook


def workbook_lines(data: bytes) -> Iterator[Line]:
    """The rows of the first sheet that shows any, with their numbers in it. Raises NotASheet with what to do."""
    with NamedTemporaryFile(suffix=".xlsx") as file:
        file.write(data)
        file.flush()
        try:
            inspect_file(Path(file.name), "accounts.xlsx")
            for grid in open_workbook(Path(file.name)).grids:
                rows = iter(()) if grid.hidden else grid.rows()
                first = next(rows, None)
                if first is not None:
                    yield _line(first)
                    yield from map(_line, rows)
                    return
        except FileRefused as refusal:
            raise NotASheet(str(refusal)) from refusal
    raise NotASheet("The workbook shows no sheet with anything in it.")


def _line(row: Row) -> Line:
    return row.number, [_cell(value) for value in row.values]


def _cell(value: Value) -> Cell:
    """Numbers and days keep their type: 1234.567 is no amount in thousands."""
    if isinstance(value, float):
        return Decimal(repr(value))
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) else text_of(value)
