"""Every file of the shared set imports to exactly what its expected.json says."""

import datetime as dt
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from kpis import catalogue
from kpis.workbook import AccountMatcher, FileRefused, Issue, ParsedCell, ParsedFile, inspect_file, neutralise, stream
from kpis.workbook.units import NoConversion, convert
from tests.kpis.workbook.conftest import TODAY

SMALL = ("standard.xlsx", "matrix.xlsx", "simple.xlsx", "wide.csv")
LONG = ("long.csv", "long_semicolon.csv")
TOLERANCE = Decimal("1e-6")
Read = Callable[[str], ParsedFile]
Key = tuple[str, str]


def key_of(entry: dict[str, Any]) -> Key:
    """Where an expected value or report stands, in our words."""
    if "cell" in entry:
        return entry["sheet"], entry["cell"]
    letters = catalogue_letters(entry["column"])
    return "", f"line {entry['line']}, column {letters}"


def catalogue_letters(column: int) -> str:
    return chr(64 + column) if column <= 26 else "A" + chr(64 + column - 26)


def close(number: Decimal | None, wanted: float | None) -> bool:
    if number is None or wanted is None:
        return number is None and wanted is None
    return abs(number - Decimal(str(wanted))) <= TOLERANCE


def check_value(cell: ParsedCell, wanted: dict[str, Any], default_period: str = "") -> None:
    assert cell.account == wanted["account"]
    assert cell.kpi_raw == wanted["kpi_raw"]
    assert f"{cell.period:%Y-%m}" == (wanted["period"] or default_period)
    assert cell.period.day == 1
    assert cell.status == wanted["status"]
    assert close(cell.value, wanted["value"]), (cell, wanted)
    assert close(cell.converted, wanted["value_catalogue"]), (cell, wanted)
    if wanted["catalogue_no"] is None:
        assert cell.unit == (wanted["unit"] or "")
        return
    kpi = catalogue.BY_NUMBER[wanted["catalogue_no"]]
    assert (cell.code, cell.kpi_unit) == (kpi.code, wanted["unit_catalogue"])
    assert same_unit(cell.unit, wanted["unit"], cell.kpi_unit), (cell.unit, wanted)


def same_unit(ours: str, theirs: str | None, kpi_unit: str) -> bool:
    """The set drops or fills in units that change nothing ("points", "/5", a blank unit column)."""
    if ours == (theirs or ""):
        return True
    try:
        return all(convert(Decimal(3), unit or "", kpi_unit).value == 3 for unit in (ours, theirs or ""))
    except NoConversion:
        return False


def reported(issues: tuple[Issue, ...]) -> Counter[tuple[str, str, str]]:
    """(sheet, address, kind) of every cell that is reported; one line for many blanks counts for each of them."""
    return Counter((i.sheet, address, i.kind) for i in issues for address in i.addresses or (i.address,))


# Workbooks and the wide file: every single cell is known


@pytest.mark.parametrize("name", SMALL)
def test_every_value_and_no_other(name: str, expected: dict[str, Any], shared_read: Read) -> None:
    wanted = {key_of(v): v for v in expected["files"][name]["values"] if v["status"] != "held"}
    cells = {(cell.sheet, cell.address): cell for cell in shared_read(name).cells}
    assert cells.keys() == wanted.keys()
    for key, cell in cells.items():
        check_value(cell, wanted[key], default_period="2026-09")


@pytest.mark.parametrize("name", SMALL)
def test_every_problem_at_its_cell(name: str, expected: dict[str, Any], shared_read: Read) -> None:
    report = expected["files"][name]["report"]
    assert reported(shared_read(name).issues) == Counter((*key_of(entry), entry["kind"]) for entry in report)
    issues = {(i.sheet, i.address, i.kind): i for i in shared_read(name).issues}
    for entry in report:
        if entry["kind"] == "missing_value" and entry.get("blank"):
            continue
        issue = issues[*key_of(entry), entry["kind"]]
        assert issue.kpi_raw == entry.get("kpi_raw", issue.kpi_raw)
        assert same_text(issue.raw, entry["raw"] or "")
        assert issue.likely == entry.get("likely", issue.likely)
        assert issue.other == entry.get("other_cell", "")
        assert issue.holds == entry.get("holds", "whole cell" if issue.holds == "cell" else "whole row").split()[1]
        assert issue.rule.endswith(".")


def same_text(ours: str, theirs: str) -> bool:
    try:
        return ours == theirs or Decimal(ours) == Decimal(theirs)
    except ArithmeticError:
        return False


