"""Workbooks: values from python-calamine, everything else a cell shows from its XML, joined row by row."""

import zipfile
from collections.abc import Iterator
from datetime import date, time, timedelta
from pathlib import Path
from posixpath import join, normpath

from python_calamine import CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from kpis.workbook import marks
from kpis.workbook.grids import Grid, Row, Source, Value
from kpis.workbook.types import Facts, FileRefused


class SheetGrid:
    """One sheet of a workbook."""

    def __init__(self, path: Path, sheet: CalamineSheet, part: str, formats: list[str], hidden: bool) -> None:
        self.name, self.hidden = sheet.name, hidden
        self._path, self._sheet, self._part, self._formats = path, sheet, part, formats
        self.merged = tuple((a + 1, b + 1, c + 1, d + 1) for (a, b), (c, d) in sheet.merged_cell_ranges or ())
        self._hidden_columns: list[int] = []

    @property
    def hidden_columns(self) -> tuple[int, ...]:
        return tuple(sorted(set(self._hidden_columns)))

    def rows(self) -> Iterator[Row]:
        self._hidden_columns.clear()
        offset = self._sheet.start[1] if self._sheet.start else 0
        with zipfile.ZipFile(self._path) as archive:
            marked = marks.scan(archive, self._part, self._formats, self._hidden_columns)
            ahead = next(marked, None)
            for number, cells in enumerate(self._sheet.iter_rows(), 1):
                while ahead is not None and ahead.number < number:
                    ahead = next(marked, None)
                values: list[Value] = [None] * offset
                values += [_value(cell) for cell in cells]
                if ahead is not None and ahead.number == number:
                    yield _joined(values, ahead)
                elif any(value is not None for value in values):
                    yield Row(number, values, {})
            for rest in (ahead, *marked):
                # Below the last value there may be formulas that were never calculated.
                if rest is not None and any(mark.formula for mark in rest.marks.values()):
                    yield _joined([], rest)


def _value(cell: str | float | bool | date | time | timedelta) -> Value:
    if cell == "":
        return None
    return float(cell) if cell.__class__ is int else cell


def _joined(values: list[Value], marked: marks.RowMarks) -> Row:
    reach = max((column for column, mark in marked.marks.items() if mark.formula or mark.error), default=0)
    return Row(marked.number, values + [None] * (reach - len(values)), marked.marks, marked.hidden)


def open_workbook(path: Path) -> Source:
    """A workbook that has passed inspection, sheet by sheet in its order. Raises FileRefused."""
    try:
        workbook = CalamineWorkbook.from_path(str(path))
        with zipfile.ZipFile(path) as archive:
            parts = _sheet_parts(archive)
            formats = marks.number_formats(archive, "xl/styles.xml")
        grids: list[Grid] = []
        for index, (meta, part) in enumerate(zip(workbook.sheets_metadata, parts, strict=True)):
            if meta.typ == SheetTypeEnum.WorkSheet and part:
                sheet = workbook.get_sheet_by_index(index)
                grids.append(SheetGrid(path, sheet, part, formats, meta.visible != SheetVisibleEnum.Visible))
    except FileRefused:
        raise
    except BaseException as error:
        # A fault inside the compiled reader arrives as a PanicException, which is not an Exception.
        if isinstance(error, Exception) or type(error).__name__ == "PanicException":
            raise FileRefused(
                "corrupt", "The workbook is damaged and cannot be read. Save it again as .xlsx."
            ) from error
        raise
    return Source(grids, Facts(), is_text=False)


def _sheet_parts(archive: zipfile.ZipFile) -> list[str]:
    """The XML part of each sheet in the workbook's order, "" for a sheet that is not a table of cells."""
    targets = {
        relation.get("Id", ""): relation.get("Target", "")
        for _, relation in marks.elements(archive.read("xl/_rels/workbook.xml.rels"), "Relationship")
        if relation.get("Type", "").endswith("/worksheet")
    }
    sheets = marks.elements(archive.read("xl/workbook.xml"), "sheet")
    found = [targets.get(_relation_id(attributes), "") for _, attributes in sheets]
    return [normpath(join("/xl", target)).lstrip("/") if target else "" for target in found]


def _relation_id(attributes: dict[str, str]) -> str:
    return next((value for name, value in attributes.items() if name.endswith(":id")), "")
