from datetime import date
from decimal import Decimal

import pytest

from kpis.scoring import ScoreException, explain, with_exceptions
from tests.kpis.scoring.cards import NAN, card, item, scores

DAY = date(2026, 9, 15)


def cap(limit, reason="Champion left", order=1, **more):
    return ScoreException("cap", Decimal(limit), reason, order, **{"starts_on": date(2026, 9, 1), **more})


def floor(limit, reason="Executive decision", order=1, **more):
    return ScoreException("floor", Decimal(limit), reason, order, **{"starts_on": date(2026, 9, 1), **more})


def test_a_cap_lowers_the_score_its_bounds_and_its_band_and_says_why():
    before = scores(card(item("x"), item("y")), [90, NAN], [40, 40])

    result = with_exceptions(before, {0: [cap(60)], 1: [cap(60)]}, on=DAY)

    assert result.scores.score_hundredths.tolist() == [6000, 4000]
    assert result.scores.exception_hundredths.tolist() == [-3000, 0]
    assert result.scores.base_hundredths.tolist() == [9000, 4000]
    assert result.scores.bands.tolist() == ["yellow", "red"]
    assert (result.scores.low.tolist(), result.scores.high.tolist()) == ([45, 40], [60, 40])
    assert list(result.applied) == [0]
    assert result.applied[0][0].exception.reason == "Champion left"
    assert (result.applied[0][0].before_hundredths, result.applied[0][0].after_hundredths) == (9000, 6000)


def test_a_floor_raises_the_score():
    before = scores(card(item("x")), [20])

    assert with_exceptions(before, {0: [floor(50)]}, on=DAY).scores.bands.tolist() == ["yellow"]


def test_the_later_exception_has_the_last_word_whatever_the_order_of_the_list():
    before = scores(card(item("x")), [90])
    first, second = cap(49, order=1), floor(70, order=2)

    for listed in ([first, second], [second, first]):
        result = with_exceptions(before, {0: listed}, on=DAY)
        assert result.scores.score_hundredths.tolist() == [7000]
        assert [a.exception for a in result.applied[0]] == [first, second]


@pytest.mark.parametrize(
    ("starts", "expires", "holds"),
    [
        (date(2026, 9, 15), None, True),
        (date(2026, 9, 1), date(2026, 9, 15), True),
        (date(2026, 9, 1), date(2026, 9, 14), False),
        (date(2026, 9, 16), None, False),
    ],
)
def test_an_exception_holds_from_its_first_day_to_its_last(starts, expires, holds):
    before = scores(card(item("x")), [90])

    result = with_exceptions(before, {0: [cap(60, starts_on=starts, expires_on=expires)]}, on=DAY)

    assert result.scores.score_hundredths.tolist() == [6000 if holds else 9000]
    assert bool(result.applied) is holds


def test_an_unknown_score_stays_unknown_under_a_cap_or_floor():
    before = scores(card(*(item(f"k{n}") for n in range(5))), [90, NAN, NAN, NAN, NAN])

    result = with_exceptions(before, {0: [cap(60), floor(80)]}, on=DAY)

    assert result.scores.score_hundredths.tolist() == [-1]
    assert result.scores.exception_hundredths.tolist() == [0]
    assert result.scores.bands.tolist() == ["unknown"]
    assert result.applied == {}


def test_the_explanation_shows_base_exception_and_score():
    told = explain(card(item("x")), [90], [0], exceptions=[cap("60.5")], on=DAY)

    assert (told.base, told.score, told.band) == (Decimal("90.00"), Decimal("60.50"), "yellow")
    assert told.exceptions[0].exception.reason == "Champion left"
    assert sum(part.contribution_hundredths for part in told.parts) == 9000


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (lambda: cap(101), "within 0..100"),
        (lambda: cap("60.005"), "two places"),
        (lambda: cap(60, reason=" "), "needs its reason"),
        (lambda: cap(60, expires_on=date(2026, 8, 1)), "before it starts"),
    ],
)
def test_a_wrong_exception_is_refused(build, said):
    with pytest.raises(ValueError, match=said):
        build()


def test_exceptions_without_a_day_are_refused():
    with pytest.raises(ValueError, match="which"):
        explain(card(item("x")), [90], [0], exceptions=[cap(60)])
