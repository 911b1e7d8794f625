"""What the language takes, what it gives, and what it refuses with which words at which place."""

from datetime import date
from decimal import Decimal

import pytest

from kpis.formula import FormulaError, Row, Unknown, affected, circle, evaluate, in_order, place, understand
from tests.kpis.formula.vocabulary import NAMES


def row(month_end: date = date(2026, 11, 30), fields: dict[str, object] | None = None, **kpis: object) -> Row:
    """KPIs by code; `seat_use=[80, 70]` is this month and the one before."""
    values = {}
    for code, given in kpis.items():
        for back, value in enumerate(given if isinstance(given, list) else [given]):
            values[code, back] = None if value is None else Decimal(str(value))
    return Row(values, fields or {}, month_end)  # type: ignore[arg-type]


def value(text: str, unit: str = "", **kpis: object) -> Decimal | Unknown:
    fields = kpis.pop("fields", None)
    return evaluate(understand(text, NAMES, unit=unit).node, row(fields=fields, **kpis))  # type: ignore[arg-type]


def problem(text: str, unit: str = "") -> tuple[str, str, tuple[str, ...]]:
    """The first problem: its sentence, the part of the text it points at, and the suggestions."""
    with pytest.raises(FormulaError) as refused:
        understand(text, NAMES, unit=unit)
    first = refused.value.problems[0]
    return first.message, text[first.span.start : first.span.end], first.suggestions


@pytest.mark.parametrize(
    ("text", "given", "expected"),
    [
        ("seat_use * 0.6 + feature_breadth * 0.4", {"seat_use": 80, "feature_breadth": 50}, "68"),
        ("2 + 3 * seat_use", {"seat_use": 4}, "14"),
        ("(2 + 3) * seat_use", {"seat_use": 4}, "20"),
        ("seat_use - 10 - 5", {"seat_use": 80}, "65"),
        ("-seat_use", {"seat_use": 80}, "-80"),
        ("seat_use * feature_breadth", {"seat_use": 50, "feature_breadth": 50}, "25"),
        ("seat_use / feature_breadth", {"seat_use": 50, "feature_breadth": 40}, "1.25"),
        ("severe_incidents * 50 %", {"severe_incidents": 3}, "1.5"),
        ("if(seat_use < 50 %, 1, 0)", {"seat_use": "49.99"}, "1"),
        ("if(not seat_use < 50 and stickiness > 20, 1, 0)", {"seat_use": 60, "stickiness": 25}, "1"),
        ("coalesce(seat_use, 10)", {"seat_use": None}, "10"),
        ("min(seat_use, stickiness, 30)", {"seat_use": 40, "stickiness": 35}, "30"),
        ("max(seat_use, stickiness)", {"seat_use": 40, "stickiness": 35}, "40"),
        ("abs(seat_use - stickiness)", {"seat_use": 10, "stickiness": 35}, "25"),
        ("round(seat_use / 3, 2)", {"seat_use": 10}, "3.33"),
        ("round(seat_use / 4)", {"seat_use": 10}, "3"),
        ("mean(seat_use, 3)", {"seat_use": [90, 60, 30]}, "60"),
        ("sum(severe_incidents, 2)", {"severe_incidents": [1, 2, 9]}, "3"),
        ("last(seat_use, 3)", {"seat_use": [None, None, 30]}, "30"),
        ("change(seat_use, 2)", {"seat_use": [90, 60, 30]}, "60"),
        ("before(seat_use, 1)", {"seat_use": [90, 60]}, "60"),
        ('"Seat use" + "stickiness dau/mau"', {"seat_use": 1, "stickiness": 2}, "3"),
        ("percent(severe_incidents / 4)", {"severe_incidents": 1}, "25"),
        ("waiting_time + first_response_time", {"waiting_time": 1, "first_response_time": 12}, "1.5"),
        ("first_response_time + waiting_time", {"waiting_time": 1, "first_response_time": 12}, "36"),
        ("waiting_time / first_response_time", {"waiting_time": 1, "first_response_time": 12}, "2"),
        ("if(first_response_time > 2 days, 1, 0)", {"first_response_time": 49}, "1"),
    ],
)
def test_what_a_formula_gives(text: str, given: dict[str, object], expected: str) -> None:
    assert value(text, **given) == Decimal(expected)


