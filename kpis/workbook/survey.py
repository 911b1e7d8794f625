"""The first pass over a file: collect what only all cells together tell, and what has to be asked."""

from decimal import Decimal

from kpis.workbook.facts import FileFacts, is_percent
from kpis.workbook.figures import Figure
from kpis.workbook.grids import Source, Value, filled
from kpis.workbook.layouts import Layout, ValueColumn
from kpis.workbook.lines import Line, Lines
from kpis.workbook.readings import PERCENT_FORMAT, Place, unit_of_format
from kpis.workbook.sheets import Table
from kpis.workbook.types import Answers, Dictionary, Notice, Question, address_of, column_letter

UNNAMED_ROWS = 200  # data rows in which columns without a heading are looked for


def place_of(layout: Layout, column: ValueColumn, kpi_raw: str) -> Place:
    """The groups a value belongs to. See kpis.workbook.facts."""
    if column.kpi is not None:
        return Place(column.header, column.header, unit_column=False, header_unit=column.unit)
    alone = layout.name in ("long", "matrix")
    return Place(kpi_raw, kpi_raw if alone else column.header, bool(layout.unit), column.unit)


class Survey:
    """Feed it all tables of a file, then `facts` is settled. rows: data rows of each table."""

    def __init__(self, source: Source, dictionary: Dictionary, answers: Answers) -> None:
        prefix = "percent:"
        shares = {key.removeprefix(prefix): value for key, value in answers.items() if key.startswith(prefix)}
        self.dictionary = dictionary
        self.facts = FileFacts(source.is_text, answer=answers.get("decimal", ""), share_answers=shares)
        self.rows: list[int] = []
        self.skipped: list[tuple[str, ...]] = []
        self.last_rows: list[int] = []
        self.notices: list[Notice] = []
        self._places: dict[tuple[int, str], Place] = {}

    def feed(self, table: Table) -> None:
        lines = Lines(table, self.dictionary)
        live = [column for column in table.layout.values if not column.hold]
        named = {column.column for column in table.layout.columns}
        self._places.clear()
        count = 0
        for count, line in enumerate(lines, 1):
            if count <= UNNAMED_ROWS:
                self._look_beside(table, line, named)
            for column in live:
                value = line.values[column.column - 1] if column.column <= len(line.values) else None
                if value is not None and value.__class__ in (str, float):
                    self._note(table.layout, column, line, value)
        self.rows.append(count)
        self.last_rows.append(lines.last_row)
        self.skipped.append(tuple(f'row {row}: "{text}"' for row, text in lines.skipped[:20]))

    def _look_beside(self, table: Table, line: Line, named: set[int]) -> None:
        """Cells under no heading are not read; say so once for each column."""
        for column, value in enumerate(line.values, 1):
            if column not in named and filled(value) and (table.grid.name or column <= table.layout.width):
                named.add(column)
                address = address_of(table.grid.name, line.number, column)
                text = f"Column {column_letter(column)} has values but no heading; it is not read."
                self.notices.append(Notice("unnamed_column", text, table.grid.name, address, line.number))

    def _note(self, layout: Layout, column: ValueColumn, line: Line, value: Value) -> None:
        key = (column.column, line.kpi_raw)
        place = self._places.get(key)
        if place is None:
            place = self._places[key] = place_of(layout, column, line.kpi_raw)
        kpi = column.kpi or line.kpi
        shared = kpi is not None and is_percent(kpi.unit) and not place.unit_column
        if isinstance(value, str):
            figure = self.facts.note_text(value, place.habit)
            if shared and figure is not None and figure.unit in ("", "%"):
                self.facts.note_share(place.share, figure, marked=bool(figure.unit))
        elif shared and isinstance(value, float):
            self._note_number(place, value, unit_of_format(line.mark(column.column).number_format))

    def _note_number(self, place: Place, value: float, unit: str) -> None:
        number = Decimal(f"{value:.15g}")
        if unit == PERCENT_FORMAT:
            self.facts.note_share(place.share, Figure(number * 100, "%"), marked=True)
        elif not unit and number.is_finite():
            self.facts.note_share(place.share, Figure(number, ""), marked=False)


def questions(tables: list[Table], facts: FileFacts) -> tuple[Question, ...]:
    """What a person has to decide, required ones first. Call when the facts are settled."""
    asked: list[Question] = []
    nameless = [table for table in tables if not table.layout.account and not table.account.raw]
    if nameless:
        where = ", ".join(table.grid.name for table in nameless if table.grid.name)
        asked.append(Question("account", "Which account are these values of?", required=True, where=where))
    timeless = [t for t in tables if not t.layout.period and t.layout.name != "matrix" and not t.period.raw]
    if timeless:
        asked.append(Question("period", "Which month are these values of?", required=True))
    if facts.open_doubts and not facts.decimal:
        text = 'Numbers such as "1.234" can be read two ways. Which sign stands before the decimals in this file?'
        asked.append(
            Question("decimal", text, ((".", "point: 1.234 is a little over one"), (",", "comma: 1.234 is 1234")))
        )
    for group in facts.undecided():
        text = f'Bare numbers of "{group}": is 0.85 meant as 85 % or as 0.85 %?'
        options = (("fraction", "0.85 means 85 %"), ("percent", "0.85 means 0.85 %, 85 means 85 %"))
        asked.append(Question(f"percent:{group}", text, options, where=group))
    return tuple(asked)


def standing_notices(source: Source, tables: list[Table]) -> tuple[Notice, ...]:
    """Notices that do not depend on single rows: hidden sheets and columns, two columns of one month."""
    notices = [
        Notice("hidden_sheet", f'The sheet "{grid.name}" is hidden.', grid.name) for grid in source.grids if grid.hidden
    ]
    for table in tables:
        grid, layout = table.grid, table.layout
        used = {column.column: column for column in layout.columns}
        for column in grid.hidden_columns:
            if column in used and used[column].role != "ignored":
                address = address_of(grid.name, layout.header_row, column)
                text = f'The column "{used[column].header}" is hidden; it is read.'
                notices.append(Notice("hidden_column", text, grid.name, address, layout.header_row))
        for value in layout.values:
            if value.twin and value.period:
                cells = tuple(address_of(grid.name, layout.header_row, c) for c in (value.twin, value.column))
                text = f"{cells[0]} and {cells[1]} are both {value.period:%B %Y}; equal values are taken once."
                notices.append(
                    Notice("duplicate_column", text, grid.name, cells[1], layout.header_row, addresses=cells)
                )
    return tuple(notices)
