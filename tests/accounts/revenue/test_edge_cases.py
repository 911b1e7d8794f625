"""Every edge case of the revenue rules, each with the rule it follows."""

from datetime import date
from decimal import Decimal

import pytest

from accounts.revenue import Kind, Line, Settings, ledger_of, monthly, standings
from accounts.revenue.rates import rates, totals

KNOWN = date(2026, 12, 31)


def day(text: str) -> date:
    return date.fromisoformat(text)


def line(mrr: int, start: str, end: str | None = None, customer: str = "A", **more: object) -> Line:
    return Line(customer, day(start), Decimal(mrr), "EUR", day(end) if end else None, **more)  # type: ignore[arg-type]


def moves(*lines: Line, settings: Settings | None = None, known: date = KNOWN) -> list[tuple[str, str, int]]:
    ledger = ledger_of(lines, known_on=known, settings=settings)
    return [(str(move.on), move.kind.value, int(move.amount)) for move in ledger.movements]


@pytest.mark.parametrize(
    ("amount", "billing", "discount", "mrr"),
    [
        ("1200", "year", "0", "100"),
        ("300", "quarter", "0", "100"),
        ("100", "month", "0.1", "90"),
        ("12", "week", "0", "52"),
        ("12", "day", "0", "365"),
        ("100", "year", "0", "8.333333"),
        ("3600", "three years", "0", "100"),
    ],
)
def test_mrr_of_an_amount(amount: str, billing: str, discount: str, mrr: str) -> None:
    assert monthly(Decimal(amount), billing, discount=Decimal(discount)) == Decimal(mrr)


def test_a_mid_period_upgrade_moves_at_its_day_at_the_full_new_rate() -> None:
    assert moves(line(100, "2026-01-01", "2026-03-14"), line(160, "2026-03-15")) == [
        ("2026-01-01", "new", 100), ("2026-03-15", "expansion", 60)
    ]  # fmt: skip


def test_a_second_subscription_is_expansion_and_one_of_two_cancelled_is_contraction() -> None:
    assert moves(line(100, "2026-01-01"), line(50, "2026-02-01", "2026-04-30")) == [
        ("2026-01-01", "new", 100), ("2026-02-01", "expansion", 50), ("2026-05-01", "contraction", -50)
    ]  # fmt: skip


def test_two_purchases_on_one_day_are_one_movement() -> None:
    assert moves(line(100, "2026-01-01"), line(50, "2026-01-01")) == [("2026-01-01", "new", 150)]


@pytest.mark.parametrize(
    ("back", "expected"),
    [
        ("2026-07-30", [("2026-01-01", "new", 100), ("2026-07-30", "expansion", 20)]),
        ("2026-07-31", [("2026-01-01", "new", 100), ("2026-07-31", "expansion", 20)]),
        (
            "2026-08-01",
            [("2026-01-01", "new", 100), ("2026-07-01", "churn", -100), ("2026-08-01", "reactivation", 120)],
        ),
    ],
)
def test_a_gap_of_thirty_days_is_a_late_renewal(back: str, expected: list[tuple[str, str, int]]) -> None:
    assert moves(line(100, "2026-01-01", "2026-06-30"), line(120, back)) == expected


def test_a_gap_that_is_still_open_is_churn_only_after_thirty_days() -> None:
    ended = line(100, "2026-01-01", "2026-06-30")
    assert moves(ended, known=day("2026-07-30")) == [("2026-01-01", "new", 100)]
    assert moves(ended, known=day("2026-07-31")) == [("2026-01-01", "new", 100), ("2026-07-01", "churn", -100)]


def test_sign_up_and_cancel_in_one_month_is_early_churn() -> None:
    ledger = ledger_of([line(100, "2026-03-02", "2026-03-20")], known_on=KNOWN)
    assert [(move.kind, move.early) for move in ledger.movements] == [(Kind.NEW, False), (Kind.CHURN, True)]
    assert standings(ledger, day("2026-02-28"), day("2026-03-31"), at_opening=_one, at_closing=_one) == []


def test_notice_counts_at_the_end_of_the_paid_term_or_at_the_request() -> None:
    told = line(100, "2026-01-01", "2026-09-30", cancelled_on=day("2026-06-15"))
    assert moves(told)[1:] == [("2026-10-01", "churn", -100)]
    assert moves(told, settings=Settings(churn_at="request"))[1:] == [("2026-06-15", "churn", -100)]


def test_an_unpaid_line_is_involuntary_churn_after_fourteen_days() -> None:
    ledger = ledger_of([line(100, "2026-01-01", unpaid_since=day("2026-05-01"))], known_on=KNOWN)
    last = ledger.movements[-1]
    assert (str(last.on), last.kind, last.involuntary) == ("2026-05-15", Kind.CHURN, True)
    assert ledger.balance("A", day("2026-05-14")) == 100


