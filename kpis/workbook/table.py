"""A plain table as an Excel workbook."""

import io
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import xlsxwriter


def write_table(title: str, lines: Iterable[Sequence[Any]]) -> bytes:
    """The first line is the head. Text is text: no formula, no link, no number is made of it; None stays empty."""
    content = io.BytesIO()
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with xlsxwriter.Workbook(content, options) as book:
        sheet = book.add_worksheet(title)
        bold, day = book.add_format({"bold": True}), book.add_format({"num_format": "yyyy-mm-dd"})
        sheet.freeze_panes(1, 1)
        sheet.set_column(0, 0, 32)
        sheet.set_column(1, 60, 16)
        for row, line in enumerate(lines):
            for column, value in enumerate(line):
                if isinstance(value, bool) or value is None:
                    continue
                if isinstance(value, int | float | Decimal):
                    sheet.write_number(row, column, value)
                elif isinstance(value, date):
                    sheet.write_datetime(row, column, value, day)
                else:
                    sheet.write_string(row, column, str(value)[:32_767], *([bold] if row == 0 else []))
    return content.getvalue()
