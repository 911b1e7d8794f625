"""Read an inspected file: as a proposal, as a whole, or in batches that can be resumed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from kpis.workbook import sheets
from kpis.workbook.grids import Source
from kpis.workbook.holding import Output
from kpis.workbook.inspection import inspect_file
from kpis.workbook.judge import Shared, TableJudge
from kpis.workbook.lines import Lines
from kpis.workbook.names import AccountMatcher
from kpis.workbook.survey import Survey, questions, standing_notices
from kpis.workbook.textfile import open_text
from kpis.workbook.types import Answers, Batch, Dictionary, ParsedFile
from kpis.workbook.workbookfile import open_workbook

NO_ANSWERS: Mapping[str, str] = {}


@dataclass(frozen=True)
class _Plan:
    tables: list[sheets.Table]
    shared: Shared
    proposal: ParsedFile


def survey(
    path: Path | str,
    filename: str,
    *,
    accounts: AccountMatcher,
    dictionary: Dictionary,
    today: date,
    answers: Answers = NO_ANSWERS,
) -> ParsedFile:
    """What the file is taken for, before anything is imported: no cells and no issues yet. Raises FileRefused.

    today: months more than a year after it are taken for typing errors.
    """
    return _plan(Path(path), filename, accounts, dictionary, today, answers).proposal


def read(
    path: Path | str,
    filename: str,
    *,
    accounts: AccountMatcher,
    dictionary: Dictionary,
    today: date,
    answers: Answers = NO_ANSWERS,
) -> ParsedFile:
    """The whole file at once. For files of up to some ten thousand values; else `stream`. Raises FileRefused."""
    plan = _plan(Path(path), filename, accounts, dictionary, today, answers)
    batches = list(_batches(plan, start=0, size=1 << 60))
    return replace(
        plan.proposal,
        cells=tuple(cell for batch in batches for cell in batch.cells),
        issues=tuple(issue for batch in batches for issue in batch.issues),
        notices=(*plan.proposal.notices, *(notice for batch in batches for notice in batch.notices)),
    )


def stream(
    path: Path | str,
    filename: str,
    *,
    accounts: AccountMatcher,
    dictionary: Dictionary,
    today: date,
    answers: Answers = NO_ANSWERS,
    start: int = 0,
    batch: int = 2_000,
) -> Iterator[Batch]:
    """The file in batches of about `batch` data rows, in flat memory for text files. Raises FileRefused.

    start: the position of the last batch that was stored; reading goes on after it and gives the same cells and
    issues as without a break, as long as file, answers, accounts and dictionary are the same.
    """
    plan = _plan(Path(path), filename, accounts, dictionary, today, answers)
    yield from _batches(plan, start=start, size=batch)


def _plan(
    path: Path, filename: str, accounts: AccountMatcher, dictionary: Dictionary, today: date, answers: Answers
) -> _Plan:
    inspect_file(path, filename)
    source = _open(path, filename, answers)
    tables, infos = sheets.plan(source, accounts=accounts, dictionary=dictionary, answers=answers, today=today)
    survey = Survey(source, dictionary, answers)
    for table in tables:
        survey.feed(table)
    survey.facts.settle()
    ends = {
        table.grid.name: (skipped, last)
        for table, skipped, last in zip(tables, survey.skipped, survey.last_rows, strict=True)
    }
    proposal = ParsedFile(
        layout=tables[0].layout.name,
        sheets=tuple(
            replace(info, skipped=ends[info.name][0], last_row=ends[info.name][1]) if info.layout else info
            for info in infos
        ),
        facts=replace(source.facts, decimal=survey.facts.decimal, evidence=survey.facts.evidence),
        rows=sum(survey.rows),
        questions=questions(tables, survey.facts),
        notices=(*standing_notices(source, tables), *survey.notices),
    )
    return _Plan(tables, Shared(survey.facts, accounts, dictionary, answers, today), proposal)


def _open(path: Path, filename: str, answers: Answers) -> Source:
    if filename.lower().strip().endswith(".xlsx"):
        return open_workbook(path)
    return open_text(path, filename, answers)


def _batches(plan: _Plan, *, start: int, size: int) -> Iterator[Batch]:
    """Rows before `start` are judged again but not given: later duplicates depend on them."""
    out = Output()
    position, begin = 0, start
    for table in plan.tables:
        judge = TableJudge(table, plan.shared, out)
        lines = Lines(table, plan.shared.dictionary)
        for line in lines:
            if position - begin >= size:
                yield _batch(out, position)
                begin = position
            judge.feed(line)
            position += 1
            if position <= start:
                out.clear()
        judge.holding.finish(lines.second_table)
        if position <= start:
            out.clear()
    if position > start or out.cells or out.issues or out.notices:
        yield _batch(out, position)


def _batch(out: Output, position: int) -> Batch:
    batch = Batch(position, tuple(out.cells), tuple(out.issues), tuple(out.notices))
    out.clear()
    return batch
