"""Recognise the table on a sheet: which row is the heading, and what each column holds."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from kpis.workbook import headers
from kpis.workbook.grids import Row, Value, filled, text_of
from kpis.workbook.periods import parse_month, sensible
from kpis.workbook.types import Answers, ColumnMap, Dictionary, KpiRef, Role, column_letter
from kpis.workbook.units import unit_named

HEAD_ROWS = 40  # a heading further down is not found
Hold = Literal["", "unknown_kpi", "bad_period"]


@dataclass(frozen=True)
class ValueColumn:
    """A column of values. kpi and period: stated by its heading, None if the rows state them. unit: in the heading.

    hold: why the whole column is not imported. near: KPIs with a name like its heading. twin: the earlier column
    of the same month.
    """

    column: int
    header: str
    kpi: KpiRef | None = None
    period: date | None = None
    unit: str = ""
    hold: Hold = ""
    twin: int = 0
    near: tuple[tuple[KpiRef, float], ...] = ()


@dataclass(frozen=True)
class Layout:
    """The table of one sheet. Columns are numbered from 1, 0 means there is none."""

    name: str
    header_row: int
    account: int
    kpi: int
    period: int
    unit: int
    values: tuple[ValueColumn, ...]
    columns: tuple[ColumnMap, ...]
    width: int  # cells in the heading row


@dataclass(frozen=True)
class Context:
    """What recognising needs to know besides the sheet. is_text: names of layouts differ for text files."""

    sheet: str
    dictionary: Dictionary
    answers: Answers
    today: date
    is_text: bool


def find_layout(head: Sequence[Row], context: Context) -> Layout | None:
    """The first row of `head` that is the heading of a table, or None."""
    for position, row in enumerate(head):
        roles = _roles(row, context)
        months = _months(row, roles, context)
        layout = _matrix(row, roles, months, head[position + 1 :], context)
        layout = layout or _narrow(row, roles, context) or _wide(row, roles, context)
        if layout is not None:
            return layout
    return None


def _roles(row: Row, context: Context) -> dict[int, Role]:
    """Role by column from the heading words; of two columns with one role the first has it."""
    roles: dict[int, Role] = {}
    for column, value in enumerate(row.values, 1):
        if not isinstance(value, str):
            continue
        chosen = context.answers.get(f"role:{context.sheet}!{column_letter(column)}")
        role = chosen or headers.role_of(value)
        if role and (role == "ignored" or role not in roles.values()):
            roles[column] = role  # type: ignore[assignment]
    return roles


def _months(row: Row, roles: dict[int, Role], context: Context) -> dict[int, date]:
    found = {column: parse_month(value) for column, value in enumerate(row.values, 1) if column not in roles}
    return {column: month for column, month in found.items() if month and sensible(month, context.today)}


def _column_of(roles: dict[int, Role], role: Role) -> int:
    return next((column for column, named in roles.items() if named == role), 0)


def _header(row: Row, column: int) -> str:
    return text_of(row.values[column - 1]).strip() if column <= len(row.values) else ""


# Row by row: every row is one value


def _narrow(row: Row, roles: dict[int, Role], context: Context) -> Layout | None:
    kpi, value = _column_of(roles, "kpi"), _column_of(roles, "value")
    if not kpi or not value:
        return None
    header = _header(row, value)
    columns = tuple(_plain_map(row, column, roles.get(column)) for column in _used(row))
    return Layout(
        name=_narrow_name(roles, context),
        header_row=row.number,
        account=_column_of(roles, "account"),
        kpi=kpi,
        period=_column_of(roles, "period"),
        unit=_column_of(roles, "unit"),
        values=(ValueColumn(value, header, unit=_unit_in(header)),),
        columns=columns,
        width=len(row.values),
    )


def _narrow_name(roles: dict[int, Role], context: Context) -> str:
    named = set(roles.values())
    if "account" in named:
        return "long"
    weighted = "ignored" in named and "category" in named
    if context.is_text:
        return "csv_standard" if weighted else "csv_basic" if "category" in named else "minimal"
    if headers.normalised(context.sheet) == "kpi data" or weighted:
        return "standard"
    return "simple" if named - {"kpi", "value"} else "minimal"


# A matrix: KPI rows, month columns


def _matrix(
    row: Row, roles: dict[int, Role], months: dict[int, date], below: Sequence[Row], context: Context
) -> Layout | None:
    kpi = _column_of(roles, "kpi") or (_unnamed_kpi_column(months, below, context) if len(months) > 1 else 0)
    if not kpi or not months or (len(months) == 1 and "value" in roles.values()):
        return None
    values, columns = [], []
    first_of_month: dict[date, int] = {}
    for column in _used(row):
        role, header = roles.get(column), _header(row, column)
        if column == kpi:
            columns.append(ColumnMap(column, header, "kpi", "names the KPIs"))
        elif month := months.get(column):
            twin = first_of_month.setdefault(month, column)
            values.append(ValueColumn(column, header, period=month, twin=twin if twin != column else 0))
            columns.append(ColumnMap(column, header, "value", f"values of {month:%B %Y}", period=month))
        elif role in ("account", "unit", "category", "ignored"):
            columns.append(_plain_map(row, column, role))
        else:
            values.append(ValueColumn(column, header, hold="bad_period"))
            columns.append(ColumnMap(column, header, "held", "the heading is not a month"))
    account, unit = _column_of(roles, "account"), _column_of(roles, "unit")
    return Layout("matrix", row.number, account, kpi, 0, unit, tuple(values), tuple(columns), len(row.values))


def _unnamed_kpi_column(months: dict[int, date], below: Sequence[Row], context: Context) -> int:
    """The column left of the months whose cells are mostly names of KPIs; 0 if there is none."""
    for column in range(1, min(months)):
        names = [row.values[column - 1] for row in below if column <= len(row.values)]
        texts = [name for name in names if isinstance(name, str) and name.strip()]
        known = sum(context.dictionary.resolve(text) is not None for text in texts)
        if known and known * 2 >= len(texts):
            return column
    return 0


# Wide: account rows, KPI columns


def _wide(row: Row, roles: dict[int, Role], context: Context) -> Layout | None:
    account, period = _column_of(roles, "account"), _column_of(roles, "period")
    if not account:
        return None
    values, columns = [], []
    for column in _used(row):
        header, role = _header(row, column), roles.get(column)
        if role in ("account", "period", "category", "ignored"):
            columns.append(_plain_map(row, column, role))
            continue
        kpi = context.dictionary.resolve(header)
        unit = _unit_in(header)
        if kpi:
            values.append(ValueColumn(column, header, kpi=kpi, unit=unit))
            columns.append(ColumnMap(column, header, "value", f"known as {kpi.name}", code=kpi.code, unit=unit))
        else:
            near = tuple(context.dictionary.suggest(header))
            values.append(ValueColumn(column, header, hold="unknown_kpi", near=near))
            columns.append(ColumnMap(column, header, "held", "no known KPI has this name"))
    if not any(value.kpi for value in values):
        return None
    return Layout("wide", row.number, account, 0, period, 0, tuple(values), tuple(columns), len(row.values))


# Columns


def _used(row: Row) -> list[int]:
    """Columns with a heading. One without holds nothing that could be named."""
    return [column for column, value in enumerate(row.values, 1) if _is_heading(value)]


def _is_heading(value: Value) -> bool:
    return filled(value)


_REASONS: dict[Role | None, str] = {
    "account": "names the accounts",
    "kpi": "names the KPIs",
    "period": "names the months",
    "value": "the values",
    "unit": "the units",
    "category": "the category; the catalogue's own is used",
    "ignored": "not part of a value",
    None: "the heading is not known; it is left out",
}


def _plain_map(row: Row, column: int, role: Role | None) -> ColumnMap:
    return ColumnMap(column, _header(row, column), role or "ignored", _REASONS.get(role, "not part of a value"))


def _unit_in(header: str) -> str:
    """The unit in brackets at the end of a heading, "" if there is none: "Time to first value (days)"."""
    for opening, closing in ("[]", "()"):
        if header.endswith(closing) and opening in header:
            return unit_named(header[header.rindex(opening) + 1 : -1]) or ""
    return ""
