"""Whether a score really moved: both ends under today's scorecard, and more than by ageing alone."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kpis.freshness import MONTH_DAYS
from kpis.scoring.portfolio import NOT_KNOWN, score_portfolio
from kpis.scoring.scorecard import Scorecard

WINDOW_DAYS = 28
MINIMUM_CHANGE = 300  # hundredths

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Trend:
    """Change of n scores over the window, in hundredths.

    known: False where either end is unknown; then the numbers are 0 and mean nothing.
    ageing: the part that would have come with no new data. arrow: -1, 0 or 1.
    """

    known: NDArray[np.bool_]
    change: Ints
    ageing: Ints
    arrow: Ints


def portfolio_trend(
    scorecard: Scorecard,
    *,
    values: ArrayLike,
    ages_days: ArrayLike,
    values_then: ArrayLike,
    ages_then_days: ArrayLike,
    window_days: int = WINDOW_DAYS,
    period_days: ArrayLike = MONTH_DAYS,
) -> Trend:
    """Trend of every account between `window_days` ago and now, before exceptions.

    values_then, ages_then_days: what was valid at the start of the window and how old it was on that day.
    An arrow is shown only if the change is 3 points or more and larger than the effect of ageing alone.
    """
    now = score_portfolio(scorecard, values, ages_days, period_days=period_days)
    then = score_portfolio(scorecard, values_then, ages_then_days, period_days=period_days)
    older = np.asarray(ages_then_days, dtype=np.float64) + window_days
    aged = score_portfolio(scorecard, values_then, older, period_days=period_days)
    known = (now.score_hundredths != NOT_KNOWN) & (then.score_hundredths != NOT_KNOWN)
    change = np.where(known, now.base_hundredths - then.base_hundredths, 0)
    # With nothing left after ageing there is no aged score to compare with: the whole change is new data.
    ageing = np.where(known & (aged.base_hundredths != NOT_KNOWN), aged.base_hundredths - then.base_hundredths, 0)
    moved = (np.abs(change) >= MINIMUM_CHANGE) & (np.abs(change) > np.abs(ageing))
    return Trend(known, change, ageing, np.where(moved, np.sign(change), 0))
