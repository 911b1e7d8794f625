"""What must hold for every scorecard and every account, searched for counterexamples by hypothesis."""

from dataclasses import fields, replace
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpis.catalogue import BY_CODE, CATALOGUE
from kpis.scoring import PortfolioScores, Scorecard, ScoreItem, default_scorecard, explain, points_of, score_portfolio
from tests.kpis.scoring.cards import NAN, thorough, unhurried

CARD = default_scorecard()
WEIGHTED = [kpi for kpi in CATALOGUE if kpi.weight]
ages = st.sampled_from([0, 10, 45, 46, 60.5, 89, 90, 119.9, 120, 134, 250, 400])


def value_of(kpi):
    """A value within the hard limits, anchors and missing values among them."""
    edges = [float(value) for value, _ in kpi.anchors]
    inside = st.floats(edges[0] - 1, edges[-1] + 1, allow_nan=False).filter(
        lambda v: float(kpi.minimum) <= v <= float(kpi.maximum)
    )
    return st.one_of(inside, st.sampled_from(edges), st.just(NAN))


@st.composite
def accounts(draw, least=3, most=12):
    """A scorecard of some catalogue KPIs with drawn weights, and one account's values and ages."""
    kpis = draw(st.lists(st.sampled_from(CATALOGUE), min_size=least, max_size=most, unique=True))
    items = tuple(ScoreItem(kpi.code, kpi.category, Decimal(draw(st.integers(0, 3))), kpi.anchors, 30) for kpi in kpis)
    items = (replace(items[0], weight=Decimal(1)), *items[1:])
    categories = {i.category: Decimal(draw(st.integers(1, 9))) / 20 for i in items}
    values = [draw(value_of(kpi)) for kpi in kpis]
    return Scorecard("drawn", categories, items), values, [float(draw(ages)) for _ in kpis]


def score(card, values, ages_days):
    return score_portfolio(card, np.atleast_2d(values), np.atleast_2d(ages_days))


@given(accounts())
@thorough
def test_contributions_sum_exactly_to_the_score_per_category_and_in_total(drawn):
    card, values, ages_days = drawn

    result = score(card, values, ages_days)

    parts = result.kpi_contribution_hundredths[0]
    categories = result.category_contribution_hundredths[0]
    assert parts.sum() == categories.sum() == max(result.base_hundredths[0], 0)
    for at, code in enumerate(card.categories):
        assert categories[at] == sum(p for p, i in zip(parts, card.items, strict=True) if i.category == code)
    assert (parts >= 0).all()
    assert (parts[np.isnan(values)] == 0).all()


@given(accounts())
@unhurried
def test_each_contribution_is_within_a_hundredth_or_two_of_share_times_points(drawn):
    card, values, ages_days = drawn

    result = score(card, values, ages_days)

    exact = result.kpi_weight_share[0] * np.nan_to_num(result.kpi_points[0]) * 100
    assert (np.abs(result.kpi_contribution_hundredths[0] - exact) < 2).all()
    assert result.kpi_weight_share[0].sum() == pytest.approx(1 if result.base_hundredths[0] >= 0 else 0)


@given(accounts(), st.randoms(use_true_random=False))
@unhurried
def test_the_order_of_kpis_and_categories_does_not_matter(drawn, random):
    card, values, ages_days = drawn
    order = list(range(len(card.items)))
    random.shuffle(order)
    codes = list(card.categories)
    random.shuffle(codes)
    shuffled = replace(
        card,
        items=tuple(card.items[at] for at in order),
        categories={code: card.categories[code] for code in codes},
    )

    one = score(card, values, ages_days)
    other = score(shuffled, [values[at] for at in order], [ages_days[at] for at in order])

    for name in ("score_hundredths", "base_hundredths", "low_hundredths", "high_hundredths", "coverage", "bands"):
        assert getattr(one, name).tolist() == getattr(other, name).tolist(), name
    parts = one.kpi_contribution_hundredths[0][order]
    assert parts.tolist() == other.kpi_contribution_hundredths[0].tolist()


@given(accounts(), st.data())
@thorough
def test_adding_a_missing_kpi_keeps_the_score_within_its_former_bounds(drawn, data):
    card, values, ages_days = drawn
    missing = [at for at, value in enumerate(values) if np.isnan(value)]
    if not missing:
        return
    at = data.draw(st.sampled_from(missing))
    known = value_of(BY_CODE[card.items[at].kpi]).filter(lambda v: not np.isnan(v))
    fuller = [data.draw(known) if n == at else value for n, value in enumerate(values)]

    before, after = score(card, values, ages_days), score(card, fuller, ages_days)

    assert before.low_hundredths[0] <= after.base_hundredths[0] <= before.high_hundredths[0] or (
        after.base_hundredths[0] == -1  # the added value is stale: it says nothing
    )
    assert before.low_hundredths[0] <= after.low_hundredths[0]
    assert after.high_hundredths[0] <= before.high_hundredths[0]
    assert after.coverage[0] >= before.coverage[0]


@given(accounts())
@unhurried
def test_the_score_lies_within_its_bounds_and_full_coverage_leaves_none(drawn):
    card, values, ages_days = drawn

    result = score(card, values, ages_days)

    if result.base_hundredths[0] >= 0:
        assert result.low_hundredths[0] <= result.base_hundredths[0] <= result.high_hundredths[0]
    if result.coverage[0] == 1:
        assert result.low_hundredths[0] == result.base_hundredths[0] == result.high_hundredths[0]


