"""Workbooks to fill in, one for each layout, with a few sample rows of an account that nobody has."""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook

from kpis.catalogue import BY_CODE, CATEGORIES, KpiDef

EXAMPLE = "Example account"  # no account is called so: sample rows that are left in are read past
MONTHS = 3
# Codes and figures of three months that are read without a question, of every category and kind of unit.
SAMPLES: dict[str, tuple[float, float, float]] = {
    "executive_contact_days": (21, 34, 48),
    "relationship_nps": (32, 35, 31),
    "seat_use": (74, 77, 81),
    "feature_breadth": (52, 55, 58),
    "first_response_time": (2.5, 2.1, 1.9),
    "support_csat": (84, 86, 88),
    "customer_roi": (150, 165, 180),
    "product_satisfaction": (4.1, 4.2, 4.2),
    "account_net_retention": (101, 103, 104),
    "days_sales_outstanding": (38, 35, 31),
}
IMPACT = {3: "High", 2: "Medium", 1: "Low"}
FREQUENCY = {"week": "Weekly", "month": "Monthly", "quarter": "Quarterly", "once": "Once"}


def write_starter(layout: str, path: Path | str, *, today: date) -> None:
    """Write the empty form of a layout (one of STARTERS) with sample rows; KeyError for another one.

    The samples speak of the last months that are over on `today`.
    """
    months = _months(today)
    with xlsxwriter.Workbook(str(path), {"strings_to_formulas": False, "strings_to_urls": False}) as book:
        STARTERS[layout](book, months)


def _months(today: date) -> list[date]:
    found: list[date] = []
    day = today.replace(day=1)
    for _ in range(MONTHS):
        day = (day - timedelta(days=1)).replace(day=1)
        found.insert(0, day)
    return found


def _standard(book: Workbook, months: list[date]) -> None:
    """One account and one month: the last of `months`."""
    bold = book.add_format({"bold": True})
    info = book.add_worksheet("Account Info")
    info.set_column(0, 1, 30)
    for row, (label, text) in enumerate(
        (("Field", "Value"), ("Account Name", EXAMPLE), ("Reporting Period", f"{months[-1]:%Y-%m}"))
    ):
        info.write_string(row, 0, label, bold)
        info.write_string(row, 1, text, bold if not row else None)
    data = book.add_worksheet("KPI Data")
    weights = {category.code: category for category in CATEGORIES}
    _heading(
        data,
        (
            "Health Score Component",
            "Weight",
            "Data",
            "Source Review",
            "KPI/Parameter",
            "Impact Level",
            "Measurement Frequency",
        ),  # fmt: skip
        (26, 9, 14, 18, 44, 13, 22),
        bold,
    )
    for row, (kpi, values) in enumerate(_samples(), 1):
        category = weights[kpi.category]
        cells = (category.name, f"{category.weight:.0%}", _with_unit(kpi, values[-1]), "", kpi.short_name)
        for column, text in enumerate((*cells, IMPACT.get(kpi.weight, "Low"), FREQUENCY[kpi.cadence])):
            data.write_string(row, column, text)
    book.add_worksheet("Summary").write_string(0, 0, "Roll-ups of your own; nothing on this sheet is imported.")


def _matrix(book: Workbook, months: list[date]) -> None:
    """One sheet for an account: KPIs down, months across."""
    bold = book.add_format({"bold": True})
    sheet = book.add_worksheet(EXAMPLE)
    sheet.write_string(0, 0, "Account", bold)
    sheet.write_string(0, 1, EXAMPLE)
    for column, text in enumerate(("KPI", "Unit", *(f"{month:%Y-%m}" for month in months))):
        sheet.write_string(2, column, text, bold)
    sheet.set_column(0, 0, 44)
    sheet.freeze_panes(3, 2)
    for row, (kpi, values) in enumerate(_samples(), 3):
        sheet.write_string(row, 0, kpi.short_name)
        sheet.write_string(row, 1, kpi.unit)
        for column, value in enumerate(values, 2):
            sheet.write_number(row, column, value)


def _long(book: Workbook, months: list[date]) -> None:
    """One row for a value: any number of accounts and months in one list."""
    bold = book.add_format({"bold": True})
    sheet = book.add_worksheet("KPI values")
    _heading(sheet, ("Account", "KPI", "Month", "Value", "Unit"), (30, 44, 12, 14, 14), bold)
    row = 0
    for kpi, values in _samples():
        for month, value in zip(months, values, strict=True):
            row += 1
            for column, text in enumerate((EXAMPLE, kpi.short_name, f"{month:%Y-%m}")):
                sheet.write_string(row, column, text)
            sheet.write_number(row, 3, value)
            sheet.write_string(row, 4, kpi.unit)


def _wide(book: Workbook, months: list[date]) -> None:
    """One row for an account and a month: a column for each KPI."""
    bold = book.add_format({"bold": True})
    sheet = book.add_worksheet("KPI values")
    titles = [
        f"{kpi.short_name} [{kpi.unit}]" if kpi.unit in ("%", "days", "h") else kpi.short_name for kpi, _ in _samples()
    ]
    _heading(sheet, ("Account", "Month", *titles), (30, 12, *(26 for _ in titles)), bold)
    for row, month in enumerate(months, 1):
        sheet.write_string(row, 0, EXAMPLE)
        sheet.write_string(row, 1, f"{month:%Y-%m}")
        for column, (_, values) in enumerate(_samples(), 2):
            sheet.write_number(row, column, values[row - 1])


STARTERS: dict[str, Callable[[Workbook, list[date]], None]] = {
    "standard": _standard,
    "matrix": _matrix,
    "long": _long,
    "wide": _wide,
}


def _samples() -> list[tuple[KpiDef, tuple[float, float, float]]]:
    return [(BY_CODE[code], values) for code, values in SAMPLES.items()]


def _with_unit(kpi: KpiDef, value: float) -> str:
    return f"{value:g}%" if kpi.unit == "%" else f"{value:g} {kpi.unit}" if kpi.unit in ("days", "h") else f"{value:g}"


def _heading(sheet: object, titles: tuple[str, ...], widths: tuple[int, ...], bold: Format) -> None:
    for column, (title, width) in enumerate(zip(titles, widths, strict=True)):
        sheet.write_string(0, column, title, bold)  # type: ignore[attr-defined]
        sheet.set_column(column, column, width)  # type: ignore[attr-defined]
    sheet.freeze_panes(1, 0)  # type: ignore[attr-defined]
