"""What is not imported: single cells, whole columns, whole sheets; and the notices of one table."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from kpis.workbook import wording
from kpis.workbook.facts import FileFacts
from kpis.workbook.grids import filled, text_of
from kpis.workbook.layouts import ValueColumn
from kpis.workbook.lines import Line
from kpis.workbook.names import AccountMatcher
from kpis.workbook.readings import loose_value
from kpis.workbook.sheets import Table
from kpis.workbook.types import HeldCell, Issue, KpiRef, Notice, ParsedCell, address_of

NOTICES_SHOWN = 100  # of one kind and sheet, each at its cell; the rest is counted
_COUNTED = {
    "trailing_space_in_account_matched": "Account names with spaces around them were matched without.",
    "dot_thousands_settled_by_file_locale": 'Numbers such as "75.661" were read as thousands: the rest of the file '
    "writes decimals with a comma.",
    "duplicate_collapsed": "The same account, KPI, month and value stands more than once; it is imported once.",
    "hidden_row": "Hidden rows; their values are read.",
    "cached_formula_used": "The stored results of formulas were used.",
}


class Spot(NamedTuple):
    """One value in its row: where it stands and what it is a value of. account, period: None if not known."""

    line: Line
    column: ValueColumn
    kpi: KpiRef | None
    account: str | None
    period: date | None

    @property
    def kpi_raw(self) -> str:
        return self.line.kpi_raw or self.column.header


@dataclass
class Output:
    """Where judged rows go."""

    cells: list[ParsedCell] = field(default_factory=list)
    issues: list[Issue] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)

    def clear(self) -> None:
        self.cells.clear()
        self.issues.clear()
        self.notices.clear()


class Holding:
    """Collects what one table holds back until its end is reached."""

    def __init__(self, table: Table, accounts: AccountMatcher, out: Output) -> None:
        self.table, self.out, self.sheet = table, out, table.grid.name
        self.sheet_problem = _sheet_problem(table, accounts)
        self.by_sheet: list[HeldCell] = []
        self.by_column: list[tuple[ValueColumn, list[HeldCell]]] = [(c, []) for c in table.layout.values if c.hold]
        self.blanks: list[HeldCell] = []
        self.counts: Counter[str] = Counter()
        self.first_at: dict[str, str] = {}

    def cell(self, spot: Spot, value: Decimal | str, unit: str) -> HeldCell:
        line, column = spot.line, spot.column
        who = spot.account or line.account_raw or self.table.account.raw
        return HeldCell(self.sheet, line.number, column.column, who, spot.kpi_raw, self.month(spot), value, unit)

    def month(self, spot: Spot) -> str:
        if spot.period is not None:
            return f"{spot.period:%Y-%m}"
        if self.table.layout.period:
            return text_of(spot.line.period_raw)
        return spot.column.header if self.table.layout.name == "matrix" else self.table.period.raw

    def columns(self, line: Line, account: str | None, period: date | None, facts: FileFacts) -> None:
        """Keep what stands in columns that are held as a whole."""
        for column, cells in self.by_column:
            if filled(value := line.cell(column.column)):
                kept = loose_value(value, line.mark(column.column), line.unit_raw, facts)
                cells.append(self.cell(Spot(line, column, None, account, period), *kept))

    # Notices

    def note(self, kind: str, text: str, row: int, column: int = 0) -> None:
        self.counts[kind] += 1
        if self.counts[kind] <= NOTICES_SHOWN:
            address = address_of(self.sheet, row, column) if column else ""
            self.out.notices.append(Notice(kind, text, self.sheet, address, row))

    def count(self, kind: str, row: int) -> None:
        self.counts[kind] += 1
        self.first_at.setdefault(kind, f"line {row}" if not self.sheet else f"row {row}")

    # The end of the table

    def finish(self, second_table: int) -> None:
        """Report what holds for whole columns and the whole sheet, and the notices that were only counted.

        second_table: the row from which on the sheet was not read because another table begins, 0 if none does.
        """
        if second_table:
            rule, suggestion = wording.second_table(second_table)
            self.out.issues.append(
                Issue("second_table", self.sheet, second_table, 1, "", rule, suggestion, holds="sheet")
            )
        for column, cells in self.by_column:
            self.out.issues.append(self._column_issue(column, cells))
        if self.sheet_problem is not None:
            self.out.issues.append(_with_cells(self.sheet_problem, self.by_sheet))
        if self.blanks:
            self.out.issues.append(self._blank_issue())
        for kind, count in self.counts.items():
            more = count if kind in self.first_at else count - NOTICES_SHOWN
            if more > 0:
                self.out.notices.append(
                    Notice(kind, _COUNTED[kind], self.sheet, self.first_at.get(kind, ""), count=more)
                )

    def _column_issue(self, column: ValueColumn, cells: list[HeldCell]) -> Issue:
        header, row = column.header, self.table.layout.header_row
        likely = ""
        if column.hold == "unknown_kpi":
            rule, suggestion, likely = wording.unknown_kpi(header, column.near)
        else:
            rule, suggestion = wording.bad_month_column(header)
        return Issue(
            column.hold,
            self.sheet,
            row,
            column.column,
            header,
            rule,
            suggestion,
            kpi_raw=header if column.hold == "unknown_kpi" else "",
            holds="column",
            held=tuple(cells),
            likely=likely,
        )

    def _blank_issue(self) -> Issue:
        first = self.blanks[0]
        rule, suggestion = wording.blanks(len(self.blanks))
        return Issue(
            "missing_value",
            self.sheet,
            first.row,
            first.column,
            "",
            rule,
            suggestion,
            account_raw=first.account,
            held=tuple(self.blanks),
            blank=True,
            addresses=tuple(address_of(self.sheet, cell.row, cell.column) for cell in self.blanks),
        )

    def merged_with(self, row: int, column: int) -> str:
        """The address of the cell that this one is merged into, "" if it is none or the first itself."""
        for top, left, bottom, right in self.table.merged_values:
            if top <= row <= bottom and left <= column <= right and (row, column) != (top, left):
                return address_of(self.sheet, top, left)
        return ""


def _with_cells(issue: Issue, cells: list[HeldCell]) -> Issue:
    return Issue(
        issue.kind,
        issue.sheet,
        issue.row,
        issue.column,
        issue.raw,
        issue.rule,
        issue.suggestion,
        account_raw=issue.account_raw,
        holds="sheet",
        held=tuple(cells),
        likely=issue.likely,
    )


def _sheet_problem(table: Table, accounts: AccountMatcher) -> Issue | None:
    """Why nothing of the sheet can be imported though it states an account and a month; None if it can."""
    account, period = table.account, table.period
    if account.raw and account.name is None:
        likely = accounts.suggest(account.raw)
        rule, suggestion = wording.unknown_account(account.raw, likely)
        kind, stated = "unknown_account_spelling", account
    elif period.raw and period.period is None:
        likely, kind, stated = "", "bad_period", period
        rule, suggestion = wording.bad_period(period.raw)
    else:
        return None
    row, column = stated.row or table.layout.header_row, stated.column or 1
    sheet = stated.sheet or table.grid.name
    return Issue(
        kind, sheet, row, column, stated.raw, rule, suggestion, account_raw=account.raw, holds="sheet", likely=likely
    )