@given(accounts(), st.data())
@unhurried
def test_ageing_never_adds_coverage_and_never_narrows_the_bounds(drawn, data):
    card, values, ages_days = drawn
    older = [age + data.draw(st.floats(0, 200)) for age in ages_days]

    now, later = score(card, values, ages_days), score(card, values, older)

    assert later.coverage[0] <= now.coverage[0]
    assert later.low_hundredths[0] <= now.low_hundredths[0]
    assert later.high_hundredths[0] >= now.high_hundredths[0]


@given(accounts())
@unhurried
def test_an_explanation_has_the_very_numbers_of_the_portfolio(drawn):
    card, values, ages_days = drawn
    others = [[NAN] * len(values), [float(v) for v in range(len(values))]]

    among = score_portfolio(card, [others[0], values, others[1]], [ages_days] * 3)
    told = explain(card, values, ages_days)

    assert [p.contribution_hundredths for p in told.parts] == among.kpi_contribution_hundredths[1].tolist()
    assert [p.weight_share for p in told.parts] == among.kpi_weight_share[1].tolist()
    assert [c.contribution_hundredths for c in told.categories] == (among.category_contribution_hundredths[1].tolist())
    assert told.coverage == among.coverage[1]
    assert told.band == among.bands[1]
    known = among.score_hundredths[1]
    assert told.score == (None if known == -1 else Decimal(int(known)) / 100)
    for part, value in zip(told.parts, values, strict=True):
        assert (part.state == "missing") == (part.value is None) == (part.points is None) == bool(np.isnan(value))


def _context(seed, missing):
    random = np.random.default_rng(seed)
    low = np.array([float(item.anchors[0][0]) for item in CARD.items])
    high = np.array([float(item.anchors[-1][0]) for item in CARD.items])
    values = low + (high - low) * random.random(len(low))
    values[random.random(len(low)) < missing] = NAN
    return values


def _grid(kpi):
    edges = [float(value) for value, _ in kpi.anchors]
    near = [np.nextafter(edge, sign * np.inf) for edge in edges for sign in (-1, 1)]
    span = np.linspace(edges[0] - 1, edges[-1] + 1, 301)
    grid = np.unique(np.concatenate([span, edges, near]))
    return grid[(grid >= float(kpi.minimum)) & (grid <= float(kpi.maximum))]


@pytest.mark.parametrize("kpi", CATALOGUE, ids=lambda kpi: kpi.code)
def test_points_are_monotone_in_the_kpis_good_direction(kpi):
    grid = _grid(kpi)
    steps = np.diff(points_of(grid, kpi.anchors))

    if kpi.direction == "up":
        assert (steps >= 0).all()
    elif kpi.direction == "down":
        assert (steps <= 0).all()
    else:
        plateau = [float(value) for value, points in kpi.anchors if points == 100]
        assert (steps[grid[1:] <= plateau[0]] >= 0).all()
        assert (steps[grid[:-1] >= plateau[-1]] <= 0).all()


@pytest.mark.parametrize("kpi", WEIGHTED, ids=lambda kpi: kpi.code)
@pytest.mark.parametrize(("seed", "missing"), [(1, 0.0), (2, 0.5)])
def test_the_score_falls_when_a_single_kpi_worsens(kpi, seed, missing):
    grid, column = _grid(kpi), CARD.kpis.index(kpi.code)
    rows = np.tile(_context(seed, missing), (len(grid), 1))
    rows[:, column] = grid

    result = score(CARD, rows, np.zeros_like(rows))

    better = np.argsort(result.kpi_points[:, column], kind="stable")
    in_order = result.base_hundredths[better]
    assert (np.diff(in_order) >= 0).all()
    assert in_order[0] < in_order[-1]


@pytest.mark.parametrize("kpi", CATALOGUE, ids=lambda kpi: kpi.code)
def test_points_are_continuous(kpi):
    grid = _grid(kpi)
    steepest = max(
        abs((p2 - p1) / float(v2 - v1)) for (v1, p1), (v2, p2) in zip(kpi.anchors, kpi.anchors[1:], strict=False)
    )

    assert (np.abs(np.diff(points_of(grid, kpi.anchors))) <= steepest * np.diff(grid) + 1e-9).all()


@pytest.mark.parametrize("kpi", CATALOGUE, ids=lambda kpi: kpi.code)
def test_no_decimal_falls_between_two_bands(kpi):
    for edge, points in kpi.anchors:
        if points in (50, 75):
            around = np.array([np.nextafter(float(edge), -np.inf), float(edge), np.nextafter(float(edge), np.inf)])
            got = points_of(around, kpi.anchors)
            assert got[1] == points
            assert (np.abs(got - points) < 1e-9).all()


def test_every_account_alone_gives_the_same_bits_as_in_the_portfolio():
    rows = np.stack([_context(seed, missing) for seed, missing in enumerate([0, 0.2, 0.5, 0.9, 1.0] * 3)])
    old = np.random.default_rng(5).integers(0, 150, rows.shape).astype(float)
    together = score(CARD, rows, old)

    for row in range(len(rows)):
        alone = score(CARD, rows[row], old[row])
        for field in fields(PortfolioScores):
            if field.name != "scorecard":
                one, other = getattr(alone, field.name)[0], getattr(together, field.name)[row]
                assert one.tobytes() == other.tobytes(), field.name


def test_scoring_twice_gives_the_same_bytes_and_leaves_its_input_alone():
    rows = np.stack([_context(seed, 0.3) for seed in range(20)])
    before = rows.copy()
    first, second = score(CARD, rows, np.zeros_like(rows)), score(CARD, rows, np.zeros_like(rows))

    assert rows.tobytes() == before.tobytes()
    for field in fields(PortfolioScores):
        if field.name != "scorecard":
            assert getattr(first, field.name).tobytes() == getattr(second, field.name).tobytes()
