"""A file of accounts as rows of fields: what titles mean, what figures and dates are without doubt."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from accounts import columns
from accounts.columns import Column, NotASheet
from accounts.models import Account
from core.money import CURRENCIES


def read(text: str, chosen: dict[int, str] | None = None) -> columns.Sheet:
    return columns.read(columns.lines_of(text), chosen)


def test_titles_say_what_the_columns_are() -> None:
    sheet = read("Customer Name;Account-ID;CSM e-mail;ARR;Renewal date;Note\nAlpha;A1;a@b.c;1200;2027-01-31;x\n")
    assert sheet.columns == [
        Column("Customer Name", "name"),
        Column("Account-ID", "key"),
        Column("CSM e-mail", ""),
        Column("ARR", "arr"),
        Column("Renewal date", "renewal_on"),
        Column("Note", ""),
    ]
    assert sheet.rows == [
        (2, {"name": "Alpha", "key": "A1", "arr": Decimal("1200.00"), "renewal_on": date(2027, 1, 31)})
    ]
    assert sheet.problems == []


def test_revenue_of_the_customer_is_not_our_recurring_revenue() -> None:
    sheet = read("account,revenue,annual revenue,year_established\nAlpha,1100.04,5,1996\n")
    assert [column.field for column in sheet.columns] == ["name", "", "", ""]


def test_of_two_columns_that_say_the_same_the_first_is_taken() -> None:
    sheet = read("name,company\nAlpha,Beta\n")
    assert [column.field for column in sheet.columns] == ["name", ""]
    assert sheet.rows == [(2, {"name": "Alpha"})]


def test_a_person_overrules_the_titles() -> None:
    sheet = read("firm,name\nAlpha,Ann\n", {0: "name", 1: ""})
    assert [column.field for column in sheet.columns] == ["name", ""]
    assert sheet.rows == [(2, {"name": "Alpha"})]


def test_the_same_field_twice_is_refused() -> None:
    with pytest.raises(NotASheet, match="^Two columns were chosen as “Name”. Choose one of them.$"):
        read("a,b\n1,2\n", {0: "name", 1: "name"})


def test_tabs_of_the_clipboard_and_quoted_commas() -> None:
    assert read("name\tarr\nAlpha, Inc.\t300k\n").rows == [(2, {"name": "Alpha, Inc.", "arr": Decimal("300000.00")})]
    assert read('name,region\n"Alpha, Inc.",EMEA\n').rows == [(2, {"name": "Alpha, Inc.", "region": "EMEA"})]


def test_line_numbers_are_those_of_the_file() -> None:
    sheet = read("name,stage\n\nAlpha,value\n\n,value\nBeta,flying\n")
    assert sheet.rows == [(3, {"name": "Alpha", "stage": "value"})]
    assert sheet.problems == [
        (5, "This row names no account."),
        (6, "stage: “flying” is no stage. Use one of: onboarding, adoption, value, renewal, churned."),
    ]


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("1200", "1200.00"),
        ("€1,250,000.50", "1250000.50"),
        ("1.250.000,50", "1250000.50"),
        ("1.250", "1250.00"),
        ("12,5", "12.50"),
        ("EUR 1 250 000", "1250000.00"),
        ("1'250'000.00", "1250000.00"),
        ("2.5M", "2500000.00"),
        ("300k", "300000.00"),
        ("0.125", "0.13"),
        ("1234.5678", "1234.57"),
        ("120 USD", "120.00"),
    ],
)
def test_amounts(text: str, amount: str) -> None:
    assert read(f"name\tarr\nAlpha\t{text}\n").rows == [(2, {"name": "Alpha", "arr": Decimal(amount)})]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("lots", "arr: “lots” is not an amount."),
        ("-5", "arr: “-5” is not an amount."),
        ("1.2.3", "arr: “1.2.3” is not an amount."),
        ("1,23,456", "arr: “1,23,456” is not an amount."),
        ("1,250k", "arr: “1,250k” can mean two amounts. Write it in full."),
        ("9999999999999", "arr: “9999999999999” is not an amount of money."),
        ("N/A", "arr: “N/A” is not an amount."),
    ],
)
def test_what_is_not_an_amount_is_a_problem_of_its_row(text: str, why: str) -> None:
    sheet = read(f"name\tarr\nAlpha\t{text}\n")
    assert (sheet.rows, sheet.problems) == ([], [(2, why)])


@pytest.mark.parametrize("text", ["2027-01-31", "31.01.2027", "31 Jan 2027", "31 January 2027", "2027/01/31"])
def test_days(text: str) -> None:
    assert read(f"name,renewal\nAlpha,{text}\n").rows == [(2, {"name": "Alpha", "renewal_on": date(2027, 1, 31)})]


@pytest.mark.parametrize("text", ["01/02/2027", "31/01/2027", "soon", "46053", "2027-02-30"])
def test_a_day_in_doubt_is_not_guessed(text: str) -> None:
    why = f"renewal: “{text}” is not a date without doubt. Write it as 2026-11-20."
    assert read(f"name,renewal\nAlpha,{text}\n").problems == [(2, why)]


def test_typed_cells_have_no_doubt() -> None:
    cells: list[columns.Line] = [
        (1, ["name", "key", "arr", "renewal"]),
        (2, ["Alpha", Decimal("1001.0"), Decimal("1234.567"), date(2027, 1, 31)]),
        (3, [Decimal("7"), "", date(2027, 1, 31), ""]),
    ]
    sheet = columns.read(iter(cells))
    alpha = {"name": "Alpha", "key": "1001", "arr": Decimal("1234.57"), "renewal_on": date(2027, 1, 31)}
    assert sheet.rows == [(2, alpha)]
    assert sheet.problems == [(3, "arr: a date, where an amount was expected.")]


def test_what_does_not_fit_the_table_is_refused_here() -> None:
    long = "x" * 41
    assert read(f"name,tier\nAlpha,{long}\n").problems == [(2, f"tier: “{'x' * 40}…” is longer than 40 characters.")]
    assert read(f"name\n{'y' * 201}\n").problems == [(2, f"name: “{'y' * 40}…” is longer than 200 characters.")]
    assert read("name,currency\nAlpha,XXX\n").problems == [
        (2, f"currency: “XXX” is no currency we keep. Use one of: {', '.join(CURRENCIES)}.")
    ]


def test_lengths_and_stages_are_those_of_the_table() -> None:
    fields = {field.name: field.max_length for field in Account._meta.fields if field.name in columns.LONGEST}
    assert fields == columns.LONGEST
    assert list(columns.STAGES) == Account.Stage.values


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "There is nothing in it. The first row must name the columns, for example: name, arr, region."),
        (" \n \n", "There is nothing in it. The first row must name the columns, for example: name, arr, region."),
        ("city,size\nRome,3\n", "No column holds the account's name. The first row says: city, size."),
    ],
)
def test_what_is_no_table_of_accounts(text: str, why: str) -> None:
    with pytest.raises(NotASheet) as refused:
        read(text)
    assert str(refused.value) == why


def test_more_rows_than_a_file_may_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columns, "MOST_ROWS", 2)
    assert len(read("name\na\nb\n").rows) == 2
    with pytest.raises(NotASheet, match="^One file may hold 2 accounts. Split this one.$"):
        read("name\na\nb\nc\n")


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("name\nMüller".encode(), "name\nMüller"),
        ("\ufeffname\nMüller".encode(), "name\nMüller"),
        ("name\nMüller".encode("utf-16"), "name\nMüller"),
        ("name\nMüller".encode("cp1252"), "name\nMüller"),
    ],
)
def test_encodings(data: bytes, text: str) -> None:
    assert columns.decode(data) == text


@pytest.mark.parametrize("data", [b"%PDF-1.7", b"name\n\x00\x01"])
def test_binary_files_are_named_as_what_they_are(data: bytes) -> None:
    with pytest.raises(NotASheet, match="^This is not a text file."):
        columns.lines_in(data)


@pytest.mark.parametrize(
    ("name", "rows", "fields"),
    [
        ("kpi_workbooks/accounts.csv", 1000, ["key", "name"]),
        ("maven_crm/accounts.csv", 85, ["name", "industry", "", "", "", "region", "parent"]),
    ],
)
def test_real_files(name: str, rows: int, fields: list[str], shared_data: Path) -> None:
    sheet = columns.read(columns.lines_in((shared_data / name).read_bytes()))
    assert (len(sheet.rows), sheet.problems, [column.field for column in sheet.columns]) == (rows, [], fields)


def _workbook(rows: list[list[Any]], *, hidden_first: bool = False) -> bytes:
    from io import BytesIO

    from xlsxwriter import Workbook

    out = BytesIO()
    book = Workbook(out, {"default_date_format": "yyyy-mm-dd"})
    if hidden_first:
        notes = book.add_worksheet("Notes")
        notes.write_row(0, 0, ["name"])
        notes.hide()
    sheet = book.add_worksheet("Accounts")
    sheet.activate()
    sheet.set_first_sheet()
    for number, row in enumerate(rows):
        for place, cell in enumerate(row):
            sheet.write(number, place, cell)
    book.close()
    return out.getvalue()


def test_excel_files_come_through_the_reader_of_the_floor_above() -> None:
    data = _workbook(
        [
            ["Customer", "Account ID", "ARR", "Renewal"],
            ["Alpha", 1001, 1234.5, date(2027, 1, 31)],
            [],
            ["Beta", "", "x"],
        ],
        hidden_first=True,
    )
    sheet = columns.read(columns.lines_in(data))
    fields = {"name": "Alpha", "key": "1001", "arr": Decimal("1234.50"), "renewal_on": date(2027, 1, 31)}
    assert sheet.rows == [(2, fields)]
    assert sheet.problems == [(4, "ARR: “x” is not an amount.")]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("encrypted.xlsx", "The workbook is protected by a password. Remove it in Excel and upload again."),
        ("macro.xlsm", "The workbook contains macros. Save it as .xlsx, without macros, and upload that."),
        ("empty.xlsx", "The file is empty: it has no filled cell."),
    ],
)
def test_hostile_workbooks_are_refused_with_words(name: str, why: str, shared_data: Path) -> None:
    with pytest.raises(NotASheet) as refused:
        columns.read(columns.lines_in((shared_data / "kpi_workbooks/hostile" / name).read_bytes()))
    assert str(refused.value) == why
