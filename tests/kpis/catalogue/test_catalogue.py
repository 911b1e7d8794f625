import re
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from kpis.catalogue import (
    BY_CODE,
    BY_NUMBER,
    CATALOGUE,
    CATEGORIES,
    DEFINITIONS,
    PORTFOLIO_ONLY,
    TEMPLATE_59,
    TEMPLATE_ONLY,
)
from kpis.catalogue.definitions import Cadence, Direction, Level
from kpis.scoring import kpi_bands, points_of

# Counted or named steps: nothing lies between two of their values, so the ranges leave room between cells.
DISCRETE = {"champion_status", "advocacy_acts", "severe_incidents", "blocking_requests", "versions_behind"}


def _points(kpi, values):
    return points_of(np.array([float(v) for v in values]), kpi.anchors)


def _within(cell, value):
    """Whether a cell such as "<= 45", "-20..-5", "1" or "30-50 or 90-100" holds the value, both edges included."""
    for part in cell.split(" or "):
        if compared := re.fullmatch(r"(<=|>=|<|>) (-?[\d.]+)", part):
            edge = Decimal(compared[2])
            if {"<=": value <= edge, ">=": value >= edge, "<": value < edge, ">": value > edge}[compared[1]]:
                return True
        elif between := re.fullmatch(r"(-?[\d.]+?)(?:-|\.\.)(-?[\d.]+)", part):
            if Decimal(between[1]) <= value <= Decimal(between[2]):
                return True
        elif re.fullmatch(r"-?[\d.]+", part) and value == Decimal(part):
            return True
    return False


def _cell_of(kpi, value):
    """A value on an edge belongs to the better band, so the cells are asked from the best down."""
    cells = [("green", kpi.green), ("yellow", kpi.yellow), ("red", kpi.red)]
    return next((band for band, cell in cells if _within(cell, value)), None)


def _samples(kpi):
    if kpi.code == "champion_status":
        return [Decimal(0), Decimal(50), Decimal(100)]
    edges = [value for value, _ in kpi.anchors]
    if kpi.code in DISCRETE:
        return [Decimal(n) for n in range(12)]
    span = edges[-1] - edges[0]
    steps = [edges[0] + span * n / 400 for n in range(-40, 441)]
    near = [edge + sign * Decimal("0.000001") for edge in edges for sign in (-1, 1)]
    return [v for v in {*steps, *edges, *near} if kpi.minimum <= v <= kpi.maximum]


@pytest.mark.parametrize("kpi", CATALOGUE, ids=lambda kpi: kpi.code)
def test_points_agree_with_the_cells_of_the_range_table(kpi):
    samples = _samples(kpi)

    bands = kpi_bands(_points(kpi, samples))

    for value, band in zip(samples, bands, strict=True):
        expected = _cell_of(kpi, value)
        if kpi.code == "account_expansion" and expected is None:
            expected = "yellow"  # shown only: this KPI has no red
        assert band == expected, (kpi.name, value)


@pytest.mark.parametrize("kpi", CATALOGUE, ids=lambda kpi: kpi.code)
def test_a_value_on_an_edge_has_exactly_the_points_of_the_better_band(kpi):
    by_points = Counter(points for _, points in kpi.anchors)
    twice = 2 if kpi.direction == "band" else 1

    assert by_points[50] == by_points[75] == by_points[100] == twice
    assert _points(kpi, [v for v, _ in kpi.anchors]).tolist() == [p for _, p in kpi.anchors]


@pytest.mark.parametrize("kpi", CATALOGUE, ids=lambda kpi: kpi.code)
def test_anchors_rise_in_value_and_stay_within_the_hard_limits(kpi):
    values = [value for value, _ in kpi.anchors]

    assert values == sorted(set(values))
    assert kpi.minimum <= values[0]
    assert values[-1] <= kpi.maximum
    assert [points for _, points in kpi.anchors][0] in {0, 50, 100}


def test_one_slope_runs_through_a_kpi_that_no_limit_cuts():
    nps = BY_CODE["relationship_nps"]

    assert nps.anchors == tuple((Decimal(v), p) for v, p in ((-60, 0), (0, 50), (30, 75), (60, 100)))