@pytest.mark.parametrize("name", SMALL)
def test_nothing_is_lost(name: str, expected: dict[str, Any], shared_read: Read) -> None:
    """Every value that is not imported is held exactly once, besides what is held without being a value."""
    wanted = {key_of(v) for v in expected["files"][name]["values"] if v["status"] == "held"}
    parsed = shared_read(name)
    held = Counter((h.sheet, address(h)) for issue in parsed.issues for h in issue.held)
    assert max(held.values()) == 1
    assert wanted <= held.keys()
    extra = held.keys() - wanted
    beside = [e for e in expected["files"][name]["report"] if e.get("holds") == "whole column" or "other_cell" in e]
    assert {(sheet, column_of(at)) for sheet, at in extra} == {(key_of(e)[0], column_of(key_of(e)[1])) for e in beside}


def address(held: Any) -> str:
    letters = catalogue_letters(held.column)
    return f"{letters}{held.row}" if held.sheet else f"line {held.row}, column {letters}"


def column_of(at: str) -> str:
    return at.rpartition(" ")[2] if at.startswith("line") else at.rstrip("0123456789")


@pytest.mark.parametrize("name", SMALL)
def test_every_notice_and_no_other(name: str, expected: dict[str, Any], shared_read: Read) -> None:
    notices = expected["files"][name]["notices"]
    wanted = Counter((n["kind"], n["sheet"], n.get("cell") or n.get("cells", [""])[-1], n.get("row")) for n in notices)
    found = Counter(
        (n.kind, n.sheet, n.address, n.row if n.kind == "hidden_row" else None) for n in shared_read(name).notices
    )
    assert found == wanted


def test_what_the_files_say_about_themselves(shared_read: Read) -> None:
    standard = {sheet.name: sheet for sheet in shared_read("standard.xlsx").sheets}
    assert (standard["KPI Data"].account, standard["KPI Data"].period) == ("Pangolin Games", dt.date(2026, 8, 1))
    assert standard["Summary"].layout == ""
    assert "roll-ups" in standard["Summary"].reason
    simple = shared_read("simple.xlsx").sheets[0]
    assert (simple.account, simple.period) == ("Müller & Söhne GmbH", dt.date(2026, 9, 1))
    assert (simple.header_row, simple.last_row) == (5, 32)
    assert [line.split(":")[0] for line in simple.skipped] == ["row 34", "row 35", "row 36"]
    assert shared_read("wide.csv").layout == "wide"
    layouts = [sheet.layout for sheet in shared_read("matrix.xlsx").sheets]
    assert layouts == ["matrix"] * 12 + [""]


def test_the_wide_file_asks_for_its_month(shared_set: Path, master: AccountMatcher) -> None:
    batches = list(
        stream(shared_set / "wide.csv", "wide.csv", accounts=master, dictionary=catalogue, today=TODAY, answers={})
    )
    assert not any(batch.cells for batch in batches)


# Long files: sums, samples, and every bad row


@pytest.mark.parametrize("name", LONG)
def test_long_file_rows_and_sums(name: str, expected: dict[str, Any], shared_read: Read) -> None:
    summary, parsed = expected["files"][name]["summary"], shared_read(name)
    assert parsed.rows == summary["data_rows"]
    assert len(parsed.cells) == summary["good_rows"]
    assert len(parsed.issues) == summary["bad_rows"]
    facts = parsed.facts
    assert (facts.encoding, facts.delimiter, facts.decimal) == (
        summary["encoding"],
        summary["delimiter"],
        summary["decimal"],
    )
    assert sorted({f"{cell.period:%Y-%m}" for cell in parsed.cells}) == summary["months"]
    assert (len({cell.account for cell in parsed.cells}), len({cell.kpi_raw for cell in parsed.cells})) == (
        summary["accounts"],
        summary["kpis"],
    )
    check_sums(parsed.cells, summary["good_per_kpi"])


def check_sums(cells: Any, wanted: dict[str, dict[str, float]]) -> None:
    rows: Counter[str] = Counter()
    sums: Counter[str] = Counter()
    for cell in cells:
        rows[cell.kpi_raw] += 1
        sums[cell.kpi_raw] += cell.stored
    assert rows == {kpi: entry["rows"] for kpi, entry in wanted.items()}
    for kpi, entry in wanted.items():
        assert abs(sums[kpi] - Decimal(str(entry.get("sum_catalogue_unit", sums[kpi])))) < Decimal("1e-4"), kpi


