"""Every kind of bad cell gets its issue at its place, says the rule and a fix, and does not touch its neighbours."""

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.kpis.workbook.files import Shown, write_workbook

LONG = "account,kpi,month,value,unit\n"
GOOD = "Acme Ltd,CSM pulse,2026-03,4.5,/5\n"


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        ("Acme Ltd,Seat use,2026-03,N/A,%", "missing_value"),
        ("Acme Ltd,Seat use,2026-03,,%", "missing_value"),
        ("Acme Ltd,Seat use,2026-03,-,%", "missing_value"),
        ("Acme Ltd,Seat use,2026-03,good,%", "not_a_number"),
        ("Acme Ltd,Seat use,2026-03,#REF!,%", "not_a_number"),
        ("Acme Ltd,Seat use,2026-03,8O.5,%", "not_a_number"),
        ("Acme Ltd,Seat use,2026-03,=1+1,%", "not_a_number"),
        ("Acme Ltd,Seat use,2026-03,5-Jun,%", "date_instead_of_number"),
        ("Acme Ltd,Seat use,2026-03,2026-06-05,%", "date_instead_of_number"),
        ("Acme Ltd,Customer ROI,2026-03,1.234,%", "ambiguous_number"),
        ("Acme Ltd,Versions behind,2026-03,1.234,count", "ambiguous_number"),
        ("Acme Ltd,Seat use,2026-03,201,%", "out_of_range"),
        ("Acme Ltd,Customer Lifetime Value,2026-03,900000000M,EUR", "out_of_range"),
        ("Acme Ltd,Seat use,2026-03,12 hours,%", "unit_mismatch"),
        ("Acme Ltd,Seat use,2026-03,12,bananas", "unit_mismatch"),
        ("Acme Ltd,Reply time of main contacts,2026-03,3 days,", "unit_mismatch"),
        ("Acme Ltd,Happiness,2026-03,85,%", "unknown_kpi"),
        ("Acme Ltd,NPS (rel.),2026-03,40,", "unknown_kpi"),
        ("Acme Ltd,,2026-03,40,", "unknown_kpi"),
        ("Acme Ltd,Market share,2026-03,4.5,%", "portfolio_kpi"),
        ("Acme Ltd,Seat use,13-2026,85,%", "bad_period"),
        ("Acme Ltd,Seat use,2062-04,85,%", "bad_period"),
        ("Acme Ltd,Seat use,,85,%", "bad_period"),
        ("Acme  Ltd,Seat use,2026-03,85,%", "unknown_account_spelling"),
        ("acme ltd,Seat use,2026-03,85,%", "unknown_account_spelling"),
        (",Seat use,2026-03,85,%", "missing_account"),
        ("Acme Ltd,Seat use,2026-03,85,3,%", "row_shape"),
        ("Acme Ltd,Seat use,2026-03,2.4,? %", "undecided"),
    ],
)
def test_one_bad_row_is_held_and_its_neighbour_is_not(row: str, kind: str, read_text: Any) -> None:
    parsed = read_text(LONG + GOOD + row + "\n")
    assert [cell.row for cell in parsed.cells] == [2]
    assert [(issue.kind, issue.row) for issue in parsed.issues] == [(kind, 3)]
    issue = parsed.issues[0]
    assert issue.rule.endswith(".")
    assert issue.suggestion.endswith(".") or kind == "portfolio_kpi"
    assert len(issue.held) == 1


def test_a_row_with_several_faults_names_them_all_and_is_held_once(read_text: Any) -> None:
    parsed = read_text(LONG + "Akme Ltd,Seat use,13-2026,good,%\n")
    assert [issue.kind for issue in parsed.issues] == ["not_a_number", "unknown_account_spelling", "bad_period"]
    assert sum(len(issue.held) for issue in parsed.issues) == 1


def test_misspelt_account_is_suggested_and_taken_only_after_a_person_says_so(read_text: Any) -> None:
    text = LONG + "Acme Lt,Seat use,2026-03,85,%\nACME  Limited,Seat use,2026-03,86,%\n"
    assert [issue.likely for issue in read_text(text).issues] == ["Acme Ltd", "ACME Limited"]
    answered = read_text(text, **{"account__Acme Lt": "Acme Ltd"})
    assert [(cell.account, cell.stored) for cell in answered.cells] == [("Acme Ltd", 85)]


