"""Score many accounts at once. Every operation is elementwise per account, so one account alone gives the same bits.

Shares, coverage and bounds follow the scoring rules (docs/decisions/0003-scoring-anchors.md):
a category is the mean of its present KPIs by impact weight x freshness; the score is the mean of the categories
that have data by category weight; what is missing is never zero, it widens the bounds and lowers the coverage.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kpis.freshness import MONTH_DAYS, freshness
from kpis.scoring.apportion import MICRO, apportion, rounded
from kpis.scoring.points import points_of
from kpis.scoring.scorecard import GREEN, RED, UNKNOWN, YELLOW, Scorecard

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

NOT_KNOWN = -1  # in integer scores; NaN in float ones
DUST = 1e-9  # float noise of a sum of shares
# A bound may differ from the exact one by less than this many hundredths, so that no rounding puts a score outside.
BOUND_SLACK = 1e-4


@dataclass(frozen=True, eq=False)
class PortfolioScores:
    """Scores of n accounts under one scorecard; columns of KPIs and categories in the scorecard's order.

    score_hundredths: 0..10000, -1 = unknown (coverage too low). base_hundredths: the same before exceptions and
    whatever the coverage, -1 = no data at all; the contributions sum to it exactly, per category and in total.
    exception_hundredths: what caps and floors added; score = base + exception.
    low_hundredths, high_hundredths: the score if everything missing were at its worst and at its best.
    coverage: weight present / weight total, 0..1. category_scores, kpi_points: 0..100, NaN = no data.
    kpi_freshness: 0..1, NaN = missing. kpi_weight_share: part of the score's weight, each row sums to 1.
    """

    scorecard: Scorecard
    score_hundredths: Ints
    base_hundredths: Ints
    exception_hundredths: Ints
    low_hundredths: Ints
    high_hundredths: Ints
    coverage: Floats
    bands: NDArray[np.str_]
    category_scores: Floats
    category_coverage: Floats
    category_weight_share: Floats
    category_contribution_hundredths: Ints
    kpi_points: Floats
    kpi_freshness: Floats
    kpi_weight_share: Floats
    kpi_contribution_hundredths: Ints

    def __len__(self) -> int:
        return len(self.score_hundredths)

    @property
    def score(self) -> Floats:
        """0..100 with two places, NaN = unknown."""
        return np.where(self.score_hundredths == NOT_KNOWN, np.nan, self.score_hundredths / 100)

    @property
    def low(self) -> Floats:
        """Lower bound, 0..100."""
        return self.low_hundredths / 100

    @property
    def high(self) -> Floats:
        """Upper bound, 0..100."""
        return self.high_hundredths / 100

    @property
    def coverage_percent(self) -> Ints:
        """Whole per cent, rounded down so that 39.9 is not shown as the 40 that would give a score."""
        return np.floor(self.coverage * 100 + DUST).astype(np.int64)


def score_portfolio(
    scorecard: Scorecard,
    values: ArrayLike,
    ages_days: ArrayLike,
    *,
    period_days: ArrayLike = MONTH_DAYS,
) -> PortfolioScores:
    """Score every account.

    values: (n_accounts, n_kpis) in the order of `scorecard.kpis`, each in its KPI's unit; NaN = missing.
    ages_days: same shape, days since the end of each value's period. period_days: length of those periods.
    Raises ValueError on a wrong shape, an infinite value, or a value that can fade but has no age.
    """
    table, ages = _checked(scorecard, values, ages_days)
    periods = np.broadcast_to(np.asarray(period_days, dtype=np.float64), table.shape)
    points = np.empty_like(table)
    fresh = np.empty_like(table)
    for column, item in enumerate(scorecard.items):
        points[:, column] = points_of(table[:, column], item.anchors)
        fade = freshness(
            ages[:, column],
            item.cadence_days,
            period_days=periods[:, column],
            expires_days=item.expires_days,
        )
        fresh[:, column] = np.where(np.isnan(table[:, column]), np.nan, fade)
    return _combine(scorecard, points, fresh)


def band_of(scores_hundredths: Ints, scorecard: Scorecard) -> NDArray[np.str_]:
    """Colour band of each score; the printed two places decide, so 75.00 is green and 74.99 is not."""
    return np.select(
        [
            scores_hundredths == NOT_KNOWN,
            scores_hundredths >= int(scorecard.green_from * 100),
            scores_hundredths >= int(scorecard.yellow_from * 100),
        ],
        [UNKNOWN, GREEN, YELLOW],
        default=RED,
    )


def _checked(scorecard: Scorecard, values: ArrayLike, ages_days: ArrayLike) -> tuple[Floats, Floats]:
    # Column-major: the work goes KPI by KPI over all accounts.
    table = np.asfortranarray(values, dtype=np.float64)
    ages = np.asfortranarray(ages_days, dtype=np.float64)
    if table.ndim != 2 or table.shape[1] != len(scorecard.items) or ages.shape != table.shape:
        raise ValueError(f"values and ages must both be (accounts, {len(scorecard.items)})")
    if np.isinf(table).any():
        raise ValueError("an infinite number is not a KPI value")
    fading = np.array([item.cadence_days is not None for item in scorecard.items])
    if (np.isnan(ages) & ~np.isnan(table))[:, fading].any():
        raise ValueError("a value whose age is not known cannot be weighed")
    return table, ages


def _combine(scorecard: Scorecard, points: Floats, fresh: Floats) -> PortfolioScores:
    sums = _sums(scorecard, points, fresh)
    base, category_parts, kpi_parts = _contributions(scorecard, points, sums)
    coverage = np.minimum(sums.coverage, 1.0)
    enough = (coverage >= float(scorecard.minimum_coverage) - DUST) & (base != NOT_KNOWN)
    score = np.where(enough, base, NOT_KNOWN)
    complete = coverage >= 1.0 - DUST
    low = np.floor(sums.low * 100 + 0.5 - BOUND_SLACK).astype(np.int64)
    high = np.floor(sums.high * 100 + 0.5 + BOUND_SLACK).astype(np.int64)
    return PortfolioScores(
        scorecard=scorecard,
        score_hundredths=score,
        base_hundredths=base,
        exception_hundredths=np.zeros_like(base),
        low_hundredths=np.where(complete, base, np.clip(low, 0, 10_000)),
        high_hundredths=np.where(complete, base, np.clip(high, 0, 10_000)),
        coverage=coverage,
        bands=band_of(score, scorecard),
        category_scores=np.floor(sums.category_scores * 100 + 0.5) / 100,
        category_coverage=np.minimum(sums.category_coverage, 1.0),
        category_weight_share=sums.category_share,
        category_contribution_hundredths=category_parts,
        kpi_points=points,
        kpi_freshness=fresh,
        kpi_weight_share=sums.kpi_share,
        kpi_contribution_hundredths=kpi_parts,
    )


@dataclass(frozen=True, eq=False)
class _Sums:
    """Weighted sums of one scoring; (n, categories) and (n, kpis) in the scorecard's order, scores NaN = no data."""

    category_scores: Floats
    category_coverage: Floats
    category_share: Floats
    kpi_share: Floats
    coverage: Floats
    low: Floats
    high: Floats


