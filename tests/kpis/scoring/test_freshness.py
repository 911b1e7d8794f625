from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpis.freshness import age_in_days, freshness, month_end
from tests.kpis.scoring.cards import unhurried


def test_age_counts_from_the_end_of_the_month():
    march = date(2026, 3, 1)

    assert month_end(march) == date(2026, 3, 31)
    assert age_in_days(march, date(2026, 4, 1)) == 1
    assert age_in_days(march, date(2026, 5, 15)) == 45
    assert month_end(date(2028, 2, 1)) == date(2028, 2, 29)


def test_a_month_that_still_runs_is_not_old():
    assert age_in_days(date(2026, 3, 1), date(2026, 3, 10)) == 0


def test_full_until_one_and_a_half_cadences_then_linear_to_zero_at_four():
    assert freshness([0, 45, 60, 82.5, 119, 120, 500], 30).tolist() == pytest.approx([1, 1, 0.8, 0.5, 1 / 75, 0, 0])


def test_a_weekly_kpi_in_a_monthly_file_fades_like_a_monthly_one():
    ages = np.arange(0, 130)

    assert freshness(ages, 7).tolist() == freshness(ages, 30).tolist()
    assert freshness([10.5, 28], 7, period_days=1).tolist() == [1, 0]


def test_a_monthly_value_of_a_quarterly_kpi_fades_like_a_quarter():
    assert freshness([135, 247.5, 360], 90).tolist() == [1, 0.5, 0]


def test_the_period_may_differ_per_value():
    assert freshness([60, 60], 7, period_days=np.array([30, 1])).tolist() == pytest.approx([0.8, 0])


def test_what_is_measured_once_never_fades():
    assert freshness([0, 10_000], None).tolist() == [1, 1]


def test_an_opinion_expires_before_its_cadence_says():
    assert freshness([45, 67.5, 90, 100], 30, expires_days=90).tolist() == [1, 0.5, 0, 0]
    assert freshness([15, 27.5, 40], 30, expires_days=40).tolist() == pytest.approx([1, 0.5, 0])


@given(st.floats(0, 1000), st.floats(0, 100), st.sampled_from([7, 30, 90]), st.sampled_from([None, 20, 90, 4000]))
@unhurried
def test_freshness_never_rises_with_age(age, more, cadence, expires):
    younger, older = freshness([age, age + more], cadence, expires_days=expires)

    assert 0 <= older <= younger <= 1
