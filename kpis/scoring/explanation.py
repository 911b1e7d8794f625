"""One account's score laid open: the same numbers as the portfolio's, as sentences can quote them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import numpy as np
from numpy.typing import ArrayLike

from kpis.freshness import MONTH_DAYS
from kpis.scoring.exceptions import AppliedException, ScoreException, with_exceptions
from kpis.scoring.points import kpi_bands
from kpis.scoring.portfolio import NOT_KNOWN, PortfolioScores, score_portfolio
from kpis.scoring.scorecard import Scorecard


@dataclass(frozen=True)
class Part:
    """What one KPI adds. value, points, freshness and age_days are None when the KPI has no value.

    state: "fresh", "fading" (counts less), "stale" (counts no more) or "missing". band: by its own points.
    weight: impact 0..3; weight_share: its part of the whole score's weight now, 0..1.
    """

    kpi: str
    category: str
    state: str
    value: float | None
    points: float | None
    band: str
    age_days: float | None
    freshness: float | None
    weight: Decimal
    weight_share: float
    contribution_hundredths: int


@dataclass(frozen=True)
class CategoryPart:
    """What one category adds; score 0..100 and None without data, weight_share and coverage 0..1."""

    category: str
    weight: Decimal
    weight_share: float
    score: float | None
    coverage: float
    contribution_hundredths: int


@dataclass(frozen=True)
class Explanation:
    """A score and everything it is made of.

    score: two places, None = unknown. base: before exceptions, None = no data; the contributions sum to it
    exactly, per category and in total. exceptions: those that moved the score, in order.
    """

    score: Decimal | None
    base: Decimal | None
    band: str
    coverage: float
    low: Decimal
    high: Decimal
    categories: tuple[CategoryPart, ...]
    parts: tuple[Part, ...]
    exceptions: tuple[AppliedException, ...]


def as_points(hundredths: int) -> Decimal | None:
    """Hundredths as points with two places; None for unknown."""
    return None if hundredths == NOT_KNOWN else Decimal(int(hundredths)).scaleb(-2)


def explain(
    scorecard: Scorecard,
    values: ArrayLike,
    ages_days: ArrayLike,
    *,
    period_days: ArrayLike = MONTH_DAYS,
    exceptions: Sequence[ScoreException] = (),
    on: date | None = None,
) -> Explanation:
    """Explain one account.

    values, ages_days: (n_kpis,) in the order of `scorecard.kpis`, NaN = missing. `on` is needed with exceptions.
    """
    row, ages = np.atleast_2d(np.asarray(values, float)), np.atleast_2d(np.asarray(ages_days, float))
    scores = score_portfolio(scorecard, row, ages, period_days=period_days)
    if not exceptions:
        return explain_row(scores, 0, values=row[0], ages_days=ages[0])
    if on is None:
        raise ValueError("exceptions hold on a day: say which")
    limited = with_exceptions(scores, {0: exceptions}, on=on)
    return explain_row(limited.scores, 0, values=row[0], ages_days=ages[0], exceptions=limited.applied.get(0, ()))


def explain_row(
    scores: PortfolioScores,
    row: int,
    *,
    values: ArrayLike,
    ages_days: ArrayLike,
    exceptions: tuple[AppliedException, ...] = (),
) -> Explanation:
    """Explain one row of scores already computed; values and ages_days (n_kpis,) are what it was computed from."""
    low, high = as_points(int(scores.low_hundredths[row])), as_points(int(scores.high_hundredths[row]))
    return Explanation(
        score=as_points(int(scores.score_hundredths[row])),
        base=as_points(int(scores.base_hundredths[row])),
        band=str(scores.bands[row]),
        coverage=float(scores.coverage[row]),
        low=low if low is not None else Decimal(0),
        high=high if high is not None else Decimal(100),
        categories=_category_parts(scores, row),
        parts=_parts(scores, row, np.asarray(values, float), np.asarray(ages_days, float)),
        exceptions=exceptions,
    )


def _category_parts(scores: PortfolioScores, row: int) -> tuple[CategoryPart, ...]:
    return tuple(
        CategoryPart(
            category=code,
            weight=weight,
            weight_share=float(scores.category_weight_share[row, at]),
            score=_known(scores.category_scores[row, at]),
            coverage=float(scores.category_coverage[row, at]),
            contribution_hundredths=int(scores.category_contribution_hundredths[row, at]),
        )
        for at, (code, weight) in enumerate(scores.scorecard.categories.items())
    )


def _parts(scores: PortfolioScores, row: int, values: np.ndarray, ages_days: np.ndarray) -> tuple[Part, ...]:
    bands = kpi_bands(scores.kpi_points[row])
    return tuple(
        Part(
            kpi=item.kpi,
            category=item.category,
            state=_state(scores.kpi_freshness[row, at]),
            value=_known(values[at]),
            points=_known(scores.kpi_points[row, at]),
            band=str(bands[at]),
            age_days=None if np.isnan(values[at]) else _known(ages_days[at]),
            freshness=_known(scores.kpi_freshness[row, at]),
            weight=item.weight,
            weight_share=float(scores.kpi_weight_share[row, at]),
            contribution_hundredths=int(scores.kpi_contribution_hundredths[row, at]),
        )
        for at, item in enumerate(scores.scorecard.items)
    )


def _state(freshness: float) -> str:
    if np.isnan(freshness):
        return "missing"
    if freshness >= 1.0:
        return "fresh"
    return "fading" if freshness > 0.0 else "stale"


def _known(number: float) -> float | None:
    return None if np.isnan(number) else float(number)


def top_drivers(scores: PortfolioScores) -> tuple[list[str], list[int]]:
    """For each account the KPI whose distance from its best costs the score most, and the hundredths; "" for none."""
    lost = scores.kpi_weight_share * np.nan_to_num(100.0 - scores.kpi_points) * 100.0
    most = lost.argmax(axis=1)
    costs = np.rint(lost[np.arange(len(lost)), most]).astype(int).tolist()
    codes = scores.scorecard.kpis
    return [codes[at] if cost > 0 else "" for at, cost in zip(most.tolist(), costs, strict=True)], costs
