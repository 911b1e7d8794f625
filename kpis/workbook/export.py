"""Files that leave: rows that were held, to correct and upload again."""

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path

import xlsxwriter

from kpis.workbook.types import HeldCell, Issue, address_of

HEADINGS = ("Account", "KPI", "Month", "Value", "Unit", "Problem", "Rule", "Suggested fix", "Found at")
_WIDTHS = (30, 44, 12, 16, 10, 24, 60, 60, 24)
_CELL_LIMIT = 32_767  # characters Excel keeps in a cell


def write_held(issues: Iterable[Issue], path: Path | str) -> int:
    """Write what was not imported as a workbook in the long layout; returns the number of rows.

    What could be read is a number with its unit, everything else the text as it was. Text is written as text, so
    nothing in it is calculated. Corrected, the file is uploaded like any other.
    """
    problems = _by_cell(issues)
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with xlsxwriter.Workbook(str(path), options) as book:
        sheet = book.add_worksheet("Held rows")
        bold = book.add_format({"bold": True})
        sheet.freeze_panes(1, 0)
        for column, (heading, width) in enumerate(zip(HEADINGS, _WIDTHS, strict=True)):
            sheet.set_column(column, column, width)
            sheet.write_string(0, column, heading, bold)
        for row, (cell, found) in enumerate(problems.items(), 1):
            _write_row(sheet, row, cell, found)
    return len(problems)


def _by_cell(issues: Iterable[Issue]) -> dict[HeldCell, list[Issue]]:
    """Every held cell once, in the order of the file, with all problems of its cell and row."""
    carried: dict[HeldCell, list[Issue]] = {}
    of_row: dict[tuple[str, int], list[Issue]] = defaultdict(list)
    for issue in issues:
        if issue.holds == "row":
            of_row[issue.sheet, issue.row].append(issue)
        for cell in issue.held:
            carried.setdefault(cell, []).append(issue)
    for cell, own in carried.items():
        own += [issue for issue in of_row.get((cell.sheet, cell.row), ()) if issue not in own]
    return carried


def _write_row(sheet: xlsxwriter.worksheet.Worksheet, row: int, cell: HeldCell, found: list[Issue]) -> None:
    texts = (
        cell.account,
        cell.kpi,
        cell.period,
        cell.value,
        cell.unit,
        ", ".join(issue.kind.replace("_", " ") for issue in found),
        " ".join(issue.rule for issue in found),
        " ".join(issue.suggestion for issue in found),
        f"{cell.sheet} {address_of(cell.sheet, cell.row, cell.column)}".strip(),
    )
    for column, text in enumerate(texts):
        if isinstance(text, Decimal):
            sheet.write_number(row, column, float(text))
        elif text:
            sheet.write_string(row, column, text[:_CELL_LIMIT])