def test_fields_of_the_account() -> None:
    fields = {
        "arr": Decimal("120000.00"),
        "tier": "Enterprise",
        "customer_since": date(2026, 1, 1),
        "renewal_on": date(2026, 12, 10),
    }
    assert value("if(tier = 'Enterprise', 1, 0)", fields=fields) == 1
    assert value('if("Small" != tier, 1, 0)', fields=fields) == 1
    assert value("days_since(customer_since)", fields=fields) == 333
    assert value("days_until(renewal_on)", fields=fields) == 10
    assert value("days_between(customer_since, renewal_on)", fields=fields) == 343
    assert value("if(renewal_on > customer_since, 1, 0)", fields=fields) == 1
    assert value("number(arr) / 1000", fields=fields) == 120


def test_what_is_missing_stays_missing_and_says_so() -> None:
    assert value("seat_use + stickiness", seat_use=80, stickiness=None) == Unknown(
        "stickiness has no value in this month"
    )
    assert value("mean(seat_use, 2)", seat_use=[80, None]) == Unknown("seat_use has no value 1 month before")
    assert value("seat_use * 0", seat_use=None) == Unknown("seat_use has no value in this month")
    assert value("max(seat_use, 5)", seat_use=None) == Unknown("seat_use has no value in this month")
    assert value("days_since(customer_since)", fields={}) == Unknown("customer_since is not known")
    assert value("if(tier = 'A', 1, 0)", fields={"tier": ""}) == Unknown("tier is not known")


def test_only_what_could_change_the_answer_has_to_be_known() -> None:
    assert value("if(seat_use > 50, 1, stickiness)", seat_use=80, stickiness=None) == 1
    assert value("if(seat_use > 90 and stickiness > 1, 1, 0)", seat_use=80, stickiness=None) == 0
    assert value("if(seat_use > 50 or stickiness > 1, 1, 0)", seat_use=80, stickiness=None) == 1
    found = value("if(seat_use > 50 and stickiness > 1, 1, 0)", seat_use=80, stickiness=None)
    assert found == Unknown("stickiness has no value in this month")


def test_division_by_zero_is_unknown_with_its_reason_and_never_zero() -> None:
    assert value("seat_use / severe_incidents", seat_use=80, severe_incidents=0) == Unknown("it would divide by zero")
    assert value("coalesce(seat_use / severe_incidents, 5)", seat_use=80, severe_incidents=0) == 5


def test_a_result_too_large_for_a_value_is_unknown() -> None:
    found = value("number(seat_use) * number(seat_use)", seat_use="99999999999999")
    assert found == Unknown("the result is too large to be a value")


