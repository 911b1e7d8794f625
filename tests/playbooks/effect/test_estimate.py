"""The estimate against a known truth: its interval covers at its stated rate, and it refuses where it should."""

from functools import cache
from typing import Any

import numpy as np
import pytest

from playbooks.effect import MINIMUM_COMPARISON, MINIMUM_TREATED, Observed, record
from playbooks.effect.aipw import student
from tests.playbooks.effect.simulated import bent, by_threshold, confounded

TRUTH = 4.0
ROUNDS = 300


def estimate(seen: Observed) -> dict[str, Any]:
    return record(seen, worth=5)


@cache
def rounds() -> list[dict[str, Any]]:
    return [estimate(confounded(seed, effect=TRUTH)) for seed in range(ROUNDS)]


def covers(interval: dict[str, Any]) -> bool:
    return bool(interval["low"] <= TRUTH <= interval["high"])


def test_the_interval_covers_the_truth_at_its_stated_rate():
    told = [one["estimate"] for one in rounds() if one["estimate"]]

    assert len(told) >= 0.95 * ROUNDS
    assert 0.92 <= np.mean([covers(one) for one in told]) <= 0.985


def test_the_estimate_is_not_biased_and_the_interval_is_not_for_free():
    told = [one["estimate"] for one in rounds() if one["estimate"]]

    assert np.mean([one["value"] for one in told]) == pytest.approx(TRUTH, abs=0.3)
    assert np.mean([one["high"] - one["low"] for one in told]) < 7


def test_the_raw_change_is_biased_in_the_same_rounds():
    raw = [one["raw"] for one in rounds()]

    assert np.mean([one["value"] for one in raw]) > TRUTH + 2  # what is at its worst gets better by itself
    assert np.mean([covers(one) for one in raw]) < 0.5


@pytest.mark.parametrize("wrong", ["outcome", "chance"])
def test_one_of_the_two_models_may_be_wrong(wrong: str) -> None:
    told = [one for one in (estimate(bent(seed, which=wrong))["estimate"] for seed in range(ROUNDS)) if one]

    assert len(told) >= 0.9 * ROUNDS
    assert np.mean([one["value"] for one in told]) == pytest.approx(TRUTH, abs=0.4)
    assert np.mean([covers(one) for one in told]) >= 0.92


def test_matching_says_about_the_same():
    told = [one for one in rounds() if one["estimate"]]

    assert np.mean([one["matched"]["value"] for one in told]) == pytest.approx(TRUTH, abs=0.4)
    assert np.mean([one["matched"]["inside"] for one in told]) > 0.9


def test_a_playbook_that_does_nothing_is_seldom_praised():
    verdicts = [estimate(confounded(seed, effect=0.0))["verdict"] for seed in range(120)]

    assert verdicts.count("better") <= 7
    assert verdicts.count("open") >= 105


def test_accounts_that_come_back_are_one_piece_of_evidence():
    """Twelve months of an account that never changes say no more than one: the interval does not shrink."""
    once = confounded(7, accounts=400)
    again = Observed(
        *(np.tile(column, 4) for column in (once.account, once.month, once.treated)),
        np.tile(once.covariates, (4, 1)),
        once.names,
        np.tile(once.before, 4),
        np.tile(once.after, 4),
    )
    narrow, wide = (estimate(seen)["estimate"]["se"] for seen in (again, once))

    assert narrow == pytest.approx(wide, rel=0.2)


def test_a_rule_that_treats_everybody_below_a_threshold_has_no_comparison():
    for seed in range(40):
        found = estimate(by_threshold(seed))
        assert found["estimate"] is None
        assert found["verdict"] == "cannot_tell"
        assert "no comparable account" in found["reason"]
        assert found["raw"]["n"] == found["treated"]  # the raw change stands there all the same


def test_groups_that_stay_apart_are_refused():
    """One kind of account is treated and another is not, and nothing else tells them apart."""
    seen = confounded(3)
    kind = seen.treated.astype(float)
    kind[:5] = 1 - kind[:5]
    table = np.column_stack([kind, seen.covariates])
    found = estimate(
        Observed(seen.account, seen.month, seen.treated, table, ("Kind", *seen.names), seen.before, seen.after)
    )

    assert found["estimate"] is None
    assert found["reason"]


def test_too_few_runs_are_counted_and_the_missing_ones_named():
    seen = confounded(1)
    rows = np.r_[np.flatnonzero(seen.treated)[: MINIMUM_TREATED - 1], np.flatnonzero(~seen.treated)]
    found = estimate(seen.keep(rows))

    assert found["reason"] == "19 runs measured before and after; at least 20 are needed, 1 more."
    assert found["estimate"] is None
    assert found["needed"] >= MINIMUM_TREATED


def test_too_few_to_compare_with_are_counted():
    seen = confounded(1)
    rows = np.r_[np.flatnonzero(seen.treated), np.flatnonzero(~seen.treated)[: MINIMUM_COMPARISON - 2]]

    assert estimate(seen.keep(rows))["reason"] == "38 accounts to compare with; at least 40 are needed, 2 more."


def test_nothing_at_all_is_no_error():
    seen = confounded(1)
    found = estimate(seen.keep(np.zeros(0, dtype=int)))

    assert (found["treated"], found["raw"], found["needed"]) == (0, None, None)
    assert found["reason"] == "0 runs measured before and after; at least 20 are needed, 20 more."


def test_what_is_unknown_of_an_account_leaves_it_in():
    seen = confounded(5)
    holes = seen.covariates.copy()
    holes[::3, 1] = np.nan
    found = estimate(Observed(seen.account, seen.month, seen.treated, holes, seen.names, seen.before, seen.after))

    assert found["estimate"]["low"] < TRUTH < found["estimate"]["high"]
    assert found["treated"] == seen.treated.sum()


def test_the_same_rows_give_the_same_record():
    assert estimate(confounded(2)) == estimate(confounded(2))


def test_who_is_compared_with_whom_is_of_the_same_month_and_near():
    seen = confounded(4)
    for row, others in estimate(seen)["pairs"]:
        assert seen.treated[row]
        assert not seen.treated[others].any()
        assert set(seen.month[others]) == {seen.month[row]}
        assert abs(seen.before[others] - seen.before[row]).max() < 20


def test_student_is_that_of_the_tables():
    assert [round(student(degrees), 2) for degrees in (6, 10, 19, 60, 1000)] == [2.45, 2.23, 2.09, 2.0, 1.96]
