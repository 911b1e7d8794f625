"""The scoring rules one by one, on examples small enough to check by hand."""

from decimal import Decimal

import numpy as np
import pytest

from kpis.catalogue import BY_CODE, PORTFOLIO_ONLY, resolve
from kpis.scoring import (
    default_scorecard,
    points_of,
    score_portfolio,
    scorecard_from_definition,
    scorecard_of,
    scorecard_to_definition,
)
from tests.kpis.scoring.cards import NAN, UP, card, item, scores


def test_points_are_linear_between_anchors_and_flat_outside():
    nps = BY_CODE["relationship_nps"].anchors

    assert points_of(np.array([-90.0, -60, -30, 0, 15, 30, 45, 60, 99, NAN]), nps).tolist()[:-1] == [
        0, 0, 25, 50, 62.5, 75, 87.5, 100, 100,
    ]  # fmt: skip


def test_the_last_bit_never_lifts_a_value_above_the_edge_it_lies_below():
    anchors = tuple((Decimal(value), points) for value, points in (("-45", 0), ("0.4", 50), ("9", 100)))
    below = 0.39999999999999997  # 45 + below rounds to 45.4, whose points would be 50.00000000000001

    assert points_of(np.array([below, 0.4]), anchors).tolist() == [50, 50]


def test_category_score_is_the_mean_by_impact_weight():
    result = scores(card(item("x", weight=3), item("y", weight=2), item("z", weight=1)), [90, 60, 30])

    assert result.score_hundredths.tolist() == [7000]  # (3*90 + 2*60 + 1*30) / 6
    assert result.kpi_weight_share.tolist() == [pytest.approx([1 / 2, 1 / 3, 1 / 6])]
    assert result.kpi_contribution_hundredths.tolist() == [[4500, 2000, 500]]


def test_overall_score_is_the_mean_of_categories_by_their_weight():
    two = card(item("x", "a"), item("y", "b"), item("z", "b"), categories={"a": 0.2, "b": 0.6})

    result = scores(two, [100, 40, 60])

    assert result.category_scores.tolist() == [[100, 50]]
    assert result.score.tolist() == [62.5]  # (0.2*100 + 0.6*50) / 0.8
    assert result.category_contribution_hundredths.tolist() == [[2500, 3750]]


def test_a_missing_kpi_is_left_out_and_never_zero():
    result = scores(card(item("x"), item("y")), [80, NAN])

    assert result.score.tolist() == [80]
    assert result.coverage.tolist() == [0.5]
    assert (result.low.tolist(), result.high.tolist()) == ([40], [90])
    assert result.kpi_contribution_hundredths.tolist() == [[8000, 0]]
    assert np.isnan(result.kpi_freshness[0, 1])


def test_a_category_without_data_hands_its_weight_to_the_others():
    three = card(item("x", "a"), item("y", "b"), item("z", "c"), categories={"a": 1, "b": 3, "c": 4})

    result = scores(three, [100, 60, NAN])

    assert result.score.tolist() == [70]  # (1*100 + 3*60) / 4
    assert result.category_weight_share.tolist() == [[0.25, 0.75, 0]]
    assert np.isnan(result.category_scores[0, 2])
    assert result.coverage.tolist() == [0.5]
    assert (result.low.tolist(), result.high.tolist()) == ([35], [85])  # of 8: 1*100 + 3*60 + 4*0 or 4*100


def test_below_forty_per_cent_coverage_there_is_no_score():
    five = card(*(item(f"k{n}") for n in range(5)))

    result = scores(five, [90, 70, NAN, NAN, NAN], [90, NAN, NAN, NAN, NAN], [NAN] * 5)

    assert result.score_hundredths.tolist() == [8000, -1, -1]
    assert np.isnan(result.score).tolist() == [False, True, True]
    assert result.bands.tolist() == ["green", "unknown", "unknown"]
    assert result.base_hundredths.tolist() == [8000, 9000, -1]
    assert (result.low.tolist(), result.high.tolist()) == ([32, 18, 0], [92, 98, 100])
    assert result.coverage_percent.tolist() == [40, 20, 0]