def test_a_percentage_is_best_at_100_where_green_starts_below():
    assert BY_CODE["seat_use"].anchors[-1] == (Decimal(100), 100)
    assert BY_CODE["customer_roi"].anchors[-1] == (Decimal(300), 100)


def test_a_two_sided_kpi_has_a_plateau_and_falls_both_ways():
    plan = BY_CODE["plan_limit_use"]

    assert _points(plan, [0, 30, 40, 50, 60, 70, 80, 90, 95, 100, 120, 300]).tolist() == [
        0, 50, 62.5, 75, 100, 100, 100, 75, 62.5, 50, 0, 0,
    ]  # fmt: skip


def test_expansion_is_never_red():
    assert _points(BY_CODE["account_expansion"], [-100, -1, 0, 10, 20]).tolist() == [50, 50, 50, 75, 100]


def test_catalogue_has_62_kpis_in_five_categories():
    assert [kpi.number for kpi in CATALOGUE] == list(range(1, 63))
    assert Counter(kpi.category for kpi in CATALOGUE) == {
        "relationship": 12,
        "adoption": 14,
        "support": 13,
        "value": 12,
        "outcomes": 11,
    }
    assert sum(category.weight for category in CATEGORIES) == 1
    assert len(BY_CODE) == len(DEFINITIONS)


def test_every_kpi_of_the_catalogue_says_what_it_counts_and_what_it_does_not_say():
    for kpi in CATALOGUE:
        assert len(kpi.description) > 20, kpi.code
        assert len(kpi.caveats) > 15, kpi.code


def test_catalogue_uses_only_known_words():
    for kpi in DEFINITIONS:
        assert re.fullmatch(r"[a-z][a-z0-9_]*", kpi.code), kpi.code
        assert kpi.direction in get_args(Direction)
        assert kpi.level in get_args(Level)
        assert kpi.cadence in get_args(Cadence)
        assert kpi.category in {category.code for category in CATEGORIES}
        assert 0 <= kpi.weight <= 3
        assert set(kpi.sources) <= {"O", "O*", "U", "S", "K", "B", "V", "T", "J"}


def test_outcome_like_kpis_are_marked():
    assert [kpi.number for kpi in CATALOGUE if kpi.outcome_like] == [52, 53, 54]


def test_the_composite_adoption_index_is_shown_and_not_weighted_twice():
    assert [kpi.code for kpi in CATALOGUE if kpi.weight == 0] == ["adoption_index"]


def test_hard_limits_are_the_agreed_ones():
    rows = [line.split("\t") for line in (Path(__file__).with_name("limits.tsv")).read_text().splitlines()]

    assert len(rows) == 62
    for number, name, unit, minimum, maximum in rows:
        kpi = BY_NUMBER[int(number)]
        assert (kpi.name, kpi.unit) == (name, unit)
        assert (kpi.minimum, kpi.maximum) == (Decimal(minimum), Decimal(maximum))


def test_template_has_59_names_of_which_28_have_a_twin():
    twins = [entry for entry in TEMPLATE_59 if entry.kpi.number]

    assert len(TEMPLATE_59) == 59
    assert Counter(entry.original_category for entry in TEMPLATE_59) == {
        "Product Usage": 14,
        "Support": 11,
        "Customer Sentiment": 5,
        "Business Outcomes": 19,
        "Relationship Strength": 10,
    }
    assert len(twins) == 28
    assert all(entry.category == entry.kpi.category for entry in TEMPLATE_59)


def test_kpis_outside_the_catalogue_have_no_ranges_and_no_weight():
    for kpi in (*TEMPLATE_ONLY, *PORTFOLIO_ONLY):
        assert (kpi.number, kpi.anchors, kpi.weight) == (None, (), 0)


def test_portfolio_figures_are_marked():
    names = {kpi.name for kpi in PORTFOLIO_ONLY}

    assert {"Logo churn", "Revenue churn", "Renewal Rate", "Market share", "Win rate", "CLV:CAC"} <= names
    assert {"Customer Retention Rate", "Churn Rate (inverse)"} <= names
    assert all(kpi.portfolio_only for kpi in PORTFOLIO_ONLY)
    assert not any(kpi.portfolio_only for kpi in CATALOGUE)
