"""What moved a score: the parts sum exactly, each cause gets its own, and nobody else's."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpis.freshness import age_in_days
from kpis.scoring import NOT_KNOWN, Scorecard, score_portfolio
from kpis.scoring.waterfall import End, Seen, Waterfall, share_out, waterfall
from tests.kpis.scoring.cards import card, item, unhurried

START, LATER = date(2026, 10, 31), date(2026, 11, 30)
OCTOBER, NOVEMBER = date(2026, 10, 1), date(2026, 11, 1)


def seen(**values: Any) -> dict[str, Seen]:
    """code=number stands for October; code=(number, month) for another month."""
    pairs = {code: one if isinstance(one, tuple) else (one, OCTOBER) for code, one in values.items()}
    return {code: Seen(f"{code} {month} {number}", month, float(number)) for code, (number, month) in pairs.items()}


def base_of(scorecard: Scorecard, cells: dict[str, Seen], day: date) -> int:
    nan = float("nan")
    values = [[cells[kpi].value if kpi in cells else nan for kpi in scorecard.kpis]]
    ages = [[age_in_days(cells[kpi].month, day) if kpi in cells else nan for kpi in scorecard.kpis]]
    return int(score_portfolio(scorecard, np.array(values), np.array(ages)).base_hundredths[0])


def end(scorecard: Scorecard, cells: dict[str, Seen], day: date = START, **more: Any) -> End:
    base = base_of(scorecard, cells, day)
    moved = sum(hundredths for _, hundredths in more.get("exceptions", ()))
    return End(scorecard, day, cells, base, base + moved, **more)


def parts(found: Waterfall) -> dict[str, int]:
    return {move.cause: move.hundredths for move in found.moves}


def who(found: Waterfall, cause: str) -> dict[str, int]:
    return {one.code: one.hundredths for move in found.moves if move.cause == cause for one in move.effects}


TWO = card(item("x"), item("y"))


def test_a_newer_month_is_new_data_and_belongs_to_its_kpi() -> None:
    found = waterfall(end(TWO, seen(x=40, y=80)), end(TWO, seen(x=(60, NOVEMBER), y=80), START))

    assert (found.start, found.end) == (6000, 7000)
    assert parts(found) == {"new": 1000}
    assert who(found, "new") == {"x": 1000}


def test_another_figure_for_the_same_month_is_a_correction() -> None:
    found = waterfall(end(TWO, seen(x=40, y=80)), end(TWO, seen(x=50, y=80)))

    assert parts(found) == {"corrected": 500}


def test_a_month_that_is_corrected_and_then_followed_is_both() -> None:
    start, last = end(TWO, seen(x=40, y=80)), end(TWO, seen(x=(60, NOVEMBER), y=80))

    found = waterfall(start, last, later=seen(x=50))

    # Correction first: 5 and 5; new month first: the correction changes nothing any more: 10. On average 2.5 and 7.5.
    assert parts(found) == {"corrected": 250, "new": 750}


def test_a_value_taken_back_is_a_correction() -> None:
    assert parts(waterfall(end(TWO, seen(x=40, y=80)), end(TWO, seen(y=80)))) == {"corrected": 2000}


def test_a_kpi_that_comes_in_bears_what_it_takes_from_the_others() -> None:
    found = waterfall(end(TWO, seen(y=80)), end(TWO, seen(x=40, y=80)))

    assert parts(found) == {"new": -2000}
    assert who(found, "new") == {"x": -2000}


def test_ageing_alone_moves_a_score_and_says_whose_weight_faded() -> None:
    cells = seen(x=(90, date(2026, 8, 1)), y=(50, NOVEMBER))
    found = waterfall(end(TWO, cells, date(2026, 11, 1)), end(TWO, cells, date(2026, 11, 30)))

    assert set(parts(found)) == {"ageing"}
    assert found.end - found.start == parts(found)["ageing"] < 0
    assert who(found, "ageing") == {"x": found.end - found.start}


def test_weights_belong_to_the_category_or_the_kpi_whose_weight_changed() -> None:
    one = card(item("x", "a"), item("y", "b"), categories={"a": 1, "b": 1})
    other = card(item("x", "a"), item("y", "b"), categories={"a": 3, "b": 1})
    heavier = card(item("x", weight=3), item("y", weight=1))

    found = waterfall(end(one, seen(x=40, y=80)), end(other, seen(x=40, y=80)))
    assert parts(found) == {"weights": -1000}
    assert {move.kind for move in found.moves[0].effects} == {"category"}

    found = waterfall(end(TWO, seen(x=40, y=80)), end(heavier, seen(x=40, y=80)))
    assert parts(found) == {"weights": -1000}
    assert who(found, "weights") == {"x": -1000}


def test_ranges_and_kpis_in_and_out_are_definition() -> None:
    easier = ((Decimal(0), 0), (Decimal(30), 50), (Decimal(60), 75), (Decimal(90), 100))
    found = waterfall(end(TWO, seen(x=40, y=80)), end(card(item("x", anchors=easier), item("y")), seen(x=40, y=80)))
    assert set(parts(found)) == {"definition"}
    assert set(who(found, "definition")) == {"x"}

    found = waterfall(end(TWO, seen(x=40, y=80)), end(card(item("y"), item("z")), seen(y=80, z=20)))
    assert sum(parts(found).values()) == 5000 - 6000
    assert set(parts(found)) == {"definition"}


def test_caps_are_a_part_of_their_own() -> None:
    capped = (("Champion left", -1000),)
    found = waterfall(end(TWO, seen(x=60, y=80)), end(TWO, seen(x=60, y=80), exceptions=capped))

    assert parts(found) == {"exceptions": -1000}
    assert who(found, "exceptions") == {"Champion left": -1000}
    assert parts(waterfall(end(TWO, seen(x=60, y=80), exceptions=capped), end(TWO, seen(x=60, y=80)))) == {
        "exceptions": 1000
    }


def test_under_too_little_data_the_known_data_are_compared() -> None:
    start = End(TWO, START, seen(x=40), 4000, None)
    found = waterfall(start, end(TWO, seen(x=40, y=80)))

    assert (found.start, found.end, found.scored) == (4000, 6000, False)


def test_nothing_moved() -> None:
    assert waterfall(end(TWO, seen(x=40)), end(TWO, seen(x=40))).moves == ()


def test_rounding_goes_to_those_who_moved() -> None:
    assert share_out({"a": 1 / 3, "b": 1 / 3, "c": 1 / 3, "d": 0.0}, 100) == {"a": 34, "b": 33, "c": 33, "d": 0}
    assert (
        share_out({"a": -0.005, "b": 0.005}, 0) == {"a": 0, "b": 0}
        or sum(share_out({"a": -0.005, "b": 0.005}, 0).values()) == 0
    )


KPIS = "pqrst"
numbers = st.integers(0, 1000).map(lambda tenths: tenths / 10)
months = st.integers(0, 5).map(lambda back: (OCTOBER - timedelta(days=31 * back)).replace(day=1))


@st.composite
def cards(draw: Any) -> Scorecard:
    kept = draw(st.lists(st.sampled_from(KPIS), min_size=2, unique=True))
    weights = st.integers(1, 3)
    middle = draw(st.integers(20, 60))
    anchors = ((Decimal(0), 0), (Decimal(middle), 50), (Decimal(middle + 20), 75), (Decimal(100), 100))
    chosen = [
        item(kpi, draw(st.sampled_from("ab")), draw(weights), anchors if draw(st.booleans()) else anchors[::1])
        for kpi in sorted(kept)
    ]
    return card(*chosen, categories={"a": draw(weights), "b": draw(weights)})


@st.composite
def ends(draw: Any, day: date) -> End | None:
    scorecard = draw(cards())
    cells = {}
    for kpi in scorecard.kpis:
        if draw(st.booleans()):
            month, number = draw(months), draw(numbers)
            cells[kpi] = Seen(f"{kpi}{month}{number}", month, number)
    base = base_of(scorecard, cells, day)
    return None if base == NOT_KNOWN else End(scorecard, day, cells, base, base)


@unhurried
@given(ends(START), ends(LATER), st.dictionaries(st.sampled_from(KPIS), st.none() | numbers))
def test_the_parts_always_sum_to_the_change(start: End | None, last: End | None, then: dict[str, float | None]) -> None:
    if start is None or last is None:
        return
    later = {
        kpi: None if number is None else Seen(f"later {kpi}", start.seen[kpi].month, number)
        for kpi, number in then.items()
        if kpi in start.seen
    }

    found = waterfall(start, last, later=later)

    assert found.start + sum(move.hundredths for move in found.moves) == found.end
    for move in found.moves:
        assert sum(effect.hundredths for effect in move.effects) == move.hundredths


@unhurried
@given(ends(START), ends(START))
def test_there_and_back_are_opposites(one: End | None, other: End | None) -> None:
    """Under the same day and month nothing but the direction differs, so every part turns its sign (to a rounding)."""
    if one is None or other is None:
        return
    start = End(one.card, START, {k: Seen(s.id, OCTOBER, s.value) for k, s in one.seen.items()}, one.base, one.base)
    last = End(other.card, START, {k: Seen(s.id, OCTOBER, s.value) for k, s in other.seen.items()}, 0, 0)
    if set(start.seen) != set(last.seen):
        return
    bases = [base_of(side.card, dict(side.seen), START) for side in (start, last)]
    if NOT_KNOWN in bases:
        return
    start, last = (
        End(side.card, START, side.seen, base, base) for side, base in zip((start, last), bases, strict=True)
    )

    there, back = parts(waterfall(start, last)), parts(waterfall(last, start))

    for cause in {*there, *back}:
        assert there.get(cause, 0) == pytest.approx(-back.get(cause, 0), abs=2)