@pytest.mark.parametrize(
    ("text", "words", "at"),
    [
        ("", "Write a formula, for example seat_use * 0.5.", ""),
        ("seat_use +", "The formula ends too early: something must follow here.", "+"),
        ("(seat_use + 1", "A bracket is never closed: add a closing one.", "1"),
        ("seat_use + 1)", "This bracket closes nothing: take it out.", ")"),
        ("seat_use * 0,5", "A comma only separates what stands in brackets; write decimals with a point: 0.5.", ","),
        ("seat_use stickiness", "Two values stand side by side: put + - * or / before “stickiness”.", "stickiness"),
        ("seat_use ^ 2", "There are no powers: multiply the value with itself.", "^"),
        ("seat_use $ 2", "“$” has no meaning here: take it out.", "$"),
        ("tier = 'A", "This quotation mark is never closed: add a second '.", "'A"),
        ("if(1 < seat_use < 3, 1, 0)", "Compare two values at a time and join comparisons with and.", "<"),
        ("1 + 2", "It reads nothing: name a KPI or a field of the account.", "1 + 2"),
        ("round(seat_use, 7)", "Write a whole number from 0 to 6 here.", "7"),
        ("mean(seat_use, 13)", "Write a whole number from 1 to 12 here.", "13"),
        ("mean(arr, 3)", "A field of the account has no months; only KPIs have.", "arr"),
        ("mean(seat_use + 1, 3)", "mean(…) looks at the months of one KPI: write its code here.", "seat_use + 1"),
        ("min(seat_use)", "It is written min(a, b, …).", "min(seat_use"),
        (
            "seat_use > 3",
            "A number is needed here, and this is a condition; write if(…, 1, 0) to count it.",
            "seat_use > 3",
        ),
        ("seat_use + tier", "“+” needs numbers, and this is a word.", "tier"),
        (
            "renewal_on - customer_since",
            "“-” needs numbers, and this is a date. For dates there are days_since and days_between.",
            "renewal_on",
        ),
        ("if(tier > 'a', 1, 0)", "Words are equal or not: use = or !=.", ">"),
        ("logo_churn * 2", "Logo churn is a figure of the whole portfolio, not of one account.", "logo_churn"),
        ("min", "min is a function: write min(a, b, …).", "min"),
    ],
)
def test_what_is_refused(text: str, words: str, at: str) -> None:
    message, pointed, _ = problem(text)
    assert (message, pointed) == (words, at)


@pytest.mark.parametrize(
    ("text", "unit", "words", "at"),
    [
        (
            "waiting_time + reply_time",
            "",
            "“+” joins days and working h: days cannot be turned into working h exactly.",
            "+",
        ),
        ("licence_cost + cloud_cost", "", "“+” joins EUR and USD: EUR cannot be turned into USD exactly.", "+"),
        (
            "arr + licence_cost",
            "",
            "“+” joins money in the account's own currency and EUR: amounts of the account are in its own currency,"
            " which another unit cannot be held against.",
            "+",
        ),
        ("seat_use", "days", "This gives %, and the KPI is in days: % cannot be turned into days exactly.", "seat_use"),
        (
            "feature_depth",
            "%",
            "This gives a plain number, and the KPI is in %: a plain number is not %. Write percent(…) around a share.",
            "feature_depth",
        ),
        (
            "waiting_time * licence_cost",
            "",
            "Days times EUR has no unit; number(…) takes a unit away.",
            "waiting_time * licence_cost",
        ),
        (
            "ticket_rate / waiting_time",
            "",
            "A count divided by days has no unit here; number(…) takes a unit away.",
            "ticket_rate / waiting_time",
        ),
        (
            "relationship_nps + csm_pulse",
            "",
            "“+” joins -100..100 and 1-5: -100..100 and 1-5 are different scales.",
            "+",
        ),
        (
            "if(reply_time > 2 days, 1, 0)",
            "",
            "“>” joins working h and days: working h cannot be turned into days exactly.",
            ">",
        ),
    ],
)
def test_units_that_do_not_go_together(text: str, unit: str, words: str, at: str) -> None:
    message, pointed, _ = problem(text, unit)
    assert (message, pointed) == (words, at)


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("seat_use * 0.5 + stickiness", "%"),
        ("seat_use * feature_breadth", "%"),
        ("seat_use / stickiness", ""),
        ("arr / 12", "account currency"),
        ("arr * cost_to_serve", "account currency"),
        ("arr / arr", ""),
        ("licence_cost / ticket_rate", "EUR"),
        ("waiting_time + first_response_time", "days"),
        ("engagement_score + champion_status", "points"),
        ("if(seat_use > 50, 1, 0)", ""),
        ("days_since(customer_since)", "days"),
        ("change(seat_use, 1)", "%"),
    ],
)
def test_the_unit_of_the_result_is_inferred(text: str, unit: str) -> None:
    assert understand(text, NAMES).unit == unit


def test_a_result_is_turned_into_the_declared_unit_where_that_is_exact() -> None:
    assert value("first_response_time * 2", "days", first_response_time=12) == 1
    assert value("waiting_time", "h", waiting_time=2) == 48
    assert value("engagement_score", "0-100", engagement_score=70) == 70
    assert value("seat_use", "ratio", seat_use=70) == Decimal("0.7")


