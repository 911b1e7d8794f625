"""How long a value counts: full weight while it is fresh, then fading to nothing. Pure, no Django.

A value is as old as the time since the END of its period: a figure for March is one day old on 1 April.
Rule 4 of the scoring rules: full until 1.5 x cadence, then linear to zero at 4 x cadence.
"""

import calendar
from datetime import date

import numpy as np
from numpy.typing import ArrayLike, NDArray

FULL_UNTIL, ZERO_AT = 1.5, 4.0  # in cadences
CADENCE_DAYS: dict[str, int | None] = {"week": 7, "month": 30, "quarter": 90, "once": None}
MONTH_DAYS = 30

Floats = NDArray[np.float64]


def month_end(period: date) -> date:
    """Last day of the month that `period` lies in."""
    return period.replace(day=calendar.monthrange(period.year, period.month)[1])


def age_in_days(period: date, on: date) -> int:
    """Days from the end of the period's month to `on`; 0 while the month still runs."""
    return max(0, (on - month_end(period)).days)


def freshness(
    ages_days: ArrayLike,
    cadence_days: float | None,
    *,
    period_days: ArrayLike = MONTH_DAYS,
    expires_days: float | None = None,
) -> Floats:
    """Share of its weight a value still has, 0..1, for an array of ages of one KPI.

    cadence_days: how often the KPI is expected; None = measured once, never fades.
    period_days: length of the period each value speaks of (scalar or same shape). A monthly figure cannot be
    fresher than a month, so the longer of the two is what the age is held against.
    expires_days: age at which the value has faded out completely, if earlier than the cadence says.
    """
    ages = np.asarray(ages_days, dtype=np.float64)
    if cadence_days is None:
        return np.ones_like(ages)
    cadence = np.maximum(float(cadence_days), np.asarray(period_days, dtype=np.float64))
    zero_at = ZERO_AT * cadence
    if expires_days is not None:
        zero_at = np.minimum(zero_at, float(expires_days))
    # An expiry that comes before the usual fading keeps the usual proportion of full and fading time.
    full_until = np.where(FULL_UNTIL * cadence < zero_at, FULL_UNTIL * cadence, zero_at * FULL_UNTIL / ZERO_AT)
    return np.clip((zero_at - ages) / (zero_at - full_until), 0.0, 1.0)
