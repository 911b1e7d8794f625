"""Judge the rows of one table: what can be imported, what is held and why. One row at a time, in order."""

from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

from kpis.workbook import wording
from kpis.workbook.facts import FileFacts
from kpis.workbook.grids import Mark, Value, filled, text_of
from kpis.workbook.holding import Holding, Output, Spot
from kpis.workbook.lines import Line
from kpis.workbook.names import AccountMatcher
from kpis.workbook.periods import parse_month, sensible
from kpis.workbook.readings import UNDECIDED, Reading, loose_value, read_cell
from kpis.workbook.sheets import Table
from kpis.workbook.survey import place_of
from kpis.workbook.types import Answers, Dictionary, HeldCell, Issue, ParsedCell, address_of

_CACHE_LIMIT = 50_000  # readings; bounds memory when every value of a file is different
Seen = tuple[Decimal, str, str, int, int]  # number, unit where the KPI has none, sheet, row, column


@dataclass
class Shared:
    """What all tables of a file share. seen: the first good value of each account, KPI and month, and its place."""

    facts: FileFacts
    accounts: AccountMatcher
    dictionary: Dictionary
    answers: Answers
    today: date
    seen: dict[tuple[str, str, date], Seen] = field(default_factory=dict)


class TableJudge:
    """Feed it every line of one table in order, then call holding.finish()."""

    def __init__(self, table: Table, shared: Shared, out: Output) -> None:
        self.table, self.shared, self.out = table, shared, out
        self.sheet, self.layout = table.grid.name, table.layout
        self.live = [column for column in table.layout.values if not column.hold]
        self.holding = Holding(table, shared.accounts, out)
        self._accounts: dict[str, str | None] = {}
        self._periods: dict[Value, date | None] = {}
        self._readings: dict[tuple[object, ...], Reading] = {}
        self._wordings: dict[str, tuple[str, str, str]] = {}

    def feed(self, line: Line) -> None:
        layout = self.layout
        account = self._account_named(line) if layout.account else self.table.account.name
        period = self._period_named(line.period_raw) if layout.period else self.table.period.period
        if line.hidden:
            self.holding.note("hidden_row", f"Row {line.number} is hidden; its values are read.", line.number)
        if not self.sheet and len(line.values) > layout.width and any(map(filled, line.values[layout.width :])):
            self._hold_shape(line)
            return
        problems = self._row_problems(line, account, period)
        held: list[HeldCell] | None = [] if problems else None
        for column in self.live:
            spot = Spot(line, column, column.kpi or line.kpi, account, column.period or period)
            self._feed_cell(spot, held)
        if self.holding.by_column:
            self.holding.columns(line, account, period, self.shared.facts)
        if problems:
            self.out.issues.append(replace(problems[0], held=tuple(held or ())))
            self.out.issues += problems[1:]

    def _feed_cell(self, spot: Spot, held: list[HeldCell] | None) -> None:
        line, column = spot.line, spot.column
        value, mark = line.cell(column.column), line.mark(column.column)
        if spot.kpi is None:
            if held is not None and (filled(value) or mark.formula or mark.error):
                held.append(self.holding.cell(spot, *loose_value(value, mark, line.unit_raw, self.shared.facts)))
            return
        reading = self._reading(spot, value, mark)
        if mark.formula and mark.cached and not reading.kind:
            text = "The stored result of the formula was used."
            self.holding.note("cached_formula_used", text, line.number, column.column)
        if reading.kind:
            self._problem(spot, reading)
        elif held is not None or self.holding.sheet_problem is not None:
            kept = self.holding.by_sheet if held is None else held
            kept.append(self.holding.cell(spot, reading.value or Decimal(0), reading.unit))
        else:
            self._accept(spot, reading)

    # What a row names

    def _account_named(self, line: Line) -> str | None:
        raw = line.account_raw
        if raw not in self._accounts:
            chosen = self.shared.answers.get(f"account:{raw.strip()}", raw)
            self._accounts[raw] = self.shared.accounts.find(chosen)
        name = self._accounts[raw]
        if name is not None and len(raw) != len(name) and raw.strip() == name.strip():
            self.holding.count("trailing_space_in_account_matched", line.number)
        return name

    def _period_named(self, raw: Value) -> date | None:
        if raw not in self._periods:
            month = parse_month(raw)
            self._periods[raw] = month if month and sensible(month, self.shared.today) else None
        return self._periods[raw]

    def _reading(self, spot: Spot, value: Value, mark: Mark) -> Reading:
        line, column = spot.line, spot.column
        key = (value, value.__class__, mark, line.unit_raw, line.kpi_raw, column.column)
        reading = self._readings.get(key)
        if reading is None:
            assert spot.kpi is not None
            if len(self._readings) > _CACHE_LIMIT:
                self._readings.clear()
            place = place_of(self.layout, column, line.kpi_raw)
            reading = read_cell(value, mark, line.unit_raw, spot.kpi, place, self.shared.facts)
            self._readings[key] = reading
        return reading

    # Good values

    def _accept(self, spot: Spot, reading: Reading) -> None:
        line, column, kpi, account, period = spot
        if kpi is None or account is None or period is None or reading.value is None:
            return  # an open question: a required answer is missing
        number = reading.value if reading.converted is None else reading.converted
        mine = (number, "" if kpi.unit else reading.unit, self.sheet, line.number, column.column)
        first = self.shared.seen.setdefault((account, kpi.code, period), mine)
        if first is not mine:
            self._repeated(spot, reading, first, same=first[:2] == mine[:2])
            return
        if reading.settled == ".":
            self.holding.count("dot_thousands_settled_by_file_locale", line.number)
        self.out.cells.append(
            ParsedCell(
                account,
                line.kpi_raw or column.header,
                kpi.code,
                period,
                reading.value,
                reading.unit,
                reading.converted,
                kpi.unit,
                reading.conversion,
                self.sheet,
                line.number,
                column.column,
                reading.raw,
                reading.cell_type,
                reading.number_format,
                "template_only" if kpi.template_only else "import",
            )
        )

    def _repeated(self, spot: Spot, reading: Reading, first: Seen, *, same: bool) -> None:
        if same:
            if not spot.column.twin:
                self.holding.count("duplicate_collapsed", spot.line.number)
            return
        other = address_of(*first[2:])
        other = other if first[2] == self.sheet else f"{other} of {first[2]}"
        rule, suggestion = wording.duplicate(other)
        undecided = f"{UNDECIDED} {reading.unit or spot.line.unit_raw}".rstrip()
        problem = replace(reading, kind="duplicate_key", rule=rule, suggestion=suggestion, unit=undecided)
        self.out.issues.append(self._cell_issue(spot, problem, other))

    # Problems

    def _row_problems(self, line: Line, account: str | None, period: date | None) -> list[Issue]:
        layout = self.layout
        problems: list[Issue] = []
        if account is None and layout.account:
            problems.append(self._account_issue(line))
        if period is None and layout.period:
            raw = text_of(line.period_raw)
            problems.append(self._row_issue(line, layout.period, "bad_period", raw, wording.bad_period(raw)))
        if line.kpi is None and layout.kpi:
            problems.append(self._kpi_issue(line))
        return [replace(problem, account=account, period=period) for problem in problems] if problems else problems

    def _account_issue(self, line: Line) -> Issue:
        raw, likely = line.account_raw, self.shared.accounts.suggest(line.account_raw)
        kind = "unknown_account_spelling" if raw.strip() else "missing_account"
        return self._row_issue(line, self.layout.account, kind, raw, (*wording.unknown_account(raw, likely), likely))

    def _kpi_issue(self, line: Line) -> Issue:
        """At the value where the row has one, at the name of the KPI where it has many."""
        name = line.kpi_raw
        if name not in self._wordings:
            near = self.shared.dictionary.suggest(name) if name.strip() else ()
            self._wordings[name] = wording.unknown_kpi(name, near)
        single = len(self.live) == 1
        column = self.live[0].column if single else self.layout.kpi
        raw = text_of(line.cell(column)) if single else name
        return self._row_issue(line, column, "unknown_kpi", raw, self._wordings[name])

    def _row_issue(self, line: Line, column: int, kind: str, raw: str, words: tuple[str, ...]) -> Issue:
        return Issue(
            kind,
            self.sheet,
            line.number,
            column,
            raw,
            rule=words[0],
            suggestion=words[1],
            account_raw=line.account_raw or self.table.account.raw,
            kpi_raw=line.kpi_raw,
            code=line.kpi.code if line.kpi else None,
            holds="row",
            likely=words[2] if len(words) > 2 else "",
        )

    def _hold_shape(self, line: Line) -> None:
        words = wording.row_shape(len(line.values), self.layout.width)
        raw = " | ".join(text_of(value) for value in line.values)
        issue = self._row_issue(line, self.layout.width + 1, "row_shape", raw, words)
        spots = [Spot(line, column, column.kpi or line.kpi, None, column.period) for column in self.live]
        cells = [self.holding.cell(spot, text_of(line.cell(spot.column.column)), UNDECIDED) for spot in spots]
        self.out.issues.append(replace(issue, held=tuple(cells)))

    def _problem(self, spot: Spot, reading: Reading) -> None:
        line, column = spot.line, spot.column
        if reading.kind == "missing_value" and reading.blank:
            merged = self.holding.merged_with(line.number, column.column)
            if merged:
                rule, suggestion = wording.merged(merged)
                reading = replace(reading, kind="merged_value", rule=rule, suggestion=suggestion)
            elif self.layout.name == "matrix":
                if not column.twin:
                    self.holding.blanks.append(self.holding.cell(spot, "", line.unit_raw))
                return
        if not column.twin or reading.raw != text_of(line.cell(column.twin)):
            self.out.issues.append(self._cell_issue(spot, reading))

    def _cell_issue(self, spot: Spot, reading: Reading, other: str = "") -> Issue:
        line, column, kpi, account, period = spot
        value = text_of(line.cell(column.column)) if reading.value is None else reading.value
        if reading.value is None and reading.kind in ("no_cached_value", "not_a_number"):
            mark = line.mark(column.column)
            value = mark.error or mark.formula or value
        return Issue(
            reading.kind,
            self.sheet,
            line.number,
            column.column,
            reading.raw,
            reading.rule,
            reading.suggestion,
            account_raw=line.account_raw or self.table.account.raw,
            account=account,
            kpi_raw=spot.kpi_raw,
            code=kpi.code if kpi else None,
            period=period,
            held=(self.holding.cell(spot, value, reading.unit or line.unit_raw or column.unit),),
            other=other,
            blank=reading.blank,
        )