def _columns(scorecard: Scorecard) -> dict[str, list[int]]:
    """Columns per category, both sorted by code: sums and ties must not depend on the order of the document."""
    order = sorted(range(len(scorecard.items)), key=lambda column: scorecard.items[column].kpi)
    return {
        category: [column for column in order if scorecard.items[column].category == category]
        for category in sorted(scorecard.categories)
    }


def _sums(scorecard: Scorecard, points: Floats, fresh: Floats) -> _Sums:
    accounts, position = len(points), {code: at for at, code in enumerate(scorecard.categories)}
    shape = (accounts, len(position))
    scores, covered, share = np.full(shape, np.nan), np.zeros(shape), np.zeros(shape)
    kpi_share = np.zeros_like(points)
    low, coverage, present_weight = np.zeros(accounts), np.zeros(accounts), np.zeros(accounts)
    weight_total = sum(_category_weight(scorecard, code) for code in sorted(position))
    for code, columns in _columns(scorecard).items():
        at, category_weight = position[code], _category_weight(scorecard, code)
        if not category_weight:
            continue
        nominal, effective, weighted = 0.0, np.zeros(accounts), np.zeros(accounts)
        for column in columns:
            weight = float(scorecard.items[column].weight)
            held = weight * np.nan_to_num(fresh[:, column])
            nominal += weight
            effective += held
            weighted += held * np.nan_to_num(points[:, column])
            kpi_share[:, column] = held
        has_data = effective > 0
        divisor = np.where(has_data, effective, 1.0)
        scores[:, at] = np.where(has_data, weighted / divisor, np.nan)
        covered[:, at] = effective / nominal
        share[:, at] = np.where(has_data, category_weight, 0.0)
        kpi_share[:, columns] /= divisor[:, None]
        present_weight += share[:, at]
        coverage += category_weight / weight_total * covered[:, at]
        low += category_weight / weight_total * weighted / nominal
    share /= np.where(present_weight > 0, present_weight, 1.0)[:, None]
    for code, columns in _columns(scorecard).items():
        kpi_share[:, columns] *= share[:, [position[code]]]
    return _Sums(scores, covered, share, kpi_share, coverage, low, low + 100.0 * (1.0 - coverage))


def _category_weight(scorecard: Scorecard, code: str) -> float:
    """The weight of a category that has any weighted KPI, else 0: it could never have data."""
    has_kpis = any(item.category == code and item.weight > 0 for item in scorecard.items)
    return float(scorecard.categories[code]) if has_kpis else 0.0


def _contributions(scorecard: Scorecard, points: Floats, sums: _Sums) -> tuple[Ints, Ints, Ints]:
    """The score in hundredths and its exact parts: (n,), (n, categories), (n, kpis)."""
    micro = np.rint(sums.kpi_share * np.nan_to_num(points) * (100 * MICRO)).astype(np.int64)
    groups = _columns(scorecard)
    by_category = np.stack([micro[:, columns].sum(axis=1) for columns in groups.values()], axis=1)
    base = rounded(by_category.sum(axis=1))
    category_parts = apportion(by_category, base)
    kpi_parts = np.zeros_like(micro)
    for at, columns in enumerate(groups.values()):
        if columns:
            kpi_parts[:, columns] = apportion(np.ascontiguousarray(micro[:, columns]), category_parts[:, at])
    sorted_codes = list(groups)
    in_order = [sorted_codes.index(code) for code in scorecard.categories]
    base = np.where(sums.kpi_share.any(axis=1), base, NOT_KNOWN)
    return base, category_parts[:, in_order], kpi_parts