def test_unknown_names_come_with_suggestions() -> None:
    message, at, suggestions = problem("tiket_rate * 2")
    assert (message, at) == ("There is no KPI and no field called “tiket_rate”.", "tiket_rate")
    assert suggestions[0] == "ticket_rate"
    assert problem("avrage(seat_use, 3)")[0] == "There is no function called “avrage”."
    assert problem("maen(seat_use, 3)")[2] == ("mean",)
    assert problem("xyzzy")[2] == ()


def test_every_wrong_name_is_said_in_one_go_with_its_line() -> None:
    text = "seat_use\n  + no_such_thing\n  + nor_this"
    with pytest.raises(FormulaError) as refused:
        understand(text, NAMES)
    assert [place(text, one.span).line for one in refused.value.problems] == [2, 3]
    assert place(text, refused.value.problems[0].span).column == 5
    assert str(refused.value) == "Line 2, column 5: There is no KPI and no field called “no_such_thing”."


def test_long_and_deep_formulas_are_refused_not_run_into() -> None:
    assert problem("(" * 400 + "seat_use" + ")" * 399)[0] == "A bracket is never closed: add a closing one."
    assert problem("-" * 200 + "seat_use")[0].startswith("This is too long for one formula")
    assert problem("+".join(["seat_use"] * 100))[0].startswith("This is too long for one formula")
    assert problem("1" * 21 + " + seat_use")[0] == "Write a number with at most 20 digits."
    assert problem("seat_use" + " " * 2000)[0] == "A formula has at most 2000 characters."
    many = " + ".join(f"sum({code}, 12)" for code in ("seat_use", "stickiness", "feature_breadth", "reopen_rate"))
    assert problem(many)[0] == "It reads 48 months of values and may read 40: make a KPI of a part of it."


def test_an_outcome_goes_into_the_result() -> None:
    assert understand("account_net_retention - 100", NAMES).outcome_like
    assert understand("if(seat_use > 50, 1, account_expansion)", NAMES).outcome_like
    assert not understand("seat_use", NAMES).outcome_like


def test_what_it_reads() -> None:
    made = understand("mean(seat_use, 2) + if(tier = 'A', before(stickiness, 3), 0)", NAMES)
    assert made.readings == (("seat_use", 0), ("seat_use", 1), ("stickiness", 3))
    assert made.kpis == ("seat_use", "stickiness")
    assert (made.fields, made.months) == (("tier",), 3)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("seat_use * 0.6 + stickiness", "Seat use times 0.6 plus Stickiness DAU/MAU"),
        ("(seat_use + stickiness) * 2", "(Seat use plus Stickiness DAU/MAU) times 2"),
        ("seat_use - (stickiness - 1)", "Seat use minus (Stickiness DAU/MAU minus 1)"),
        (
            "if(tier = 'Enterprise' and seat_use >= 50 %, 1, 0)",
            "If Tier is “Enterprise” and Seat use is at least 50 %, then 1, otherwise 0",
        ),
        ("mean(seat_use, 3)", "The mean of Seat use over 3 months"),
        ("days_since(customer_since)", "Days since Customer since"),
    ],
)
def test_a_formula_reads_as_a_sentence(text: str, words: str) -> None:
    assert understand(text, NAMES).words == words


def test_circles_are_found_with_the_way_round() -> None:
    reads = {"a": ["b", "seat_use"], "b": ["c"], "c": ["a"], "d": ["a"]}
    assert circle("a", reads) == ["a", "b", "c", "a"]
    assert circle("d", reads) is None
    assert circle("e", {"e": ["e"]}) == ["e", "e"]


def test_formulas_are_computed_after_what_they_read() -> None:
    reads = {"total": ["share", "seat_use"], "share": ["base"], "base": ["stickiness"]}
    assert in_order(reads) == ["base", "share", "total"]
    assert affected(["stickiness"], reads) == {"base", "share", "total"}
    assert affected(["seat_use"], reads) == {"total"}