def test_coverage_in_per_cent_is_rounded_down():
    result = scores(card(item("x", weight="39.9"), item("y", weight="60.1")), [50, NAN])

    assert result.coverage_percent.tolist() == [39]
    assert result.bands.tolist() == ["unknown"]


def test_coverage_counts_category_weights():
    uneven = card(item("x", "a"), item("y", "b"), categories={"a": 0.4, "b": 0.6})

    assert scores(uneven, [50, NAN], [NAN, 50]).coverage.tolist() == pytest.approx([0.4, 0.6])


def test_a_fading_value_weighs_less_and_a_stale_one_nothing():
    pair = card(item("x"), item("y"))

    result = scores(pair, [100, 50], [100, 50], ages=np.array([[82.5, 0], [120, 0]]))

    assert result.kpi_freshness.tolist() == [[0.5, 1], [0, 1]]
    assert result.score.tolist() == [66.67, 50]  # (0.5*100 + 1*50) / 1.5
    assert result.coverage.tolist() == [0.75, 0.5]
    assert (result.low.tolist(), result.high.tolist()) == ([50, 25], [75, 75])


def test_a_kpi_without_weight_is_shown_and_changes_nothing():
    pair = card(item("x"), item("shown", weight=0))

    result = scores(pair, [80, 10], [80, NAN])

    assert result.score.tolist() == [80, 80]
    assert result.coverage.tolist() == [1, 1]
    assert result.kpi_points[0, 1] == 10
    assert result.kpi_contribution_hundredths.tolist() == [[8000, 0], [8000, 0]]


def test_a_category_of_weightless_kpis_takes_no_part():
    two = card(item("x", "a"), item("shown", "b", weight=0))

    result = scores(two, [80, 10])

    assert result.score.tolist() == [80]
    assert result.coverage.tolist() == [1]


def test_bands_follow_the_printed_score():
    result = scores(card(item("x")), [75], [74.99], [74.996], [50], [49.99], [49.994])

    assert result.score_hundredths.tolist() == [7500, 7499, 7500, 5000, 4999, 4999]
    assert result.bands.tolist() == ["green", "yellow", "green", "yellow", "red", "red"]


def test_a_tenant_may_draw_other_bands():
    original = card(item("x"), green_from=Decimal(67), yellow_from=Decimal(34))

    assert scores(original, [67], [66.99], [33.99]).bands.tolist() == ["green", "yellow", "red"]


def test_thirds_are_shared_out_to_the_hundredth():
    result = scores(card(item("x"), item("y"), item("z")), [100, 100, 100], [100, 100, 0])

    assert result.kpi_contribution_hundredths.tolist() == [[3334, 3333, 3333], [3334, 3333, 0]]
    assert result.score_hundredths.tolist() == [10000, 6667]


def test_of_equal_remainders_the_first_code_is_rounded_up_in_any_order():
    forward = scores(card(item("x"), item("y"), item("z")), [100, 100, 100])
    backward = scores(card(item("z"), item("y"), item("x")), [100, 100, 100])
    by_category = scores(card(item("z", "c"), item("y", "b"), item("x", "a")), [100, 100, 100])

    assert forward.kpi_contribution_hundredths.tolist() == [[3334, 3333, 3333]]
    assert backward.kpi_contribution_hundredths.tolist() == [[3333, 3333, 3334]]
    assert by_category.category_contribution_hundredths.tolist() == [[3333, 3333, 3334]]


def test_the_catalogue_scores_a_whole_account_by_hand():
    kpis = ["relationship_nps", "csm_pulse", "seat_use", "support_csat", "customer_roi"]
    small = scorecard_of([BY_CODE[code] for code in kpis], version="five")

    # points: NPS 15 -> 62.5 (weight 3), pulse 3 -> 50 (2), seats 65 -> 62.5, CSAT 85 -> 75, ROI 0 -> 25
    result = scores(small, [15, 3, 65, 85, 0])

    # categories: 57.5 x .20, 62.5 x .25, 75 x .20, 25 x .20, over .85
    assert result.category_scores[0, :4].tolist() == [57.5, 62.5, 75, 25]
    assert result.score.tolist() == [55.44]  # 47.125 / 0.85
    assert result.category_contribution_hundredths[0].tolist() == [1353, 1838, 1765, 588, 0]
    assert result.bands.tolist() == ["yellow"]
    assert result.coverage.tolist() == [1]


