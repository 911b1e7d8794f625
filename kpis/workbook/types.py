"""What reading a file gives: cells to import, problems at their cell, notices, questions, and the mapping."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Literal, NamedTuple, Protocol

Answers = Mapping[str, str]
Status = Literal["import", "template_only"]
Holds = Literal["cell", "row", "column", "sheet"]
Role = Literal["account", "kpi", "period", "value", "unit", "category", "ignored", "held"]


class FileRefused(Exception):
    """The file as a whole cannot be taken. kind: a short code; str(error): a sentence for a person."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind, self.message = kind, message


class KpiRef(Protocol):
    """What reading needs to know of a KPI. kpis.catalogue.KpiDef is one."""

    @property
    def code(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def unit(self) -> str: ...
    @property
    def minimum(self) -> Decimal | None: ...
    @property
    def maximum(self) -> Decimal | None: ...
    @property
    def template_only(self) -> bool: ...
    @property
    def portfolio_only(self) -> bool: ...


class Dictionary(Protocol):
    """Finds KPIs by the names files use. The module kpis.catalogue is one; a tenant's own adds its aliases."""

    def resolve(self, text: str, /) -> KpiRef | None:
        """The KPI this exact name (after normalising) means, or None."""
        ...

    def suggest(self, text: str, /) -> Iterable[tuple[KpiRef, float]]:
        """Near names for a person to choose from, best first, with likeness 0..100."""
        ...


@cache
def column_letter(column: int) -> str:
    """Column 1 is A, 27 is AA."""
    letters = ""
    while column > 0:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def address_of(sheet: str, row: int, column: int) -> str:
    """ "C17" in a workbook, "line 17, column C" in a text file, where rows are records counted from 1."""
    if sheet:
        return f"{column_letter(column)}{row}"
    return f"line {row}, column {column_letter(column)}"


@dataclass(frozen=True, slots=True)
class ParsedCell:
    """One value that can be imported, and everything needed to show where it came from.

    account: as in the master. period: first day of the month. value: as read, percentages as 85, multipliers
    (K, M) applied. unit: as read, "" if nowhere stated. converted: in `kpi_unit`; None for template_only.
    conversion: how converted follows from the text when it is not the same number, "" otherwise.
    sheet: "" in a text file. row, column: from 1. cell_type: text | number | percent | formula.
    """

    account: str
    kpi_raw: str
    code: str
    period: date
    value: Decimal
    unit: str
    converted: Decimal | None
    kpi_unit: str
    conversion: str
    sheet: str
    row: int
    column: int
    raw: str
    cell_type: str
    number_format: str
    status: Status

    @property
    def address(self) -> str:
        return address_of(self.sheet, self.row, self.column)

    @property
    def stored(self) -> Decimal:
        """The number to store: in the KPI's unit, or as read where the KPI has none of its own."""
        return self.value if self.converted is None else self.converted


class HeldCell(NamedTuple):
    """One cell that was not imported, as a line of the long layout, ready to be corrected and uploaded again.

    period: "2026-03" or what the file said. value: what was read, or the raw text if nothing could be read.
    """

    sheet: str
    row: int
    column: int
    account: str
    kpi: str
    period: str
    value: Decimal | str
    unit: str


def held_to_json(held: Iterable[HeldCell]) -> list[list[str | int | None]]:
    """Held cells as plain lists; a number that was read and a raw text stay different things."""
    return [
        [*cell[:6], str(cell.value), "number" if isinstance(cell.value, Decimal) else "text", cell.unit]
        for cell in held
    ]


def held_from_json(rows: Iterable[list]) -> tuple[HeldCell, ...]:
    """The held cells again. Raises ValueError for lists that held_to_json did not make."""
    return tuple(
        HeldCell(sheet, row, column, account, kpi, period, Decimal(value) if kind == "number" else value, unit)
        for sheet, row, column, account, kpi, period, value, kind, unit in rows
    )


@dataclass(frozen=True, slots=True)
class Issue:
    """One problem at its cell. `kind` is a stable code; `rule` says what is wrong, `suggestion` what to do.

    holds: what is not imported because of it. held: those cells (empty if another issue of the row has them).
    likely: the best guess for a misspelt account or KPI, never applied. other: address of the earlier cell of a
    duplicate. blank: a plain empty cell. addresses: all of them where one issue stands for several cells.
    """

    kind: str
    sheet: str
    row: int
    column: int
    raw: str
    rule: str
    suggestion: str = ""
    account_raw: str = ""
    account: str | None = None
    kpi_raw: str = ""
    code: str | None = None
    period: date | None = None
    holds: Holds = "cell"
    held: tuple[HeldCell, ...] = ()
    likely: str = ""
    other: str = ""
    blank: bool = False
    addresses: tuple[str, ...] = ()

    @property
    def address(self) -> str:
        return address_of(self.sheet, self.row, self.column)


@dataclass(frozen=True, slots=True)
class Notice:
    """Something to show that blocks nothing: a hidden row, a cached formula, a duplicate month column.

    count: how many times, where one notice stands for many (address is then the first).
    """

    kind: str
    text: str
    sheet: str = ""
    address: str = ""
    row: int = 0
    count: int = 1
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """What only a person can decide. Answer with answers[key] = one of the options (or free text if none).

    required: without the answer nothing can be imported. options: (value, label).
    """

    key: str
    text: str
    options: tuple[tuple[str, str], ...] = ()
    required: bool = False
    where: str = ""


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """What one column is taken for, and why. answers["role:<sheet>!<letter>"] = a role overrules it."""

    column: int
    header: str
    role: Role
    reason: str
    code: str | None = None
    period: date | None = None
    unit: str = ""

    @property
    def letter(self) -> str:
        return column_letter(self.column)


@dataclass(frozen=True, slots=True)
class SheetInfo:
    """One sheet and what becomes of it.

    layout: "" if nothing on it is imported; reason says why. account, period: stated once for the whole sheet.
    preview: header and first rows as text. skipped: rows that are not data, in words.
    """

    name: str
    hidden: bool
    layout: str
    reason: str
    header_row: int = 0
    account: str = ""
    account_reason: str = ""
    period: date | None = None
    period_reason: str = ""
    columns: tuple[ColumnMap, ...] = ()
    preview: tuple[tuple[str, ...], ...] = ()
    skipped: tuple[str, ...] = ()
    last_row: int = 0


@dataclass(frozen=True, slots=True)
class Facts:
    """What the file as a whole shows. decimal: "." or ",", "" if nothing proves it; evidence: the proof."""

    encoding: str = ""
    delimiter: str = ""
    decimal: str = ""
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class ParsedFile:
    """A file as understood. `survey` fills all but cells and issues; `read` fills everything.

    layout: of the first sheet that has one. rows: data rows, the unit of positions.
    """

    layout: str
    sheets: tuple[SheetInfo, ...]
    facts: Facts
    rows: int
    questions: tuple[Question, ...]
    notices: tuple[Notice, ...] = ()
    cells: tuple[ParsedCell, ...] = ()
    issues: tuple[Issue, ...] = ()

    @property
    def ready(self) -> bool:
        """False while a required question is open: then there are no cells."""
        return not any(question.required for question in self.questions)


@dataclass(frozen=True, slots=True)
class Batch:
    """A slice of the file. position: data rows consumed so far; give it back as `start` to go on from there."""

    position: int
    cells: tuple[ParsedCell, ...]
    issues: tuple[Issue, ...]
    notices: tuple[Notice, ...] = ()