@pytest.mark.parametrize(
    ("until", "expected"),
    [("2026-08-30", []), ("2026-09-29", [("2026-09-29", "churn", -100), ("2026-09-30", "reactivation", 100)])],
)
def test_a_pause_at_zero_price_is_carried_for_ninety_days(until: str, expected: list[tuple[str, str, int]]) -> None:
    back = str(date.fromordinal(day(until).toordinal() + 1))
    found = moves(line(100, "2026-01-01", "2026-06-30"), line(0, "2026-07-01", until), line(100, back))
    assert found[1:] == expected


def test_a_pause_may_be_churn_at_once() -> None:
    lines = (line(100, "2026-01-01", "2026-06-30"), line(0, "2026-07-01", "2026-08-30"), line(100, "2026-08-31"))
    assert moves(*lines, settings=Settings(pause="churn"))[1:] == [
        ("2026-07-01", "churn", -100), ("2026-08-31", "reactivation", 100)
    ]  # fmt: skip


def test_yearly_to_monthly_at_the_same_run_rate_is_no_movement() -> None:
    yearly, each_month = monthly(Decimal(1200), "year"), monthly(Decimal(100), "month")
    assert yearly == each_month
    assert moves(line(100, "2026-01-01", "2026-06-30"), line(100, "2026-07-01")) == [("2026-01-01", "new", 100)]


def test_an_agreed_rise_is_uplift_and_nrr_is_shown_without_it() -> None:
    lines = (line(100, "2026-01-01", "2026-06-30"), line(130, "2026-07-01", uplift=Decimal(5)))
    assert moves(*lines)[1:] == [("2026-07-01", "expansion", 25), ("2026-07-01", "uplift", 5)]
    ledger = ledger_of(lines, known_on=KNOWN)
    opening, closing = day("2026-06-30"), day("2026-09-30")
    cohort = standings(ledger, opening, closing, at_opening=_one, at_closing=_one)
    found = rates(cohort, totals(ledger.between(opening, closing), _one))
    assert (found.nrr, found.nrr_without_uplift) == (Decimal("1.3"), Decimal("1.25"))


def test_churn_and_return_inside_the_period_is_in_the_cohort_at_its_closing() -> None:
    lines = (line(100, "2025-01-01", "2026-07-10"), line(80, "2026-09-01"))
    ledger = ledger_of(lines, known_on=KNOWN)
    (one,) = standings(ledger, day("2026-06-30"), day("2026-09-30"), at_opening=_one, at_closing=_one)
    assert (one.opening, one.closing, one.kept) == (100, 80, 80)


def test_who_was_gone_at_the_opening_and_returns_is_not_in_nrr() -> None:
    lines = (line(100, "2025-01-01", "2025-12-31"), line(80, "2026-08-01"), line(50, "2025-01-01", customer="B"))
    ledger = ledger_of(lines, known_on=KNOWN)
    opening, closing = day("2026-06-30"), day("2026-09-30")
    cohort = standings(ledger, opening, closing, at_opening=_one, at_closing=_one)
    found = rates(cohort, totals(ledger.between(opening, closing), _one))
    assert (found.customers, found.nrr) == (1, 1)


def test_a_merger_is_a_transfer_and_the_group_stands_as_one() -> None:
    lines = (
        line(100, "2025-01-01", "2026-07-31", customer="A", group="G"),
        line(60, "2025-01-01", "2026-07-31", customer="B", group="G"),
        line(160, "2026-08-01", customer="G", group="G"),
    )
    ledger = ledger_of(lines, known_on=KNOWN)
    inside = ledger.between(day("2026-06-30"), day("2026-09-30"))
    assert {move.kind for move in inside} == {Kind.TRANSFER}
    assert sum(move.amount for move in inside) == 0
    (one,) = standings(ledger, day("2026-06-30"), day("2026-09-30"), at_opening=_one, at_closing=_one)
    assert (one.opening, one.closing) == (160, 160)


def test_a_backdated_correction_restates_the_past() -> None:
    before = ledger_of([line(100, "2026-01-01")], known_on=KNOWN)
    after = ledger_of([line(120, "2026-01-01")], known_on=KNOWN)
    assert (before.balance("A", day("2026-03-01")), after.balance("A", day("2026-03-01"))) == (100, 120)


def test_one_customer_has_one_currency() -> None:
    other = Line("A", day("2026-02-01"), Decimal(50), "USD")
    with pytest.raises(ValueError, match="EUR and USD"):
        ledger_of([line(100, "2026-01-01"), other], known_on=KNOWN)


def _one(currency: str) -> Decimal:
    return Decimal(1)
