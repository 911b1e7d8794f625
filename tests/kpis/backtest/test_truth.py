"""The back-test on portfolios whose truth is known: intervals cover it, chance is not called skill, skill is seen."""

from typing import Any

import numpy as np
import pytest

from kpis.backtest import Happened, Replayed, compare, judge, wilson, windows
from kpis.backtest.resampling import auc, lead_time
from tests.kpis.backtest.simulated import RED_BELOW, simulated

FEW = {"replicates": 200}


def judged(world: Any, replayed: Replayed, horizon: int = 90, **more: Any) -> dict[str, Any]:
    return judge(windows(replayed, world.happened, horizon), **{**FEW, **more})


def test_a_score_by_lot_has_a_lift_of_about_one_and_is_not_called_better() -> None:
    lifts, verdicts = [], []
    for seed in range(40):
        world = simulated(250, seed)
        made = judged(world, world.by_lot())
        lifts.append(made["lift"]["value"])
        verdicts.append(made["verdict"])

    assert np.mean(lifts) == pytest.approx(1, abs=0.03)
    assert verdicts.count("better") <= 5  # about five in a hundred are called so by chance


@pytest.mark.parametrize("horizon", [90, 180])
def test_a_score_that_knows_the_future_is_recognised(horizon: int) -> None:
    world = simulated(250, 1)

    made = judged(world, world.clairvoyant(horizon), horizon)

    assert made["verdict"] == "better"
    assert (made["auc"]["value"], made["recall"]["value"], made["precision"]["value"]) == (1, 1, 1)
    assert made["lift"]["low"] > 1
    assert made["precision"]["value"] > 3 * made["base_rate"]["value"]


def test_intervals_cover_the_truth_at_about_their_rate() -> None:
    """95 in a hundred by their name; the Wilson ones, which count accounts and not months, rather more."""
    large = simulated(40_000, 99)
    truth = judged(large, large.seen(8), replicates=2)
    covered: dict[str, list[bool]] = {name: [] for name in ("lift", "auc", "precision", "recall", "base_rate")}
    for seed in range(80):
        world = simulated(250, seed)
        made = judged(world, world.seen(8))
        for name, hits in covered.items():
            hits.append(made[name]["low"] <= truth[name]["value"] <= made[name]["high"])

    rates = {name: np.mean(hits) for name, hits in covered.items()}
    assert all(rate >= 0.88 for rate in rates.values()), rates
    assert rates["lift"] < 1 or rates["auc"] < 1, "intervals that always cover are too wide to say anything"


def test_of_two_scores_the_one_that_sees_more_is_called_better_and_never_the_other() -> None:
    verdicts = []
    for seed in range(12):
        world = simulated(400, seed)
        sharp, dull = world.seen(4), world.seen(30)
        verdicts.append(
            compare(windows(sharp, world.happened, 90), windows(dull, world.happened, 90), **FEW)["verdict"]
        )

    assert verdicts.count("better") >= 9
    assert "worse" not in verdicts


def test_two_scores_of_the_same_worth_are_seldom_told_apart() -> None:
    verdicts = []
    for seed in range(40):
        world = simulated(250, seed)
        one, other = world.seen(10), world.seen(10)
        verdicts.append(compare(windows(one, world.happened, 90), windows(other, world.happened, 90), **FEW)["verdict"])

    assert verdicts.count("open") >= 35


def test_the_same_definition_is_the_same() -> None:
    world = simulated(250, 3)
    seen = windows(world.seen(8), world.happened, 90)

    made = compare(seen, seen, **FEW)

    assert (made["same"], made["verdict"], made["lift_ratio"]["value"], made["auc"]["value"]) == (True, "open", 1, 0)


# By hand: five month ends, a few accounts, every figure countable.

DAYS = np.array(["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31"], dtype="datetime64[D]")
NAT = "NaT"


def by_hand(scores: list[list[int]], churned: list[str], since: list[str] | None = None) -> tuple[Replayed, Happened]:
    replayed = Replayed(DAYS, np.array(scores, dtype=np.int64), RED_BELOW)
    nobody = np.array(since or [NAT] * len(scores), dtype="datetime64[D]")
    return replayed, Happened(np.array(churned, dtype="datetime64[D]"), nobody, np.datetime64("2026-06-30"))


