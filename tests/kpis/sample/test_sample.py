from collections import Counter
from dataclasses import fields
from datetime import date
from decimal import Decimal

import numpy as np
import pytest

from kpis.catalogue import BY_CODE, CATALOGUE
from kpis.sample import SAMPLE_KPIS, STORIES, churn_hazards, sample_portfolio
from kpis.sample.portfolio import decimals_of, last_months
from kpis.scoring import default_scorecard, portfolio_trend, score_portfolio

ON = date(2026, 11, 20)
CARD = default_scorecard()


@pytest.fixture(scope="module")
def demo():
    return sample_portfolio(24, on=ON)


@pytest.fixture(scope="module")
def large():
    return sample_portfolio(2_000, on=ON)


def scored(portfolio, on):
    return score_portfolio(CARD, *portfolio.latest(CARD.kpis, on=on))


def account(portfolio, story):
    return next(row for row, one in enumerate(portfolio.accounts) if one.story == story)


def test_the_same_seed_gives_the_same_portfolio_and_another_a_different_one(demo):
    again, other = sample_portfolio(24, on=ON), sample_portfolio(24, on=ON, seed=7)

    assert again.accounts == demo.accounts
    assert again.values.tobytes() == demo.values.tobytes()
    assert other.accounts != demo.accounts


def test_it_covers_the_last_complete_months_before_the_day(demo):
    assert demo.periods[0] == date(2025, 11, 1)
    assert demo.periods[-1] == date(2026, 10, 1)
    assert last_months(date(2026, 1, 31), 2) == (date(2025, 11, 1), date(2025, 12, 1))


def test_it_measures_forty_kpis_of_every_category(demo):
    assert demo.kpis == SAMPLE_KPIS
    assert len(set(SAMPLE_KPIS)) == 40
    assert {BY_CODE[code].category for code in SAMPLE_KPIS} == set(CARD.categories)


@pytest.mark.parametrize("kpi", CATALOGUE, ids=lambda kpi: kpi.code)
def test_every_value_lies_within_the_hard_limits_and_is_noted_as_a_person_would(kpi):
    values = sample_portfolio(300, on=ON, kpis=[kpi.code]).values

    known = values[~np.isnan(values)]
    assert known.size
    assert (known >= float(kpi.minimum)).all()
    assert (known <= float(kpi.maximum)).all()
    assert (known == np.round(known, decimals_of(kpi))).all()
    if kpi.code == "champion_status":
        assert set(known.tolist()) <= {0, 50, 100}


def test_names_are_different_and_dates_make_sense(large):
    assert len({one.name for one in large.accounts}) == 2_000
    for one in large.accounts:
        assert one.started_on < ON < one.renewal_on
        assert (one.renewal_on - ON).days <= 366
        assert one.arr >= 3_000
        assert one.seats >= 5


def test_a_small_portfolio_shows_every_story(demo):
    assert {one.story for one in demo.accounts} == set(STORIES)
    assert Counter(one.story for one in demo.accounts)["edge"] == 1


@pytest.mark.parametrize("on", [date(2026, 1, 3), date(2026, 2, 28), date(2026, 7, 1), date(2026, 11, 20)])
def test_one_corrected_figure_takes_the_account_at_the_edge_below_red(on):
    portfolio = sample_portfolio(12, on=on)
    row = account(portfolio, "edge")
    values, ages = portfolio.latest(CARD.kpis, on=on)
    seats, nps = CARD.kpis.index("seat_use"), CARD.kpis.index("relationship_nps")

    assert (values[row, seats], values[row, nps]) == (52, 12)
    assert 5000 <= score_portfolio(CARD, values, ages).score_hundredths[row] < 5050
    values[row, nps] = -30
    assert score_portfolio(CARD, values, ages).bands[row] == "red"


@pytest.mark.parametrize("on", [date(2026, 2, 28), date(2026, 7, 1), date(2026, 11, 20)])
def test_one_declining_account_crossed_into_red_in_the_last_month(on):
    portfolio = sample_portfolio(12, on=on)
    row = account(portfolio, "crossing")
    last, before = date(on.year, on.month, 1), last_months(on, 1)[0]

    assert scored(portfolio, before).bands[row] == "yellow"
    assert scored(portfolio, last).bands[row] == "red"