def test_an_infinite_value_or_a_value_without_age_is_refused():
    one = card(item("x"))

    with pytest.raises(ValueError, match="infinite"):
        scores(one, [float("inf")])
    with pytest.raises(ValueError, match="age is not known"):
        scores(one, [50], ages=[[NAN]])
    with pytest.raises(ValueError, match=r"\(accounts, 1\)"):
        scores(one, [50, 60])


def test_a_missing_value_needs_no_age_nor_does_one_that_never_fades():
    pair = card(item("x"), item("once", cadence_days=None))

    assert scores(pair, [NAN, 60], ages=[[NAN, NAN]]).score.tolist() == [60]


def test_an_empty_portfolio_has_no_scores():
    result = score_portfolio(card(item("x")), np.empty((0, 1)), np.empty((0, 1)))

    assert len(result) == 0


def test_the_default_scorecard_is_the_catalogue():
    default = default_scorecard()

    assert len(default.items) == 62
    assert sum(default.categories.values()) == 1
    pulse = next(i for i in default.items if i.kpi == "csm_pulse")
    assert (pulse.cadence_days, pulse.expires_days) == (30, 90)


def test_outcome_like_kpis_are_barred_from_prediction():
    barred = {"account_net_retention", "account_gross_retention", "account_expansion"}

    assert barred <= set(default_scorecard().kpis)
    assert set(default_scorecard().kpis) - set(default_scorecard().without_outcomes().kpis) == barred


@pytest.mark.parametrize("kpi", [PORTFOLIO_ONLY[0], resolve("Renewal Rate"), resolve("Ticket Volume")])
def test_portfolio_figures_and_kpis_without_ranges_cannot_score_an_account(kpi):
    with pytest.raises(ValueError, match=kpi.name):
        scorecard_of([kpi], version="bad")


def test_a_scorecard_survives_its_plain_form():
    default = default_scorecard()

    again = scorecard_from_definition(scorecard_to_definition(default), version=default.version)

    assert again == default


def test_a_plain_scorecard_may_name_its_cadence_in_words():
    plain = {
        "categories": {"a": 1},
        "items": [{"kpi": "x", "category": "a", "weight": 1, "anchors": [[0, 0], [1, 100]], "cadence": "quarter"}],
    }

    assert scorecard_from_definition(plain, version="7").items[0].cadence_days == 90


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (lambda: card(item("x"), item("x")), "x is on the scorecard twice"),
        (lambda: card(item("x", "b"), categories={"a": 1}), "not a category"),
        (lambda: card(item("x", weight=0)), "no KPI of this scorecard has any weight"),
        (lambda: card(item("x", weight=-1)), "0 or more"),
        (lambda: card(item("x", anchors=UP[:1])), "two or more"),
        (lambda: card(item("x", anchors=(UP[1], UP[0]))), "rise in value"),
        (lambda: card(item("x", anchors=(UP[0], (Decimal(0), 10)))), "without a gap or an overlap"),
        (lambda: card(item("x", anchors=((Decimal(0), 0), (Decimal(1), 101)))), "0..100"),
        (lambda: card(item("x", anchors=tuple((Decimal(v), p) for v, p in enumerate((50, 0, 50))))), "rise, fall"),
        (lambda: card(item("x", cadence_days=0)), "positive number of days"),
        (lambda: card(item("x"), green_from=Decimal(40)), "bands must rise"),
    ],
)
def test_a_wrong_scorecard_is_refused_with_its_reason(build, said):
    with pytest.raises(ValueError, match=said):
        build()
