"""Every layout that is taken, in files made here."""

import datetime as dt
import re
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from kpis.workbook import FileRefused
from tests.kpis.workbook.files import Formula, Shown, write_workbook

MARCH, APRIL = dt.date(2026, 3, 1), dt.date(2026, 4, 1)
STANDARD_HEAD = ["Health Score Component", "Weight", "Data", "Source Review", "KPI/Parameter", "Impact Level"]


def values(parsed: Any) -> list[tuple[str, str, dt.date, Decimal]]:
    return [(cell.account, cell.code, cell.period, cell.stored) for cell in parsed.cells]


def test_long_csv(read_text: Any) -> None:
    parsed = read_text("account,kpi,month,value,unit\nAcme Ltd,Seat use,2026-03,85,%\nAcme Ltd,NPS,Mar 26,-12,\n")
    assert parsed.layout == "long"
    assert values(parsed) == [("Acme Ltd", "seat_use", MARCH, 85), ("Acme Ltd", "relationship_nps", MARCH, -12)]
    assert [cell.address for cell in parsed.cells] == ["line 2, column D", "line 3, column D"]
    assert parsed.issues == ()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_every_encoding_and_delimiter(encoding: str, delimiter: str, read_text: Any) -> None:
    rows = [["Kunde", "Kennzahl", "Monat", "Wert", "Einheit"], ["Müller & Söhne GmbH", "NPS", "März 2026", "40", ""]]
    parsed = read_text("\r\n".join(delimiter.join(row) for row in rows), encoding=encoding)
    assert values(parsed) == [("Müller & Söhne GmbH", "relationship_nps", MARCH, 40)]
    assert parsed.facts.delimiter == delimiter


def test_decimal_commas_settle_the_whole_file(read_text: Any) -> None:
    head = "account;kpi;month;value;unit\n"
    parsed = read_text(head + "Acme Ltd;Seat use;03.2026;62,8;%\nAcme Ltd;Customer ROI;03.2026;1.250;%\n")
    assert [cell.stored for cell in parsed.cells] == [Decimal("62.8"), 1250]
    assert parsed.facts.decimal == ","
    assert [(n.kind, n.count) for n in parsed.notices] == [("dot_thousands_settled_by_file_locale", 1)]
    assert parsed.cells[1].conversion == "1.250 = 1250"


def test_titles_above_the_heading(read_text: Any) -> None:
    parsed = read_text("KPI export\n\naccount,kpi,month,value\nAcme Ltd,NPS,2026-03,40\n")
    assert parsed.sheets[0].header_row == 3
    assert [cell.row for cell in parsed.cells] == [4]


def test_wide_csv_asks_for_the_month(read_text: Any) -> None:
    text = (
        "Account Name,Seat use [%],NPS,Time to first value (days)\nAcme Ltd,85%,40,4 weeks\nACME Limited,0.9,n/a,12\n"
    )
    asked = read_text(text)
    assert not asked.ready
    assert [question.key for question in asked.questions] == ["period"]
    assert asked.cells == ()
    parsed = read_text(text, period="2026-03")
    assert parsed.ready
    assert values(parsed) == [
        ("Acme Ltd", "seat_use", MARCH, 85),
        ("Acme Ltd", "relationship_nps", MARCH, 40),
        ("Acme Ltd", "time_to_first_value", MARCH, 28),
        ("ACME Limited", "seat_use", MARCH, 90),
        ("ACME Limited", "time_to_first_value", MARCH, 12),
    ]


def test_csv_standard_and_basic_and_minimal(read_text: Any) -> None:
    answers = {"account": "Acme Ltd", "period": "2026-03"}
    standard = read_text("kpi_parameter,data,category,weight\nSeat use,85%,Adoption,20%\n", **answers)
    basic = read_text("kpi_name,value,category\nSeat use,85%,Adoption\n", **answers)
    minimal = read_text("KPI,Value\nSeat use,85%\n", **answers)
    assert [parsed.layout for parsed in (standard, basic, minimal)] == ["csv_standard", "csv_basic", "minimal"]
    for parsed in (standard, basic, minimal):
        assert values(parsed) == [("Acme Ltd", "seat_use", MARCH, 85)]
    assert {q.key for q in read_text("KPI,Value\nSeat use,85%\n").questions} == {"account", "period"}


