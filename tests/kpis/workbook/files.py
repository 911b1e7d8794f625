"""Workbooks made by the tests."""

from pathlib import Path
from typing import Any, NamedTuple

import xlsxwriter


class Formula(NamedTuple):
    """result: what Excel stored, "" if it was never calculated."""

    text: str
    result: Any = ""


class Shown(NamedTuple):
    """A value with a number format."""

    value: Any
    number_format: str


def write_workbook(path: Path, sheets: dict[str, list[list[Any]]], **special: Any) -> Path:
    """Sheets as lists of rows; None leaves a cell out.

    hidden_rows: {sheet: [row from 1]}. hidden_sheets: names. merged: {sheet: ["A2:A4"]}, first cell keeps its value.
    """
    with xlsxwriter.Workbook(str(path)) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for row, cells in enumerate(rows):
                for column, cell in enumerate(cells):
                    _write(book, sheet, row, column, cell)
            for row in special.get("hidden_rows", {}).get(name, ()):
                sheet.set_row(row - 1, None, None, {"hidden": True})
            for area in special.get("merged", {}).get(name, ()):
                first = area.split(":")[0]
                value = rows[int(first[1:]) - 1][ord(first[0]) - 65]
                sheet.merge_range(area, value)
            if name in special.get("hidden_sheets", ()):
                sheet.hide()
    return path


def _write(book: Any, sheet: Any, row: int, column: int, cell: Any) -> None:
    if cell is None:
        return
    if isinstance(cell, Formula):
        sheet.write_formula(row, column, cell.text, None, cell.result)
    elif isinstance(cell, Shown):
        number_format = book.add_format({"num_format": cell.number_format})
        if hasattr(cell.value, "year"):
            sheet.write_datetime(row, column, cell.value, number_format)
        elif isinstance(cell.value, Formula):
            sheet.write_formula(row, column, cell.value.text, number_format, cell.value.result)
        else:
            sheet.write_number(row, column, cell.value, number_format)
    elif isinstance(cell, str):
        sheet.write_string(row, column, cell)
    else:
        sheet.write(row, column, cell)