@pytest.mark.parametrize("name", LONG)
def test_long_file_values_and_problems_by_line(name: str, expected: dict[str, Any], shared_read: Read) -> None:
    wanted, parsed = expected["files"][name], shared_read(name)
    by_line = {cell.row: cell for cell in parsed.cells}
    for entry in wanted.get("values") or wanted["sample_of_good_rows"]:
        cell = by_line[entry["line"]]
        check_value(cell, entry)
        assert cell.raw == entry["value_raw"]
    check_report(parsed.issues, wanted["report"])
    assert {n.kind: n.count for n in parsed.notices} == wanted["notices"]


def check_report(issues: Any, report: list[dict[str, Any]]) -> None:
    issues = list(issues)
    assert Counter((i.row, i.kind) for i in issues) == Counter((e["line"], e["kind"]) for e in report)
    by_line = {issue.row: issue for issue in issues}
    for entry in report:
        issue = by_line[entry["line"]]
        assert (issue.account_raw, issue.kpi_raw) == (entry["account_raw"], entry["kpi_raw"])
        assert issue.likely == entry.get("likely", issue.likely)
        assert issue.other.startswith(f"line {entry['other_line']}," if "other_line" in entry else "")
        assert len(issue.held) == 1


def test_the_two_hundred_thousand_rows_in_batches(
    expected: dict[str, Any], shared_set: Path, master: AccountMatcher
) -> None:
    wanted = expected["files"]["big.csv.gz"]
    summary = wanted["summary"]
    rows: Counter[str] = Counter()
    sums: Counter[str] = Counter()
    sample = {entry["line"]: entry for entry in wanted["sample_of_good_rows"]}
    issues: list[Issue] = []
    path = shared_set / "big.csv.gz"
    for batch in stream(path, path.name, accounts=master, dictionary=catalogue, today=TODAY):
        issues += batch.issues
        assert not batch.notices
        for cell in batch.cells:
            rows[cell.kpi_raw] += 1
            sums[cell.kpi_raw] += cell.stored
            if cell.row in sample:
                check_value(cell, sample.pop(cell.row))
    assert not sample
    assert (batch.position, sum(rows.values())) == (summary["data_rows"], summary["good_rows"])
    assert rows == {kpi: entry["rows"] for kpi, entry in summary["good_per_kpi"].items()}
    for kpi, entry in summary["good_per_kpi"].items():
        assert abs(sums[kpi] - Decimal(str(entry["sum_catalogue_unit"]))) < Decimal("1e-3")
    check_report(issues, wanted["report"])


# Files to refuse


def test_hostile_files_are_refused_for_the_stated_reason(expected: dict[str, Any], shared_set: Path) -> None:
    refused = {}
    for name, entry in expected["hostile"].items():
        if entry["outcome"] == "refused":
            with pytest.raises(FileRefused) as caught:
                inspect_file(shared_set / "hostile" / name, name)
            refused[name] = caught.value.kind
            assert str(caught.value).endswith(".")
    assert refused == {n: e["reason"] for n, e in expected["hostile"].items() if e["outcome"] == "refused"}


def test_formulas_in_text_are_held_or_neutralised_and_numbers_stay(expected: dict[str, Any], shared_read: Read) -> None:
    entry, parsed = expected["hostile"]["formula_injection.csv"], shared_read("hostile/formula_injection.csv")
    assert [(i.row, i.kind) for i in parsed.issues] == [(e["line"], e["kind"]) for e in entry["report"]]
    assert [cell.row for cell in parsed.cells] == entry["good_lines"]
    for number in entry["numbers_that_must_stay"]:
        cell = next(cell for cell in parsed.cells if cell.row == number["line"])
        assert cell.stored == Decimal(str(number["value"]))
        assert neutralise(cell.raw) == cell.raw
    for text in entry["neutralise_on_export"]:
        assert neutralise(text["raw"]) == "'" + text["raw"]


def test_near_duplicates_stay_apart(expected: dict[str, Any], master: AccountMatcher) -> None:
    for one, other in expected["near_duplicates_that_stay_apart"]:
        assert (master.find(one), master.find(other)) == (one, other)


def test_the_catalogue_has_the_limits_of_the_set(expected: dict[str, Any]) -> None:
    for number, entry in expected["ranges"].items():
        kpi = catalogue.BY_NUMBER[int(number)]
        assert (kpi.unit, kpi.minimum, kpi.maximum) == (entry["unit"], entry["min"], entry["max"])