def test_standard_workbook(tmp_path: Path, read_file: Any) -> None:
    path = write_workbook(
        tmp_path / "standard.xlsx",
        {
            "Account Info": [["Field", "Value"], ["Account Name", "Acme Ltd"], ["Reporting Period", "März 2026"]],
            "KPI Data": [
                STANDARD_HEAD,
                ["Product Usage KPI", "20%", "12 hours", "CRM", "First Response Time", "High"],
                [None, None, Shown(0.83, "0%"), "CRM", "Training Participation Rate", "High"],
                [None, None, "$2.5M", "CRM", "Customer Lifetime Value", "High"],
            ],
            "Summary": [["KPI", "Value"], ["Seat use", 99]],
        },
        merged={"KPI Data": ["A2:A4"]},
    )
    parsed = read_file(path)
    assert parsed.layout == "standard"
    assert [(c.code, c.stored, c.unit, c.cell_type, c.status) for c in parsed.cells] == [
        ("first_response_time", 12, "h", "text", "import"),
        ("training_participation", 83, "%", "percent", "import"),
        (parsed.cells[2].code, 2_500_000, "USD", "text", "template_only"),
    ]
    assert {cell.period for cell in parsed.cells} == {MARCH}
    assert parsed.cells[1].conversion == "0.83 × 100 = 83 %"
    assert parsed.cells[1].number_format == "0%"
    assert parsed.issues == ()


def test_simple_workbook_finds_account_and_month_in_its_titles(tmp_path: Path, read_file: Any) -> None:
    rows = [["KPI status: Acme Ltd"], ["As of 2026-03"], [], ["KPI Name", "Value", "Category", "Unit"], ["NPS", 40],
            ["Time to resolution", "2 days", None, "h"], [], ["Note: draft"], ["Prepared for", 3]]  # fmt: skip
    parsed = read_file(write_workbook(tmp_path / "simple.xlsx", {"KPIs": rows}))
    assert parsed.layout == "simple"
    assert values(parsed) == [
        ("Acme Ltd", "relationship_nps", MARCH, 40),
        ("Acme Ltd", "resolution_time", MARCH, 48),
    ]
    assert parsed.cells[1].conversion == "the unit column says h; 2 days × 24 = 48 h"
    assert parsed.sheets[0].skipped == ('row 8: "Note: draft"', 'row 9: "Prepared for"')


def test_matrix_with_every_kind_of_month(tmp_path: Path, read_file: Any) -> None:
    head = [
        "KPI",
        "Unit",
        "2026-03",
        "Apr 2026",
        "May '26",
        Shown(dt.date(2026, 6, 1), "mmm yyyy"),
        "07/2026",
        "YTD avg",
    ]
    rows = [["Account", "Acme Ltd"], [], head, ["Seat use", "%", Shown(0.8, "0%"), 81, "82 %", "83", None, 81.5]]
    parsed = read_file(write_workbook(tmp_path / "matrix.xlsx", {"Any name": rows}))
    assert parsed.layout == "matrix"
    assert [(cell.period.month, cell.stored) for cell in parsed.cells] == [(3, 80), (4, 81), (5, 82), (6, 83)]
    assert [(i.kind, i.address, i.holds, len(i.held)) for i in parsed.issues] == [
        ("bad_period", "H3", "column", 1),
        ("missing_value", "G4", "cell", 1),
    ]


