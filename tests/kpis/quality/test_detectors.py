"""Faults that are planted into clean figures are found, and clean figures are left in peace."""

from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest

from kpis.quality import Cube, Measure, detect

MONTHS = [date(2025 + number // 12, number % 12 + 1, 1) for number in range(23)]  # to November 2026
NOW = date(2026, 11, 1)
MEASURES = [
    Measure("reply", "Reply time", "h", 0, None),
    Measure("seats", "Seat use", "%", 0, 120),
    Measure("late", "Days outstanding", "days", 0, None),
    Measure("value", "Realised value", "USD"),
    *(Measure(f"score{number}", f"Score {number}", "0-100", 0, 100) for number in range(8)),
]
LEVELS = np.array([6.0, 55.0, 38.0, 5200.0, *([50.0] * 8)])


def clean(accounts: int = 40, seed: int = 1, noise: float = 0.06) -> Cube:
    """Accounts of different levels that wander a little, rounded as people write figures."""
    dice = np.random.default_rng(seed)
    levels = LEVELS[None, :, None] * dice.uniform(0.6, 1.5, (accounts, len(MEASURES), 1))
    drift = 1 + np.cumsum(dice.normal(0, 0.01, (accounts, len(MEASURES), len(MONTHS))), axis=2)
    values = levels * drift * dice.normal(1, noise, (accounts, len(MEASURES), len(MONTHS)))
    values = np.round(np.clip(values, 0.1, None), 1).astype(np.float64)
    return Cube(values, np.ones(values.shape, bool), MEASURES, MONTHS, NOW)


def planted(cube: Cube, *where: int | slice, value: Any) -> Cube:
    values = cube.values.copy()
    values[where] = value
    return replace(cube, values=values)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("noise", [0.0, 0.06, 0.25])
def test_clean_figures_are_left_in_peace(seed: int, noise: float) -> None:
    assert detect(clean(seed=seed, noise=noise)) == []


def test_seasons_steps_and_slow_change_are_life() -> None:
    cube = clean(noise=0.03)
    months = np.arange(len(MONTHS))
    for change in (1 + 0.5 * np.sin(months / 2), np.where(months > 11, 3.0, 1.0), 1.12**months, 0.9**months):
        assert detect(replace(cube, values=np.round(cube.values * change, 1))) == []


def test_gaps_and_short_histories_say_nothing() -> None:
    cube = clean()
    values = cube.values.copy()
    values[:, :, :-3] = np.nan
    values[0, 0, -1] *= 60
    assert detect(replace(cube, values=values)) == []
    assert detect(replace(cube, values=np.full(values.shape, np.nan))) == []


@pytest.mark.parametrize(
    ("kpi", "factor", "words"),
    [
        (0, 60, "minutes for hours"),
        (0, 1 / 24, "days for hours"),
        (1, 1 / 100, "a fraction for a percentage"),
        (2, 24, "hours for days"),
        (3, 1000, "thousands for ones"),
        (3, 1 / 1000, "thousands for ones"),
        (3, 100, "hundredths for ones"),
    ],
)
@pytest.mark.parametrize("month", [0, 9, 22])
def test_another_unit_is_found_and_mended(kpi: int, factor: float, words: str, month: int) -> None:
    cube = clean()
    right = cube.values[7, kpi, month]
    (found,) = detect(planted(cube, 7, kpi, month, value=right * factor))
    assert (found.kind, found.place) == ("unit", (7, kpi, month))
    assert words in found.why
    assert found.proposed == pytest.approx(right)


def test_a_whole_month_in_another_unit_is_found_for_every_account() -> None:
    cube = clean()
    found = detect(planted(cube, slice(None), 0, 22, value=cube.values[:, 0, 22] * 60))
    assert {one.kind for one in found} == {"unit"}
    assert len(found) == 40


def short(*figures: float, kpi: int = 1) -> list[Any]:
    """What is found in one account's history of a few months, all others empty."""
    values = np.full((1, len(MEASURES), len(MONTHS)), np.nan)
    values[0, kpi, -len(figures) :] = figures
    return detect(Cube(values, np.ones(values.shape, bool), MEASURES, MONTHS, NOW))


def test_two_slips_in_a_short_history_do_not_hide_each_other() -> None:
    found = short(61, 62, 0.6, 63, 0.61, 60, 64)
    assert [(one.kind, one.month, one.proposed) for one in found] == [("unit", 18, 60), ("unit", 20, 61)]
    assert "what most other months say (5 of them)" in found[0].why
    assert [one.month for one in short(6, 6.2, 144, 6.1, 5.9, 366, 6, kpi=0)] == [18, 21]


def test_half_a_short_history_in_another_unit_is_no_slip() -> None:
    assert short(0.6, 61, 0.62, 63, 0.61, 60, 64) == []


def test_recall_on_faults_planted_at_random() -> None:
    """Nine of ten faults are found, and nothing else is doubted."""
    dice, cube = np.random.default_rng(4), clean(accounts=200)
    values, places = cube.values.copy(), set()
    for account in range(0, 200, 2):
        kpi, month = int(dice.integers(0, len(MEASURES))), int(dice.integers(1, 22))
        factor = {0: 60.0, 1: 0.01, 2: 24.0, 3: 1000.0}.get(kpi, 9.0)
        values[account, kpi, month] *= factor
        places.add((account, kpi, month))
    found = {one.place for one in detect(replace(cube, values=values))}
    assert found <= places
    assert len(found) >= 0.9 * len(places)


def test_an_outlier_between_two_usual_months() -> None:
    cube = clean(noise=0.03)
    (found,) = detect(planted(cube, 3, 4, 10, value=5.0))
    assert (found.kind, found.place, found.proposed) == ("outlier", (3, 4, 10), None)
    assert found.evidence["months"] == 22


def test_a_drop_that_lasts_is_no_outlier() -> None:
    cube = clean(noise=0.03)
    assert detect(planted(cube, 3, 4, slice(18, None), value=cube.values[3, 4, 18:] / 4)) == []


def test_one_figure_for_everybody() -> None:
    found = detect(planted(clean(), slice(None), 5, 20, value=47.3))
    assert len(found) == 40
    assert {(one.kind, one.kpi, one.month, one.proposed) for one in found} == {("duplicate", 5, 20, None)}
    assert "40 of 40 accounts" in found[0].why


def test_a_figure_that_is_usual_for_everybody_is_no_duplicate() -> None:
    cube = clean()
    assert [one for one in detect(planted(cube, slice(None), 5, 20, value=100.0)) if one.kind == "duplicate"] == []
    assert detect(planted(cube, slice(None), 5, slice(None), value=47.3)) == []


def test_a_row_that_is_another_accounts() -> None:
    cube = clean()
    found = detect(planted(cube, 9, slice(None), 15, value=cube.values[4, :, 15]))
    assert {(one.kind, one.account, one.month) for one in found} == {("duplicate", 9, 15)}
    assert len(found) == len(MEASURES)


def test_a_month_that_is_the_one_before() -> None:
    cube = clean()
    found = detect(planted(cube, 6, slice(None), 22, value=cube.values[6, :, 21]))
    assert {(one.kind, one.account, one.month) for one in found} == {("date", 6, 22)}
    assert "October 2026, again" in found[0].why


def test_an_account_that_never_moves_is_left_in_peace() -> None:
    cube = clean()
    assert detect(planted(cube, 6, slice(None), slice(None), value=cube.values[6, :, :1])) == []


def test_months_that_have_not_begun() -> None:
    cube = replace(clean(), now=date(2026, 9, 1))
    values = cube.values.copy()
    values[:, :, 21:] = np.nan
    values[2, 1, 22] = 55.0
    values[2, 1, 10] = np.nan
    values[3, 1, 22] = 55.0
    found = detect(replace(cube, values=values))
    assert {(one.kind, one.account, one.move_to) for one in found} == {
        ("date", 2, date(2025, 11, 1)),
        ("date", 3, None),
    }


def test_only_what_is_looked_at_is_said() -> None:
    cube = planted(clean(), 7, 0, 9, value=400.0)
    assert detect(replace(cube, look=np.zeros(cube.values.shape, bool))) == []
