"""The quarter that reads 61 % to 101 %, and the identity that holds in any period."""

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from accounts.revenue import Kind, Line, conventions, differences, ledger_of, rates, standings
from accounts.revenue.rates import totals

OPENING, CLOSING = date(2026, 6, 30), date(2026, 9, 30)


def opening_rate(currency: str) -> Decimal:
    return {"USD": Decimal(1), "EUR": Decimal("1.10")}[currency]


def closing_rate(currency: str) -> Decimal:
    return {"USD": Decimal(1), "EUR": Decimal("1.05")}[currency]


def line(customer: str, mrr: int, start: str, end: str | None = None, currency: str = "USD") -> Line:
    return Line(customer, date.fromisoformat(start), Decimal(mrr), currency, date.fromisoformat(end) if end else None)


QUARTER = [
    line("A", 1000, "2025-01-01", "2026-07-14"),
    line("A", 1500, "2026-07-15", "2026-08-31"), line("A", 1200, "2026-09-01"),
    line("B", 800, "2025-03-01", "2026-07-10"), line("B", 900, "2026-09-05"),
    line("C", 500, "2025-03-01", "2026-08-15"),
    line("D", 1000, "2025-01-01", currency="EUR"),
    line("E", 600, "2025-05-01", "2026-07-31"), line("E", 450, "2026-08-01"),
    line("F", 300, "2025-01-01", "2025-12-31"), line("F", 700, "2026-08-20"),
    line("G", 400, "2026-08-01"),
    line("H", 300, "2026-07-05", "2026-08-20"),
]  # fmt: skip


def test_the_quarter_of_the_reference() -> None:
    ledger = ledger_of(QUARTER, known_on=date(2026, 12, 31))
    moves = ledger.between(OPENING, CLOSING)
    sums = totals(moves, opening_rate)
    assert {kind: amount for kind, amount in sums.items() if amount} == {
        Kind.NEW: 700, Kind.REACTIVATION: 1600, Kind.EXPANSION: 500, Kind.CONTRACTION: -450, Kind.CHURN: -1600,
    }  # fmt: skip
    cohort = standings(ledger, OPENING, CLOSING, at_opening=opening_rate, at_closing=closing_rate)
    found = rates(cohort, sums)
    assert found.opening == 4000
    assert sum(one.closing for one in cohort) == 4750
    assert sum(one.closing_reported for one in cohort) == 4700
    assert (found.nrr, found.grr, found.logo_churn) == (Decimal("0.9125"), Decimal("0.8375"), Decimal("0.2"))
    assert found.nrr == 1 + found.expansion - found.contraction - found.churn
    assert found.grr == 1 - found.contraction - found.churn


def test_six_conventions_and_every_gap_by_customer() -> None:
    ledger = ledger_of(QUARTER, known_on=date(2026, 12, 31))
    cohort = standings(ledger, OPENING, CLOSING, at_opening=opening_rate, at_closing=closing_rate)
    readings = conventions(cohort, ledger.between(OPENING, CLOSING), opening_rate, ledger.groups)
    assert {one.convention.code: one.value for one in readings} == {
        "nrr-cohort": Decimal("0.9125"),
        "nrr-reported": Decimal("0.9"),
        "nrr-net-churn": Decimal("1.0125"),
        "nrr-churn-expansion": Decimal("0.725"),
        "nrr-events": Decimal("0.6125"),
        "grr-cohort": Decimal("0.8375"),
        "grr-events": Decimal("0.4875"),
    }
    ours = readings[0]
    for theirs in readings:
        gaps = differences(ours, theirs)
        assert sum(gap.rate for gap in gaps) == theirs.value - ours.value
    by_name = {gap.customer: gap.amount for gap in differences(ours, readings[2])}
    assert by_name == {"F": 700, "H": -300}


days = st.dates(date(2024, 1, 1), date(2026, 12, 31))


def made(name: str, start: date, length: int | None, hundreds: int, uplift: int) -> Line:
    """A and B are one group. A line of nothing is a pause."""
    end = start + timedelta(days=length) if length else None
    return Line(name, start, Decimal(hundreds) * 100, "USD", end, "" if name == "C" else "AB", Decimal(uplift) * 10)


lines = st.lists(
    st.builds(
        made, st.sampled_from("ABC"), days, st.integers(1, 400) | st.none(), st.integers(0, 3), st.integers(0, 2)
    ),
    max_size=12,
)


@settings(max_examples=300, deadline=None)
@given(lines=lines, opening=days, length=st.integers(1, 400))
def test_movements_sum_to_closing_minus_opening(lines: list[Line], opening: date, length: int) -> None:
    """For each customer, whatever lines there are and whatever period is asked for."""
    closing = opening + timedelta(days=length)
    ledger = ledger_of(lines, known_on=date(2027, 6, 1))
    moves = ledger.between(opening, closing)
    for customer in ledger.steps:
        moved = sum((move.amount for move in moves if move.customer == customer), Decimal(0))
        assert moved == ledger.balance(customer, closing) - ledger.balance(customer, opening)
    transfers = sum((move.amount for move in moves if move.kind is Kind.TRANSFER), Decimal(0))
    assert transfers == 0