def test_a_month_counts_only_when_its_whole_horizon_has_passed_and_the_account_was_a_customer() -> None:
    replayed, happened = by_hand(
        [[60, 60, 60, 60, 60], [60, 60, 60, 60, 60], [60, -1, 60, 60, 60]],
        ["2026-04-10", NAT, NAT],
        [NAT, "2026-02-10", NAT],
    )

    seen = windows(replayed, happened, 90)  # to 30 June, so up to 1 April

    assert seen.counted.astype(int).tolist() == [[1, 1, 1, 0, 0], [0, 1, 1, 0, 0], [1, 0, 1, 0, 0]]
    assert seen.lost.astype(int).tolist() == [[1, 1, 1, 0, 0], [0] * 5, [0] * 5]


def test_the_lead_is_counted_from_the_first_alarm_within_the_horizon() -> None:
    replayed, happened = by_hand(
        [[4000, 6000, 4000, 4000, 6000], [6000, 6000, 4000, 6000, 6000], [4000, 6000, 6000, 6000, 6000]],
        ["2026-05-20", "2026-04-30", "2026-05-20"],
    )

    seen = windows(replayed, happened, 90)

    np.testing.assert_array_equal(seen.lead, [50, 30, np.nan])
    assert lead_time(seen)(np.ones((1, 3)))[0] == 40
    assert lead_time(seen)(np.array([[2.0, 1.0, 0.0]]))[0] == 50


def test_auc_counts_pairs_of_one_month_and_ties_as_half() -> None:
    replayed, happened = by_hand(
        [[3000, -1, -1, -1, -1], [3000, -1, -1, -1, -1], [9000, -1, -1, -1, -1], [1000, -1, -1, -1, -1]],
        ["2026-03-01", NAT, NAT, NAT],
    )

    assert auc(windows(replayed, happened, 90))(np.ones((1, 4)))[0] == 0.5  # one tie, one won, one lost


def test_weighting_an_account_is_repeating_it() -> None:
    world = simulated(60, 5)
    seen = windows(world.seen(8), world.happened, 90)
    times = np.random.default_rng(0).integers(0, 3, 60)
    picked = np.repeat(np.arange(60), times)
    happened = Happened(world.happened.churned[picked], world.happened.since[picked], world.happened.until)
    again = windows(Replayed(world.days, seen.scores[picked], RED_BELOW), happened, 90)

    for statistic in (auc, lead_time):
        weighted = statistic(seen)(times[None].astype(float))[0]
        assert weighted == pytest.approx(statistic(again)(np.ones((1, len(picked))))[0], nan_ok=True)


@pytest.mark.parametrize(("left", "stayed", "words"), [(9, 50, "9 accounts left"), (12, 4, "4 accounts stayed")])
def test_too_few_are_named_with_the_number_that_is_needed(left: int, stayed: int, words: str) -> None:
    replayed, happened = by_hand([[4000] * 5] * (left + stayed), ["2026-03-05"] * left + [NAT] * stayed)

    made = judge(windows(replayed, happened, 90))

    assert made["verdict"] == "cannot_tell"
    assert words in made["cannot_tell"]
    assert f"{10 - min(left, stayed)} more" in made["cannot_tell"]
    assert "precision" not in made


def test_without_an_alarm_there_is_no_precision_and_no_made_up_lift() -> None:
    replayed, happened = by_hand([[8000] * 5] * 40, ["2026-03-05"] * 12 + [NAT] * 28)

    made = judge(windows(replayed, happened, 90), **FEW)

    assert (made["precision"], made["lift"], made["lead_days"]) == (None, None, None)
    assert made["recall"]["value"] == 0
    assert made["verdict"] == "open"


def test_the_same_seed_gives_the_same_figures() -> None:
    world = simulated(120, 2)
    replayed = world.seen(8)

    assert judged(world, replayed) == judged(world, replayed)


@pytest.mark.parametrize(
    ("share", "n", "low", "high"), [(0.5, 10, 0.2366, 0.7634), (0, 10, 0, 0.2775), (1, 20, 0.8389, 1), (0.3, 0, 0, 1)]
)
def test_wilson_against_known_figures(share: float, n: int, low: float, high: float) -> None:
    assert wilson(share, n) == pytest.approx((low, high), abs=1e-4)
