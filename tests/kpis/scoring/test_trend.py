import numpy as np

from kpis.scoring import portfolio_trend
from tests.kpis.scoring.cards import NAN, card, item


def trend(scorecard, now, then, ages_now=None, ages_then=None):
    values, before = np.array(now, dtype=float), np.array(then, dtype=float)
    return portfolio_trend(
        scorecard,
        values=values,
        ages_days=np.zeros_like(values) if ages_now is None else ages_now,
        values_then=before,
        ages_then_days=np.zeros_like(before) if ages_then is None else ages_then,
    )


def test_an_arrow_needs_three_points():
    result = trend(card(item("x")), [[73], [72.99], [67], [67.01]], [[70]] * 4)

    assert result.change.tolist() == [300, 299, -300, -299]
    assert result.arrow.tolist() == [1, 0, -1, 0]


def test_no_arrow_when_the_move_is_only_ageing():
    pair = card(item("x"), item("y"))
    then, ages_then = [[100, 50]], np.array([[50.0, 10.0]])

    unchanged = trend(pair, then, then, ages_now=ages_then + 28, ages_then=ages_then)

    assert unchanged.ageing.tolist() == unchanged.change.tolist()
    assert abs(unchanged.change[0]) >= 300
    assert unchanged.arrow.tolist() == [0]


def test_new_data_on_top_of_ageing_gives_an_arrow():
    pair = card(item("x"), item("y"))
    ages_then = np.array([[50.0, 10.0]])

    result = trend(pair, [[100, 20]], [[100, 50]], ages_now=np.array([[78.0, 5.0]]), ages_then=ages_then)

    assert result.arrow.tolist() == [-1]
    assert abs(result.change[0]) > abs(result.ageing[0])


def test_nothing_is_said_when_either_end_is_unknown():
    result = trend(card(item("x")), [[90], [NAN]], [[NAN], [90]])

    assert result.known.tolist() == [False, False]
    assert result.change.tolist() == [0, 0]
    assert result.arrow.tolist() == [0, 0]


def test_with_nothing_left_after_ageing_the_whole_change_is_new_data():
    result = portfolio_trend(
        card(item("x")),
        values=[[90]],
        ages_days=[[0]],
        values_then=[[60]],
        ages_then_days=[[60]],
        window_days=90,
    )

    assert (result.change.tolist(), result.ageing.tolist(), result.arrow.tolist()) == ([3000], [0], [1])
