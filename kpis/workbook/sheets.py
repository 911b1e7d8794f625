"""Every sheet of a file: the table that is imported from it, and the account and month stated once for all rows."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import islice

from kpis.workbook import headers
from kpis.workbook.grids import Grid, Row, Source, filled, text_of
from kpis.workbook.layouts import HEAD_ROWS, Context, Layout, find_layout
from kpis.workbook.names import AccountMatcher
from kpis.workbook.periods import month_in_text, parse_month, sensible
from kpis.workbook.types import Answers, Dictionary, FileRefused, SheetInfo

PREVIEW_ROWS = 9  # the heading and the first eight
PREVIEW_WIDTH = 40
Line = tuple[str, Row]  # with the name of its sheet


@dataclass(frozen=True)
class Stated:
    """An account or a month stated once: outside of the table, by a person, or by the sheet's name.

    raw: as written, "" if nothing is stated. name, period: what it means, None if that is not known.
    sheet, row, column: where; row 0 if not in a cell.
    """

    raw: str = ""
    reason: str = ""
    name: str | None = None
    period: date | None = None
    sheet: str = ""
    row: int = 0
    column: int = 0


@dataclass(frozen=True)
class Table:
    """One sheet that is imported. account, period: used where no column states them."""

    grid: Grid
    layout: Layout
    account: Stated
    period: Stated
    merged_down: dict[int, list[tuple[int, int]]]
    merged_values: list[tuple[int, int, int, int]]
    info: SheetInfo


@dataclass(frozen=True)
class _Head:
    grid: Grid
    rows: list[Row]
    layout: Layout | None
    reason: str


def plan(
    source: Source, *, accounts: AccountMatcher, dictionary: Dictionary, answers: Answers, today: date
) -> tuple[list[Table], list[SheetInfo]]:
    """The tables to import and all sheets for the proposal. Raises FileRefused if no sheet holds a table."""
    heads = [_head(grid, source, dictionary, answers, today) for grid in source.grids]
    if not any(head.layout for head in heads):
        raise FileRefused("no_table", _no_table(heads))
    spare = [(head.grid.name, row) for head in heads if head.layout is None for row in head.rows]
    tables, infos = [], []
    for head in heads:
        if head.layout is None:
            infos.append(SheetInfo(head.grid.name, head.grid.hidden, "", head.reason, preview=_preview(head.rows)))
            continue
        above = [(head.grid.name, row) for row in head.rows if row.number < head.layout.header_row]
        table = Table(
            grid=head.grid,
            layout=head.layout,
            account=_account(head, above, spare, accounts, answers),
            period=_period(head.layout, above, spare, answers, today),
            merged_down=_merged_down(head.grid, head.layout),
            merged_values=_merged_values(head.grid, head.layout),
            info=SheetInfo(head.grid.name, head.grid.hidden, head.layout.name, head.reason),
        )
        tables.append(table)
        infos.append(described(table, head.rows))
    return tables, infos


def _no_table(heads: Sequence[_Head]) -> str:
    where = f" ({', '.join(head.grid.name for head in heads[:5])})" if heads and heads[0].grid.name else ""
    return (
        f"No table of KPI values was found{where}. A table needs a heading row with KPI and Value, "
        "or KPI and months, or Account Name and KPI names."
    )


def _head(grid: Grid, source: Source, dictionary: Dictionary, answers: Answers, today: date) -> _Head:
    rows = list(islice(grid.rows(), HEAD_ROWS))
    if headers.normalised(grid.name) in headers.IGNORED_SHEETS:
        return _Head(grid, rows, None, f"the sheet {grid.name} holds roll-ups; nothing on it is a KPI value")
    if any(_is_reference(row) for row in rows):
        return _Head(grid, rows, None, "holds reference ranges, which are set in the KPI catalogue")
    layout = find_layout(rows, Context(grid.name, dictionary, answers, today, source.is_text))
    reason = f"heading found in row {layout.header_row}" if layout else "no table of KPI values"
    return _Head(grid, rows, layout, reason)


def _is_reference(row: Row) -> bool:
    named = {headers.normalised(value) for value in row.values if isinstance(value, str)}
    return len(named & headers.REFERENCE_WORDS) > 1


# Account and month


def _account(
    head: _Head, above: Sequence[Line], spare: Sequence[Line], accounts: AccountMatcher, answers: Answers
) -> Stated:
    if head.layout is None or head.layout.account:
        return Stated()
    if chosen := answers.get("account"):
        return Stated(chosen, "chosen by a person", name=accounts.find(chosen))
    if labelled := _labelled(above, "account") or _labelled(spare, "account"):
        name = accounts.find(answers.get(f"account:{labelled.raw.strip()}", labelled.raw))
        return replace(labelled, name=name)
    for sheet, row in above:
        for column, value in enumerate(row.values, 1):
            for raw in _title_parts(value):
                if name := accounts.find(raw):
                    return Stated(raw, f"named in row {row.number}", name, None, sheet, row.number, column)
    if head.grid.name and (name := accounts.find(head.grid.name)):
        return Stated(head.grid.name, "the sheet is named so", name=name)
    return Stated()


def _title_parts(value: object) -> list[str]:
    """ "KPI status: Acme Ltd" may name an account as a whole or after its colon or dash."""
    if not isinstance(value, str) or not value.strip():
        return []
    parts = [value]
    for separator in (":", " - ", " – ", " for ", " für "):
        if separator in value:
            parts.append(value.split(separator, 1)[1])
    return parts


def _period(layout: Layout, above: Sequence[Line], spare: Sequence[Line], answers: Answers, today: date) -> Stated:
    if layout.period or layout.name == "matrix":
        return Stated()
    if chosen := answers.get("period"):
        return _with_month(Stated(chosen, "chosen by a person"), today)
    if labelled := _labelled(above, "period") or _labelled(spare, "period"):
        return _with_month(labelled, today)
    for sheet, row in above:
        for column, value in enumerate(row.values, 1):
            found = month_in_text(value) if isinstance(value, str) else None
            if found and sensible(found, today):
                return Stated(text_of(value), f"named in row {row.number}", None, found, sheet, row.number, column)
    return Stated()


def _with_month(stated: Stated, today: date) -> Stated:
    period = parse_month(stated.raw)
    return replace(stated, period=period if period and sensible(period, today) else None)


def _labelled(lines: Sequence[Line], role: str) -> Stated | None:
    """The cell right of a label such as "Account" or "Reporting Period"."""
    for sheet, row in lines:
        for column, (label, value) in enumerate(zip(row.values, row.values[1:], strict=False), 2):
            if isinstance(label, str) and headers.role_of(label.rstrip(": ")) == role and filled(value):
                raw = text_of(value)
                return Stated(raw, f'stated as "{raw.strip()[:80]}"', None, None, sheet, row.number, column)
    return None


# Merged cells


def _merged_down(grid: Grid, layout: Layout) -> dict[int, list[tuple[int, int]]]:
    """Ranges of rows merged in the columns that name things: their text holds for every row of the range."""
    naming = {layout.account, layout.kpi, layout.period, layout.unit}
    found: dict[int, list[tuple[int, int]]] = {}
    for first_row, first_column, last_row, _ in grid.merged:
        if first_column in naming and last_row > first_row:
            found.setdefault(first_column, []).append((first_row, last_row))
    return found


def _merged_values(grid: Grid, layout: Layout) -> list[tuple[int, int, int, int]]:
    columns = [column.column for column in layout.values]
    return [area for area in grid.merged if any(area[1] <= column <= area[3] for column in columns)]


# The proposal


def described(table: Table, rows: Sequence[Row]) -> SheetInfo:
    layout = table.layout
    return SheetInfo(
        name=table.grid.name,
        hidden=table.grid.hidden,
        layout=layout.name,
        reason=table.info.reason,
        header_row=layout.header_row,
        account=table.account.name or table.account.raw,
        account_reason=table.account.reason,
        period=table.period.period,
        period_reason=table.period.reason,
        columns=layout.columns,
        preview=_preview([row for row in rows if row.number >= layout.header_row]),
    )


def _preview(rows: Sequence[Row]) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(text_of(value)[:80] for value in row.values[:PREVIEW_WIDTH]) for row in rows[:PREVIEW_ROWS])
