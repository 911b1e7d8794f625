from decimal import Decimal

import pytest

from kpis.scoring import explain
from tests.kpis.scoring.cards import NAN, card, item


def test_every_part_says_what_it_is_and_what_it_adds():
    four = card(item("fresh"), item("fading"), item("stale"), item("missing"))

    told = explain(four, [90, 60, 30, NAN], [0, 82.5, 120, NAN])

    assert [(p.kpi, p.state, p.value, p.age_days, p.band) for p in told.parts] == [
        ("fresh", "fresh", 90, 0, "green"),
        ("fading", "fading", 60, 82.5, "yellow"),
        ("stale", "stale", 30, 120, "red"),
        ("missing", "missing", None, None, "missing"),
    ]
    assert [p.weight_share for p in told.parts] == [pytest.approx(2 / 3), pytest.approx(1 / 3), 0, 0]
    assert [p.contribution_hundredths for p in told.parts] == [6000, 2000, 0, 0]
    assert told.base == 80
    assert told.score is None  # 1.5 of 4 is below 40 %
    assert told.band == "unknown"


def test_an_account_without_data_has_no_figures_at_all():
    told = explain(card(item("x")), [NAN], [NAN])

    assert (told.score, told.base, told.coverage) == (None, None, 0)
    assert (told.low, told.high) == (0, 100)
    assert told.categories[0].score is None


def test_scores_have_two_places():
    told = explain(card(item("x"), item("y"), item("z")), [100, 100, 0], [0, 0, 0])

    assert str(told.score) == "66.67"
    assert (told.low, told.high) == (Decimal("66.67"), Decimal("66.67"))