def test_stories_show_in_the_scores(demo):
    bands = scored(demo, ON).bands

    assert bands[account(demo, "healthy")] == "green"
    assert bands[account(demo, "struggling")] == "red"
    assert bands[account(demo, "sparse")] == "unknown"
    assert bands[account(demo, "silent")] == "unknown"
    assert set(bands.tolist()) == {"green", "yellow", "red", "unknown"}


def test_declining_accounts_decline_and_recovering_ones_recover(large):
    start, end = scored(large, large.periods[4]).base_hundredths, scored(large, ON).base_hundredths
    stories = np.array([one.story for one in large.accounts])

    assert ((end - start)[stories == "declining"] < 0).mean() > 0.97
    assert ((end - start)[stories == "recovering"] > 0).mean() > 0.97
    assert abs(np.median((end - start)[stories == "steady"])) < 200


def test_only_some_accounts_move_enough_for_an_arrow(large):
    values, ages = large.latest(CARD.kpis, on=ON)
    then, ages_then = large.latest(CARD.kpis, on=date(2026, 10, 23))

    trend = portfolio_trend(CARD, values=values, ages_days=ages, values_then=then, ages_then_days=ages_then)

    assert 0.01 < (trend.arrow != 0).mean() < 0.3


def test_the_score_tells_of_the_hidden_truth_without_being_it(large):
    truth = np.array([one.truth_health[-1] for one in large.accounts])
    score = scored(large, ON).score
    known = ~np.isnan(score)

    assert 0.9 < np.corrcoef(truth[known], score[known])[0, 1] < 0.999


def test_the_hidden_hazard_falls_with_health():
    hazards = churn_hazards(np.array([30.0, 60, 80]))

    assert hazards.tolist() == pytest.approx([0.0832, 0.0148, 0.0045], abs=1e-4)


def test_the_truth_covers_every_month_and_is_a_probability(demo):
    for one in demo.accounts:
        assert len(one.truth_health) == len(one.truth_hazard) == 12
        assert all(0 < hazard < 0.5 for hazard in one.truth_hazard)


def test_quarterly_kpis_come_at_quarter_ends_and_once_only_once(demo):
    nps = demo.values[:, demo.kpis.index("relationship_nps")]
    months_with_nps = {demo.periods[at].month for at in np.flatnonzero(~np.isnan(nps).all(axis=0))}
    first_value = demo.values[:, demo.kpis.index("time_to_first_value")]

    assert months_with_nps == {3, 6, 9, 12}
    assert np.isnan(first_value[:, 1:]).all()


def test_rows_are_the_table_as_decimals(demo):
    rows = list(demo.rows())

    assert len(rows) == np.count_nonzero(~np.isnan(demo.values))
    assert {field.name for field in fields(rows[0])} == {"account", "kpi", "period", "value"}
    at = demo.kpis.index(rows[0].kpi), demo.periods.index(rows[0].period)
    assert rows[0].account == demo.accounts[0].name
    assert rows[0].value == Decimal(str(demo.values[0, at[0], at[1]]))


def test_latest_takes_the_last_month_that_was_over_and_its_age():
    portfolio = sample_portfolio(3, on=ON)
    kpis = ("seat_use", "adoption_index")

    values, ages = portfolio.latest(kpis, on=date(2026, 9, 29))

    assert values[0, 0] == portfolio.values[0, portfolio.kpis.index("seat_use"), 9]
    assert ages[0, 0] == 29
    assert np.isnan(values[:, 1]).all()


@pytest.mark.parametrize("count", [0, 1, 2])
def test_tiny_portfolios_work(count):
    portfolio = sample_portfolio(count, on=ON)

    assert len(portfolio.accounts) == count
    assert portfolio.values.shape == (count, 40, 12)


def test_impossible_wishes_are_refused():
    with pytest.raises(ValueError, match="only 15360 sample names"):
        sample_portfolio(15_361, on=ON, kpis=["seat_use"], months=1)
    with pytest.raises(ValueError, match="at least one month"):
        sample_portfolio(1, on=ON, months=0)
    with pytest.raises(ValueError, match="Ticket Volume"):
        sample_portfolio(1, on=ON, kpis=["template_ticket_volume"])
