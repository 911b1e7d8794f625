"""Held rows leave as a workbook that can be corrected and uploaded again; text never becomes a formula."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from kpis import catalogue
from kpis.workbook import AccountMatcher, held_from_json, held_to_json, neutralise, read, write_held
from tests.kpis.workbook.conftest import TODAY
from tests.kpis.workbook.files import Shown, write_workbook

LONG = "account;kpi;month;value;unit\n"


def rows_of(path: Path) -> list[list[Any]]:
    return [[cell.value for cell in row] for row in openpyxl.load_workbook(path).active.iter_rows(min_row=2)]


def corrected(path: Path, **changes: Any) -> None:
    """Type over cells of the held-rows file, named by their address."""
    book = openpyxl.load_workbook(path)
    for address, value in changes.items():
        book.active[address] = value
    book.save(path)


def test_a_corrected_file_imports_cleanly(tmp_path: Path, read_text: Any, read_file: Any) -> None:
    parsed = read_text(
        LONG + "Acme Ltd;Seat use;2026-03;62,8;%\nAkme Ltd;Customer ROI;2026-03;1.918,5;%\nAcme Ltd;NPS;13-2026;good;\n"
    )
    held = tmp_path / "held.xlsx"
    assert write_held(parsed.issues, held) == 2
    assert rows_of(held)[0][:5] == ["Akme Ltd", "Customer ROI", "2026-03", 1918.5, "%"]
    assert rows_of(held)[1][:5] == ["Acme Ltd", "NPS", "13-2026", "good", None]
    assert rows_of(held)[1][5] == "not a number, bad period"
    corrected(held, A2="Acme Ltd", C3="2026-03", D3=40)
    again = read_file(held)
    assert [(c.account, c.code, f"{c.period:%Y-%m}", c.stored) for c in again.cells] == [
        ("Acme Ltd", "customer_roi", "2026-03", Decimal("1918.5")),
        ("Acme Ltd", "relationship_nps", "2026-03", 40),
    ]
    assert (again.layout, again.issues, again.questions) == ("long", (), ())


def test_an_uncorrected_file_is_held_again_as_a_whole(tmp_path: Path, shared_read: Any, master: AccountMatcher) -> None:
    for name in ("standard.xlsx", "simple.xlsx", "matrix.xlsx", "wide.csv", "long.csv", "long_semicolon.csv"):
        path = tmp_path / f"{Path(name).stem}.xlsx"
        count = write_held(shared_read(name).issues, path)
        again = read(path, path.name, accounts=master, dictionary=catalogue, today=TODAY)
        assert again.cells == (), name
        assert len({(i.sheet, i.row) for i in again.issues}) == count, name
        assert count == len({h for i in shared_read(name).issues for h in i.held})


def test_what_cannot_be_told_waits_for_a_decision(tmp_path: Path, read_text: Any, read_file: Any) -> None:
    text = "Account Name,SLA attainment,Own figure\nAcme Ltd,85,0.85\nACME Limited,0.9,West\n"
    held = tmp_path / "held.xlsx"
    write_held(read_text(text, period="2026-03").issues, held)
    assert [row[3:5] for row in rows_of(held)] == [[85, "?"], [0.9, "?"], [0.85, "?"], ["West", None]]
    assert {issue.kind for issue in read_file(held).issues} == {"undecided", "unknown_kpi"}
    corrected(held, E2="%", D3=90, E3=None)
    assert [cell.stored for cell in read_file(held).cells] == [85, 90]


def test_a_percent_format_of_an_unknown_kpi_is_kept(tmp_path: Path, read_file: Any) -> None:
    rows = [["KPI", "2026-03"], ["Own figure", Shown(0.45, "0.0%")]]
    parsed = read_file(write_workbook(tmp_path / "own.xlsx", {"Acme Ltd": rows}))
    held = tmp_path / "held.xlsx"
    write_held(parsed.issues, held)
    assert [row[:5] for row in rows_of(held)] == [["Acme Ltd", "Own figure", "2026-03", 45, "%"]]


def test_text_stays_text(tmp_path: Path, read_text: Any) -> None:
    rows = "=HYPERLINK(1);=1+1;@x;=2+2;+3\nhttp://example.invalid;NPS;2026-03;{=1};\n"
    held = tmp_path / "held.xlsx"
    write_held(read_text(LONG + rows).issues, held)
    sheet = openpyxl.load_workbook(held).active
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "n"}
    assert rows_of(held)[0][:5] == ["=HYPERLINK(1)", "=1+1", "@x", "=2+2", "+3"]
    assert sheet["A3"].hyperlink is None


def test_held_cells_survive_json(read_text: Any) -> None:
    parsed = read_text(LONG + "Akme Ltd;Customer ROI;2026-03;1.918,5;%\nAcme Ltd;NPS;2026-03;12..4;\n")
    for issue in parsed.issues:
        assert held_from_json(held_to_json(issue.held)) == issue.held
        assert all(isinstance(part, (str, int)) for row in held_to_json(issue.held) for part in row)


@pytest.mark.parametrize(
    "text", ["=1+1", "+1+1", "-2+3+cmd|' /C calc'!A0", "@SUM(1)", "\t=2+3", "\r=1", "\n=1", "＝1+1", "+44 20 0000", "-"]
)
def test_formulas_are_neutralised(text: str) -> None:
    assert neutralise(text) == "'" + text


@pytest.mark.parametrize("text", ["", "Acme", "-12", "-4.5", "+3", "-1,234.5", "1+1", "a=b", "-1e5"])
def test_numbers_and_plain_text_stay(text: str) -> None:
    assert neutralise(text) == text