def test_matrix_sheet_named_like_the_account_and_one_with_an_account_column(tmp_path: Path, read_file: Any) -> None:
    sheets = {
        "Acme Ltd": [["KPI", "2026-03", "2026-04"], ["NPS", 40, 41]],
        "All": [["Account", "KPI", "2026-03", "2026-04"], ["ACME Limited", "NPS", 50, 51]],
    }
    parsed = read_file(write_workbook(tmp_path / "matrix.xlsx", sheets))
    assert values(parsed) == [
        ("Acme Ltd", "relationship_nps", MARCH, 40),
        ("Acme Ltd", "relationship_nps", APRIL, 41),
        ("ACME Limited", "relationship_nps", MARCH, 50),
        ("ACME Limited", "relationship_nps", APRIL, 51),
    ]


def test_two_columns_of_one_month_collapse_where_they_agree(tmp_path: Path, read_file: Any) -> None:
    rows = [["KPI", "2026-03", "Mar 26"], ["NPS", 40, 40], ["Seat use", 81, "82%"], ["CSM pulse", None, 4]]
    parsed = read_file(write_workbook(tmp_path / "matrix.xlsx", {"Acme Ltd": rows}))
    assert [(cell.address, cell.stored) for cell in parsed.cells] == [("B2", 40), ("B3", 81), ("C4", 4)]
    assert [(i.kind, i.address, i.other) for i in parsed.issues if not i.blank] == [("duplicate_key", "C3", "B3")]
    assert [(n.kind, n.addresses) for n in parsed.notices] == [("duplicate_column", ("B1", "C1"))]


def test_merged_names_fill_down_and_merged_values_do_not(tmp_path: Path, read_file: Any) -> None:
    rows = [["Account", "KPI", "Month", "Value"], ["Acme Ltd", "NPS", "2026-03", 40],
            [None, "Seat use", "2026-03", 80], [None, "CSM pulse", "2026-03", None]]  # fmt: skip
    merged = {"Data": ["A2:A4", "D3:D4"]}
    parsed = read_file(write_workbook(tmp_path / "merged.xlsx", {"Data": rows}, merged=merged))
    assert [(cell.account, cell.stored) for cell in parsed.cells] == [("Acme Ltd", 40), ("Acme Ltd", 80)]
    assert [(issue.kind, issue.address) for issue in parsed.issues] == [("merged_value", "D4")]
    assert "D3" in parsed.issues[0].rule


def test_hidden_rows_and_sheets_are_read_and_said(tmp_path: Path, read_file: Any) -> None:
    sheets = {"Acme Ltd": [["KPI", "2026-03", "2026-04"], ["NPS", 40, 41]], "Lists": [["Units"], ["%"]]}
    path = write_workbook(tmp_path / "hidden.xlsx", sheets, hidden_rows={"Acme Ltd": [2]}, hidden_sheets=["Lists"])
    parsed = read_file(path)
    assert len(parsed.cells) == 2
    assert {(n.kind, n.sheet, n.row) for n in parsed.notices} == {
        ("hidden_sheet", "Lists", 0),
        ("hidden_row", "Acme Ltd", 2),
    }


def test_formulas_give_their_stored_result_or_an_issue(tmp_path: Path, read_file: Any) -> None:
    rows = [["KPI", "2026-03", "2026-04", "2026-05"],
            ["NPS", Formula("=20+20", 40), Formula("=20+21"), Formula("=1/0", "#DIV/0!")]]  # fmt: skip
    parsed = read_file(write_workbook(tmp_path / "formula.xlsx", {"Acme Ltd": rows}))
    assert [(cell.stored, cell.cell_type) for cell in parsed.cells] == [(40, "formula")]
    assert [(i.kind, i.address, i.raw) for i in parsed.issues] == [
        ("no_cached_value", "C2", "=20+21"),
        ("not_a_number", "D2", "#DIV/0!"),
    ]
    assert [(n.kind, n.address) for n in parsed.notices] == [("cached_formula_used", "B2")]


