"""The data rows of a table: below its heading, merged names filled down, notes under the table left out."""

from collections.abc import Iterator
from typing import NamedTuple

from kpis.workbook.grids import Mark, Value, filled, text_of
from kpis.workbook.headers import role_of
from kpis.workbook.layouts import ValueColumn
from kpis.workbook.readings import NO_MARK
from kpis.workbook.sheets import Table
from kpis.workbook.types import Dictionary, KpiRef


class Line(NamedTuple):
    """One data row. account_raw, kpi_raw, unit_raw: "" where no column has them. period_raw: None likewise."""

    number: int
    values: list[Value]
    marks: dict[int, Mark]
    hidden: bool
    account_raw: str
    kpi_raw: str
    kpi: KpiRef | None
    period_raw: Value
    unit_raw: str

    def cell(self, column: int) -> Value:
        return self.values[column - 1] if column <= len(self.values) else None

    def mark(self, column: int) -> Mark:
        return self.marks.get(column, NO_MARK) if self.marks else NO_MARK


class Lines:
    """Iterate to get the data rows. Afterwards: skipped, which rows were not data, in words; last_row, the last one
    read; second_table, the row where another table begins, 0 if none does.
    """

    def __init__(self, table: Table, dictionary: Dictionary) -> None:
        self.table, self.dictionary = table, dictionary
        self.skipped: list[tuple[int, str]] = []
        self.last_row = table.layout.header_row
        self.second_table = 0
        self._known: dict[str, KpiRef | None] = {}
        self._filled_down: dict[tuple[int, int], Value] = {}

    def kpi_named(self, text: str) -> KpiRef | None:
        try:
            return self._known[text]
        except KeyError:
            kpi = self._known[text] = self.dictionary.resolve(text) if text.strip() else None
            return kpi

    def __iter__(self) -> Iterator[Line]:
        layout, merged = self.table.layout, self.table.merged_down
        account, kpi_column, period, unit = layout.account, layout.kpi, layout.period, layout.unit
        after_gap = False
        for number, values, marks, hidden in self.table.grid.rows():
            if number <= layout.header_row:
                continue
            if self._starts_another_table(values):
                self.second_table = number
                return
            if merged:
                values = self._fill_down(number, values)
            width = len(values)
            account_raw = text_of(values[account - 1]) if 0 < account <= width else ""
            kpi_raw = text_of(values[kpi_column - 1]) if 0 < kpi_column <= width else ""
            kpi = self.kpi_named(kpi_raw) if kpi_raw else None
            if not account:
                after_gap = after_gap or number > self.last_row + 1
                if self._is_note(number, kpi_raw, kpi, values, marks, after_gap):
                    continue
            elif self._is_aside(number, account_raw, kpi_raw, values):
                continue
            self.last_row = number
            period_raw = values[period - 1] if 0 < period <= width else None
            unit_raw = text_of(values[unit - 1]) if 0 < unit <= width else ""
            yield Line(number, values, marks, hidden, account_raw, kpi_raw, kpi, period_raw, unit_raw)

    def _starts_another_table(self, values: list[Value]) -> bool:
        """True for a second heading, or a second "Account: ..." line, where the account is stated once above.

        What follows may be of another account, so it must not be read as if it were of the first. In a table whose
        rows name their account a repeated heading is only a file that was put together from several.
        """
        layout = self.table.layout
        if layout.account or not 0 < layout.kpi <= len(values):
            return False
        name = values[layout.kpi - 1]
        if not isinstance(name, str) or self.kpi_named(name) is not None:
            return False
        return role_of(name.rstrip(": ")) in ("kpi", "account") and sum(map(filled, values)) > 1

    def _is_note(
        self,
        number: int,
        kpi_raw: str,
        kpi: KpiRef | None,
        values: list[Value],
        marks: dict[int, Mark],
        after_gap: bool,
    ) -> bool:
        """A title between rows, or whatever stands below a blank row and names no known KPI."""
        if kpi is not None:
            return False
        text = next((text_of(value).strip()[:60] for value in values if filled(value)), "")
        if not text:
            return True
        columns = self.table.layout.values
        empty = not any(_has_content(values, marks, column) for column in columns)
        if empty or after_gap:
            self.skipped.append((number, text))
        return empty or after_gap

    def _is_aside(self, number: int, account_raw: str, kpi_raw: str, values: list[Value]) -> bool:
        """A blank row, or a single text below a blank row, in a table whose rows name their account."""
        if account_raw and kpi_raw:
            return False
        content = [value for value in values if filled(value)]
        if len(content) == 1 and number > self.last_row + 1 and len(values) > 1:
            self.skipped.append((number, text_of(content[0]).strip()[:60]))
            return True
        return not content

    def _fill_down(self, number: int, values: list[Value]) -> list[Value]:
        values = list(values)
        for column, ranges in self.table.merged_down.items():
            for first, last in ranges:
                if first <= number <= last and column <= len(values):
                    if number == first:
                        self._filled_down[column, first] = values[column - 1]
                    else:
                        values[column - 1] = self._filled_down.get((column, first))
        return values


def _has_content(values: list[Value], marks: dict[int, Mark], column: ValueColumn) -> bool:
    if column.column <= len(values) and filled(values[column.column - 1]):
        return True
    mark = marks.get(column.column)
    return mark is not None and bool(mark.formula or mark.error)
