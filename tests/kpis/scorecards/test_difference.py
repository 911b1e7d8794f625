"""Which KPIs move a score between two scorecards: the pushes sum to the change, whatever the weights and values."""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpis.catalogue import Anchors
from kpis.scoring import NOT_KNOWN, Scorecard, ScoreItem, score_portfolio
from kpis.scoring.difference import pushes

KPIS, CATEGORIES, ACCOUNTS = 6, ("a", "b"), 5
UP = ((Decimal(0), 0), (Decimal(40), 50), (Decimal(70), 75), (Decimal(100), 100))
STRICT = ((Decimal(0), 0), (Decimal(60), 50), (Decimal(90), 75), (Decimal(100), 100))

weights = st.lists(st.integers(0, 5), min_size=KPIS, max_size=KPIS).filter(any)
shares = st.tuples(st.integers(1, 9), st.integers(1, 9))
values = st.lists(
    st.lists(st.one_of(st.none(), st.floats(0, 100)), min_size=KPIS, max_size=KPIS),
    min_size=ACCOUNTS,
    max_size=ACCOUNTS,
)


def card(given_weights: list[int], given_shares: tuple[int, int], anchors: Anchors) -> Scorecard:
    items = tuple(
        ScoreItem(f"k{at}", CATEGORIES[at % 2], Decimal(weight), anchors, 30) for at, weight in enumerate(given_weights)
    )
    return Scorecard("x", dict(zip(CATEGORIES, map(Decimal, given_shares), strict=True)), items)


@settings(max_examples=60, deadline=None)
@given(weights, weights, shares, shares, values)
def test_pushes_sum_to_the_change_of_the_score(
    old: list[int], new: list[int], was: tuple[int, int], will: tuple[int, int], cells: list[list[float | None]]
) -> None:
    table = np.array([[np.nan if one is None else one for one in row] for row in cells])
    ages = np.zeros_like(table)
    before = score_portfolio(card(old, was, UP), table, ages)
    after = score_portfolio(card(new, will, STRICT), table, ages)
    for row, found in enumerate(pushes(before, after, range(ACCOUNTS))):
        ends = before.base_hundredths[row], after.base_hundredths[row]
        if NOT_KNOWN in ends:
            continue
        assert sum(points for _, points in found) == pytest.approx((ends[1] - ends[0]) / 100, abs=0.011)
        assert [abs(points) for _, points in found] == sorted((abs(points) for _, points in found), reverse=True)


def test_a_kpi_that_comes_and_one_that_goes_are_both_named() -> None:
    table = np.array([[20.0, 90.0, 90.0]])
    items = [ScoreItem(f"k{at}", "a", Decimal(1), UP, 30) for at in range(3)]
    before = Scorecard("x", {"a": Decimal(1)}, (items[1], items[2]))
    after = Scorecard("x", {"a": Decimal(1)}, (items[0], items[1]))
    old = score_portfolio(before, table[:, 1:], np.zeros((1, 2)))
    new = score_portfolio(after, table[:, :2], np.zeros((1, 2)))
    (first, points), *rest = pushes(old, new, [0])[0]
    assert (first, points < -20) == ("k0", True)
    assert {code for code, _ in rest} == {"k1", "k2"}
