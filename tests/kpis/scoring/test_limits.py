"""Caps and floors of people and of the scorecard together, searched for counterexamples by hypothesis."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpis.scoring import (
    NOT_KNOWN,
    ExceptionRule,
    ScoreException,
    default_scorecard,
    limit_scores,
    score_portfolio,
    scorecard_from_definition,
    scorecard_to_definition,
    with_standard_exceptions,
)
from tests.kpis.scoring.cards import NAN, card, item, scores

DAY = date(2026, 11, 20)
LEFT = ExceptionRule("x", "<=", Decimal(0), "cap", Decimal(60), "Champion left", 10)

limits = st.integers(0, 10_000).map(lambda hundredths: Decimal(hundredths) / 100)
rules = st.builds(
    ExceptionRule,
    st.sampled_from(["x", "y"]),
    st.sampled_from(["<=", ">=", "<", ">"]),
    st.integers(0, 100).map(Decimal),
    st.sampled_from(["cap", "floor"]),
    limits,
    st.just("A rule"),
    st.integers(1, 200),
)
personal = st.builds(
    ScoreException,
    st.sampled_from(["cap", "floor"]),
    limits,
    st.just("A person"),
    st.integers(1, 200),
    st.integers(-3, 3).map(lambda days: DAY + timedelta(days=days)),
)
values = st.lists(st.tuples(*[st.one_of(st.just(NAN), st.floats(0, 100))] * 2), min_size=1, max_size=8)


def limited(rules_, rows, people):
    rows = np.array(rows, dtype=float)
    base = scores(replace(card(item("x"), item("y")), exceptions=tuple(rules_)), *rows)
    return base, limit_scores(base, rows, people, on=DAY)


@given(st.lists(rules, max_size=4), values, st.lists(personal, max_size=4))
def test_contributions_and_what_was_moved_are_the_score(rules_, rows, people):
    base, result = limited(rules_, rows, {0: people})

    after = result.scores
    for row in range(len(after)):
        moved = sum(one.after_hundredths - one.before_hundredths for one in result.applied.get(row, ()))
        if after.score_hundredths[row] == NOT_KNOWN:
            assert base.score_hundredths[row] == NOT_KNOWN
            assert moved == 0
            continue
        assert after.kpi_contribution_hundredths[row].sum() + moved == after.score_hundredths[row]
        assert after.exception_hundredths[row] == moved
        assert after.low_hundredths[row] <= after.score_hundredths[row] <= after.high_hundredths[row]
        steps = result.applied.get(row, ())
        assert all(one.after_hundredths == two.before_hundredths for one, two in zip(steps, steps[1:], strict=False))


@given(st.lists(rules, max_size=4), values, st.lists(personal, max_size=4), st.randoms(use_true_random=False))
def test_the_order_in_which_they_are_given_does_not_matter(rules_, rows, people, random):
    _, one = limited(rules_, rows, {0: people})
    random.shuffle(rules_)
    random.shuffle(people)

    _, other = limited(rules_, rows, {0: people})

    assert one.scores.score_hundredths.tolist() == other.scores.score_hundredths.tolist()
    assert one.scores.bands.tolist() == other.scores.bands.tolist()


@given(st.lists(rules, max_size=4), values)
def test_an_account_alone_is_limited_as_it_is_among_others(rules_, rows):
    _, together = limited(rules_, rows, {})

    for row, alone in enumerate(rows):
        _, one = limited(rules_, [alone], {})
        assert one.scores.score_hundredths[0] == together.scores.score_hundredths[row]
        assert one.applied.get(0, ()) == together.applied.get(row, ())


def test_a_rule_holds_exactly_while_its_kpi_says_so():
    _, result = limited([LEFT], [[0, 100], [1, 100], [NAN, 100]], {})

    assert sorted(result.applied) == []  # 50 points lie below the cap already
    _, result = limited([replace(LEFT, limit=Decimal(40))], [[0, 100], [1, 100], [NAN, 100]], {})
    assert sorted(result.applied) == [0]


def test_a_rule_says_nothing_by_a_value_that_has_faded_out():
    rows, ages = np.array([[0.0, 100.0], [0.0, 100.0]]), np.array([[0.0, 0.0], [400.0, 0.0]])
    base = score_portfolio(
        replace(card(item("x"), item("y")), exceptions=(replace(LEFT, limit=Decimal(10)),)), rows, ages
    )

    assert sorted(limit_scores(base, rows, {}, on=DAY).applied) == [0]


def test_rules_survive_the_plain_form_and_are_left_out_without_any():
    plain = scorecard_to_definition(default_scorecard())
    assert "exceptions" not in plain

    usual = with_standard_exceptions(plain)
    again = scorecard_from_definition(usual, version="2")

    assert [(rule.kpi, rule.limit, rule.reason) for rule in again.exceptions] == [
        ("champion_status", Decimal(60), "Champion left")
    ]
    assert scorecard_to_definition(again)["exceptions"] == usual["exceptions"]
    assert with_standard_exceptions(usual) == usual
    assert "exceptions" not in plain
    assert len(again.without_outcomes().exceptions) == 1


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (lambda: replace(LEFT, op="="), "is no comparison"),
        (lambda: replace(LEFT, kind="lid"), "a cap or a floor"),
        (lambda: replace(LEFT, limit=Decimal(101)), "within 0..100"),
        (lambda: replace(LEFT, reason=" "), "needs its reason"),
        (lambda: replace(card(item("y")), exceptions=(LEFT,)), "x is not on the scorecard"),
    ],
)
def test_a_wrong_rule_is_refused_with_its_reason(build, said):
    with pytest.raises(ValueError, match=said):
        build()