def test_a_second_table_on_a_sheet_is_not_read_as_if_it_were_of_the_first_account(
    tmp_path: Path, read_file: Any
) -> None:
    rows = [["Account", "Acme Ltd"], ["KPI", "2026-03", "2026-04"], ["NPS", 40, 41], [],
            ["Account", "ACME Limited"], ["KPI", "2026-03", "2026-04"], ["NPS", 50, 51]]  # fmt: skip
    parsed = read_file(write_workbook(tmp_path / "stacked.xlsx", {"Both": rows}))
    assert [cell.stored for cell in parsed.cells] == [40, 41]
    assert [(issue.kind, issue.row) for issue in parsed.issues] == [("second_table", 5)]


def test_a_column_without_a_heading_is_said(tmp_path: Path, read_file: Any) -> None:
    rows = [["KPI", "2026-03", None], ["NPS", 40, 41]]
    parsed = read_file(write_workbook(tmp_path / "unnamed.xlsx", {"Acme Ltd": rows}))
    assert [(n.kind, n.address) for n in parsed.notices] == [("unnamed_column", "C2")]


def test_a_column_can_be_left_out_by_an_answer(read_text: Any) -> None:
    text = "Account Name,NPS,Region\nAcme Ltd,40,West\n"
    assert [i.kind for i in read_text(text, period="2026-03").issues] == ["unknown_kpi"]
    assert read_text(text, **{"period": "2026-03", "role__!C": "ignored"}).issues == ()


def test_a_file_without_a_table_is_refused_in_words(read_text: Any, tmp_path: Path, read_file: Any) -> None:
    with pytest.raises(FileRefused, match="No table of KPI values") as caught:
        read_text("hello,world\n1,2\n")
    assert caught.value.kind == "no_table"
    with pytest.raises(FileRefused, match="Sheet one"):
        read_file(write_workbook(tmp_path / "none.xlsx", {"Sheet one": [["hello"]]}))


@pytest.mark.parametrize("shape", ["prefixed", "without references", "spread over lines"])
def test_percent_formats_and_formulas_are_found_however_the_xml_is_written(
    shape: str, tmp_path: Path, read_file: Any
) -> None:
    rows = [["KPI", "2026-03", "2026-04"], ["SLA attainment", Shown(0.85, "0%"), Formula("=1+1")]]
    path = write_workbook(tmp_path / "book.xlsx", {"Acme Ltd": rows})
    rewrite_sheet(path, shape)
    parsed = read_file(path)
    assert [(cell.address, cell.stored) for cell in parsed.cells] == [("B2", 85)]
    assert [(issue.kind, issue.address) for issue in parsed.issues] == [("no_cached_value", "C2")]


def test_a_sheet_in_utf_16_is_refused_rather_than_read_in_part(tmp_path: Path, read_file: Any) -> None:
    path = write_workbook(
        tmp_path / "book.xlsx", {"Acme Ltd": [["KPI", "2026-03"], ["SLA attainment", Shown(0.85, "0%")]]}
    )
    rewrite_sheet(path, "utf-16")
    with pytest.raises(FileRefused):
        read_file(path)


def rewrite_sheet(path: Path, shape: str) -> None:
    """The same sheet, as another program might have written it."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    sheet = parts["xl/worksheets/sheet1.xml"].decode()
    if shape == "prefixed":
        sheet = re.sub(r"<(/?)([a-z])", r"<\1x:\2", sheet).replace("xmlns=", "xmlns:x=")
    elif shape == "without references":
        sheet = re.sub(r'(<(?:c|row)) r="[A-Z]*\d+"', r"\1", sheet)
    elif shape == "spread over lines":
        sheet = sheet.replace("><", ">\n  <").replace(' s="', '\n s = "')
    data = (
        sheet.replace('encoding="UTF-8"', 'encoding="UTF-16"').encode("utf-16") if shape == "utf-16" else sheet.encode()
    )
    parts["xl/worksheets/sheet1.xml"] = data
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