def test_near_duplicates_and_outer_spaces(read_text: Any) -> None:
    parsed = read_text(LONG + " Acme Ltd ,Seat use,2026-03,85,%\nACME Limited,Seat use,2026-03,86,%\n")
    assert [(cell.account, cell.stored) for cell in parsed.cells] == [("Acme Ltd", 85), ("ACME Limited", 86)]
    assert [(n.kind, n.count) for n in parsed.notices] == [("trailing_space_in_account_matched", 1)]


def test_the_later_of_two_values_is_reported_with_the_earlier(read_text: Any) -> None:
    row = "Acme Ltd,Seat use,2026-03,{},%\n"
    parsed = read_text(LONG + row.format("85") + row.format("85.0") + row.format("86"))
    assert [(cell.row, cell.stored) for cell in parsed.cells] == [(2, 85)]
    assert [(i.kind, i.row, i.other) for i in parsed.issues] == [("duplicate_key", 4, "line 2, column D")]
    assert [(n.kind, n.count) for n in parsed.notices] == [("duplicate_collapsed", 1)]


def test_a_held_first_value_does_not_make_the_second_a_duplicate(read_text: Any) -> None:
    parsed = read_text(LONG + "Acme Ltd,Seat use,2026-03,850,%\nAcme Ltd,Seat use,2026-03,85,%\n")
    assert [(cell.row, cell.stored) for cell in parsed.cells] == [(3, 85)]
    assert [issue.kind for issue in parsed.issues] == ["out_of_range"]


# Two ways to read a number


@pytest.mark.parametrize(
    ("other", "text", "outcome"),
    [
        ("85.5", "1.250", "ambiguous_number"),  # decimal by the file, but alone with three decimals
        ("85,5", "1.250", 1250),
        ("85,5", "1,250", "ambiguous_number"),
        ("85.5", "1,250", 1250),
        ("85", "1.250", "ambiguous_number"),
        ("85", "1,250", "ambiguous_number"),
        ("85", "1.250,5", Decimal("1250.5")),
    ],
)  # fmt: skip
def test_other_cells_settle_the_decimal_sign(other: str, text: str, outcome: object, read_text: Any) -> None:
    head = "account;kpi;month;value;unit\n"
    parsed = read_text(f"{head}Acme Ltd;Seat use;2026-03;{other};%\nAcme Ltd;Customer ROI;2026-03;{text};%\n")
    results = [cell.stored for cell in parsed.cells[1:]] + [issue.kind for issue in parsed.issues]
    assert results == [outcome]


def test_three_decimals_are_believed_where_the_kpi_writes_them_or_where_thousands_are_impossible(
    read_text: Any,
) -> None:
    row = "Acme Ltd,{},%\n"
    lines = ("Customer ROI,2026-03,0.125", "Customer ROI,2026-04,1.250", "SLA attainment,2026-03,99.125")
    parsed = read_text(LONG + "".join(row.format(line) for line in lines))
    assert [cell.stored for cell in parsed.cells] == [Decimal("0.125"), Decimal("1.25"), Decimal("99.125")]
    assert parsed.issues == ()


def test_a_reading_that_the_file_proves_but_the_kpi_forbids_is_asked(read_text: Any) -> None:
    parsed = read_text(LONG + 'Acme Ltd,SLA attainment,2026-03,99.5,%\nAcme Ltd,SLA attainment,2026-04,"99,125",%\n')
    assert [issue.kind for issue in parsed.issues] == ["ambiguous_number"]


def test_an_unproven_decimal_sign_is_asked_once_for_the_file(read_text: Any) -> None:
    text = LONG + "Acme Ltd,Customer ROI,2026-03,1.250,%\nAcme Ltd,Customer ROI,2026-04,2.500,%\n"
    assert [question.key for question in read_text(text).questions] == ["decimal"]
    assert [cell.stored for cell in read_text(text, decimal=",").cells] == [1250, 2500]
    assert [cell.stored for cell in read_text(text, decimal=".").cells] == [Decimal("1.25"), Decimal("2.5")]


# Percentages


