"""A KPI's value in points: piecewise-linear between its anchors, flat outside, NaN stays NaN."""

import numpy as np
from numpy.typing import NDArray

from kpis.catalogue import Anchors

Floats = NDArray[np.float64]

GREEN_POINTS, YELLOW_POINTS = 75.0, 50.0  # of one KPI; a value on an edge has exactly these


def points_of(values: Floats, anchors: Anchors) -> Floats:
    """Points 0..100 for an array of values of one KPI. Continuous; exact at every anchor; NaN stays NaN.

    Unlike np.interp each segment is clipped to its own ends: a value just below an edge never gets more
    points than the edge itself, whatever the last bit of the multiplication says.
    """
    x = np.array([float(value) for value, _ in anchors])
    y = np.array([float(points) for _, points in anchors])
    slope = np.append(np.diff(y) / np.diff(x), 0.0)
    following = np.append(y[1:], y[-1])
    low, high = np.minimum(y, following), np.maximum(y, following)
    missing = np.isnan(values)
    inside = np.clip(np.where(missing, x[0], values), x[0], x[-1])
    at = np.searchsorted(x, inside, side="right") - 1
    points = np.clip(y[at] + slope[at] * (inside - x[at]), low[at], high[at])
    return np.where(missing, np.nan, points)


def kpi_bands(points: Floats) -> NDArray[np.str_]:
    """Band of each KPI by its points: "green", "yellow", "red", and "missing" for NaN."""
    return np.select(
        [np.isnan(points), points >= GREEN_POINTS, points >= YELLOW_POINTS],
        ["missing", "green", "yellow"],
        default="red",
    )
