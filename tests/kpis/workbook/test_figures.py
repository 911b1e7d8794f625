"""Numbers, units and months as people write them."""

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpis.workbook.figures import is_missing, parse_figure
from kpis.workbook.periods import looks_like_date, month_in_text, parse_month, sensible
from kpis.workbook.units import NoConversion, convert, plain, unit_named


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("85 %", 85, "%"),
        ("85%", 85, "%"),
        ("85,3 %", "85.3", "%"),
        ("12 hours", 12, "h"),
        ("4 weeks", 4, "weeks"),
        ("45 days", 45, "days"),
        ("90 Minuten", 90, "min"),
        ("4.1/5", "4.1", "/5"),
        ("4,1 von 5", "4.1", "/5"),
        ("5.8 / 7", "5.8", "/7"),
        ("$2.5M", 2_500_000, "USD"),
        ("-$110K", -110_000, "USD"),
        ("$27.36", "27.36", "USD"),
        ("2.7M", 2_700_000, ""),
        ("12,50 €", "12.5", "EUR"),
        ("EUR 5", 5, "EUR"),
        ("2,5 Mio. EUR", 2_500_000, "EUR"),
        ("1.918,5", "1918.5", ""),
        ("1,918.5", "1918.5", ""),
        ("1.234.567", 1_234_567, ""),
        ("1 234,5", "1234.5", ""),
        ("1'234.50", "1234.5", ""),
        ("(1,200.50)", "-1200.5", ""),
        ("−5", -5, ""),
        ("+5", 5, ""),
        (".5", "0.5", ""),
        ("1.5E+03", 1500, ""),
        ("3x", 3, "x"),
        ("30 tickets", 30, "count"),
    ],
)  # fmt: skip
def test_a_text_with_one_reading(text: str, value: object, unit: str) -> None:
    figure = parse_figure(text)
    assert figure is not None
    assert (figure.value, figure.unit, figure.grouped) == (Decimal(str(value)), unit, None)


@pytest.mark.parametrize(("text", "decimal", "grouped"), [("1.234", "1.234", 1234), ("12,500 €", "12.5", 12_500)])
def test_a_text_with_two_readings(text: str, decimal: str, grouped: int) -> None:
    figure = parse_figure(text)
    assert figure is not None
    assert (figure.value, figure.grouped, figure.proof) == (Decimal(decimal), grouped, "")


@pytest.mark.parametrize(
    "text",
    [
     "7,5,3", "12..4", "8O.5", "about 80", "4/high", "n.v.?", "=1+1", "\t=2+3", "+1+1", "5m", "2.5m", "5.", "--5",
     "1２", "٣", "10-20", "80 apples", "USD 5 EUR", "1e999", "$5 days", "5 5", "1" * 19, "9" * 500],
)  # fmt: skip
def test_what_is_not_a_number(text: str) -> None:
    assert parse_figure(text) is None


@pytest.mark.parametrize("text", ["", "  ", "-", "–", "N/A", "n/a", "TBD", "None", "k.A.", "not available"])
def test_missing_is_neither_zero_nor_a_number(text: str) -> None:
    assert is_missing(text)
    assert parse_figure(text) is None


@given(st.decimals(min_value=-(10**11), max_value=10**11, places=4), st.sampled_from([".", ","]))
def test_a_number_written_with_groups_and_four_decimals_comes_back(number: Decimal, sign: str) -> None:
    text = f"{number:,.4f}"
    if sign == ",":
        text = text.translate(str.maketrans(",.", ".,"))
    figure = parse_figure(text)
    assert figure is not None
    assert (figure.value, figure.grouped, figure.proof) == (number, None, sign)


@given(st.text(max_size=30))
def test_any_text_is_a_number_or_not_but_no_error(text: str) -> None:
    parse_figure(text)
    parse_month(text)
    month_in_text(text)
    looks_like_date(text)
    unit_named(text)


@pytest.mark.parametrize(
    "text",
    ["2026-03", "2026/03", "03.2026", "3/2026", "Mar 2026", "Mar-26", "Mar '26", "March 2026", "März 2026", "Mär 26",
     "mars 2026", "2026 March", "202603", "2026-03-17", "17.03.2026", "17/03/2026", "3/17/2026", "17. März 2026",
     "2026-03-01 00:00:00", dt.date(2026, 3, 9), dt.datetime(2026, 3, 9, 12, 0), 202603.0],
)  # fmt: skip
def test_months_in_every_form(text: object) -> None:
    assert parse_month(text) == dt.date(2026, 3, 1)


@pytest.mark.parametrize(
    "text",
    ["13-2026", "0000-00", "2026/00", "31.02.2026", "Sept", "FY?", "last month", "Q1 2026", "YTD avg", "01/02/2026", "",
     "May", None, True, 46000.0, float("nan")],
)  # fmt: skip
def test_what_is_not_a_month(text: object) -> None:
    assert parse_month(text) is None


def test_months_before_2000_and_far_ahead_are_not_sensible() -> None:
    today = dt.date(2026, 11, 20)
    months = [
        dt.date(1999, 12, 1),
        dt.date(2000, 1, 1),
        dt.date(2027, 11, 1),
        dt.date(2027, 12, 1),
        dt.date(2062, 4, 1),
    ]
    assert [sensible(month, today) for month in months] == [False, True, True, False, False]


@pytest.mark.parametrize(
    ("value", "unit", "kpi_unit", "result", "text"),
    [
        (4, "weeks", "days", 28, "4 weeks × 7 = 28 days"),
        (4, "days", "h", 96, "4 days × 24 = 96 h"),
        (90, "min", "h", "1.5", "90 min ÷ 60 = 1.5 h"),
        (90, "min", "working h", "1.5", "90 min ÷ 60 = 1.5 working h"),
        (7, "h", "working h", 7, ""),
        (85, "%", "0-100", 85, ""),
        (110, "%", "ratio", "1.1", "110 % ÷ 100 = 1.1"),
        (4, "/5", "1-5", 4, ""),
        (3, "", "days", 3, ""),
        (5, "EUR", "", 5, ""),
    ],
)  # fmt: skip
def test_conversions_say_how(value: int, unit: str, kpi_unit: str, result: object, text: str) -> None:
    assert convert(Decimal(value), unit, kpi_unit) == (Decimal(str(result)), text)


@pytest.mark.parametrize(
    ("unit", "kpi_unit"),
    [("days", "working h"), ("/10", "1-5"), ("%", "days"), ("months", "days"), ("x", "%"), ("%", "-100..100"),
     ("USD", "%")],
)  # fmt: skip
def test_what_has_no_exact_conversion_is_refused(unit: str, kpi_unit: str) -> None:
    with pytest.raises(NoConversion):
        convert(Decimal(3), unit, kpi_unit)


def test_plain_numbers() -> None:
    assert [plain(Decimal(text)) for text in ("85.00", "1E+3", "0.1234567", "-0.5")] == [
        "85",
        "1000",
        "0.123457",
        "-0.5",
    ]