@pytest.mark.parametrize(
    ("cells", "outcome"),
    [
        (["0.85", "0.9"], [85, 90]),
        (["0.85", "90%"], [85, 90]),
        (["85", "90"], [85, 90]),
        (["85", "0.9"], ["ambiguous_number", "ambiguous_number"]),
        (["85", "90%"], ["ambiguous_number", 90]),
        (["0.85", "0.9%"], ["ambiguous_number", Decimal("0.9")]),
        (["0", "90%"], [0, 90]),
    ],
)
def test_bare_percentages_of_a_wide_column(cells: list[str], outcome: list[object], read_text: Any) -> None:
    text = f"Account Name,SLA attainment [%]\nAcme Ltd,{cells[0]}\nACME Limited,{cells[1]}\n"
    parsed = read_text(text, period="2026-03")
    results = {cell.row: cell.stored for cell in parsed.cells} | {issue.row: issue.kind for issue in parsed.issues}
    assert [results[row] for row in (2, 3)] == outcome


def test_an_answer_settles_a_column_of_percentages(read_text: Any) -> None:
    text = "Account Name,SLA attainment\nAcme Ltd,85\nACME Limited,0.9\n"
    assert [question.key for question in read_text(text, period="2026-03").questions] == ["percent:SLA attainment"]
    answered = read_text(text, **{"period": "2026-03", "percent__SLA attainment": "percent"})
    assert [cell.stored for cell in answered.cells] == [85, Decimal("0.9")]
    assert answered.questions == ()


def test_with_a_unit_column_there_is_no_guess(read_text: Any) -> None:
    parsed = read_text(LONG + "Acme Ltd,SLA attainment,2026-03,0.85,%\nAcme Ltd,SLA attainment,2026-04,0.9,\n")
    assert [cell.stored for cell in parsed.cells] == [Decimal("0.85"), Decimal("0.9")]


def test_percent_formats_in_a_workbook_are_no_guess(tmp_path: Path, read_file: Any) -> None:
    rows = [["KPI", "2026-03", "2026-04", "2026-05"], ["SLA attainment", Shown(0.85, "0%"), 90, Shown(0.005, "0.0%")]]
    parsed = read_file(write_workbook(tmp_path / "percent.xlsx", {"Acme Ltd": rows}))
    assert [cell.stored for cell in parsed.cells] == [85, 90, Decimal("0.5")]


# What only workbooks hold


def test_dates_times_and_truth_values_are_not_numbers(tmp_path: Path, read_file: Any) -> None:
    cells = [Shown(dt.datetime(2026, 6, 5), "d-mmm"), Shown(0.5, "hh:mm"), Shown(1.5, "[h]:mm"), True]
    rows = [["KPI", "2026-03", "2026-04", "2026-05", "2026-06"], ["NPS", *cells]]
    parsed = read_file(write_workbook(tmp_path / "dates.xlsx", {"Acme Ltd": rows}))
    assert [issue.kind for issue in parsed.issues] == ["date_instead_of_number"] * 3 + ["not_a_number"]
    assert parsed.issues[0].raw == "2026-06-05 00:00:00"
    assert "5.6" in parsed.issues[0].suggestion


def test_units_written_by_a_number_format(tmp_path: Path, read_file: Any) -> None:
    rows = [
        ["KPI", "Value"],
        ["Time to first value", Shown(4, '0 "weeks"')],
        ["Cost Savings", Shown(1200, "[$€-407] 0")],
    ]
    answers = {"account": "Acme Ltd", "period": "2026-03"}
    parsed = read_file(write_workbook(tmp_path / "formats.xlsx", {"KPIs": rows}), **answers)
    assert [(cell.stored, cell.unit) for cell in parsed.cells] == [(28, "weeks"), (1200, "EUR")]


def test_numbers_of_excel_lose_their_binary_noise(tmp_path: Path, read_file: Any) -> None:
    rows = [["KPI", "2026-03"], ["SLA attainment", Shown(0.1 + 0.2, "0.0%")]]
    parsed = read_file(write_workbook(tmp_path / "noise.xlsx", {"Acme Ltd": rows}))
    assert [str(cell.stored) for cell in parsed.cells] == ["30.0"]
