"""What another scorecard makes of the same values: which KPIs push a score up or down, by how much."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kpis.scoring.portfolio import NOT_KNOWN, PortfolioScores

Floats = NDArray[np.float64]


def pushes(
    before: PortfolioScores | None, after: PortfolioScores, rows: Sequence[int]
) -> list[list[tuple[str, float]]]:
    """For each of `rows` the KPIs that moved its score between two scorecards, in points, the largest push first.

    Both score the same accounts in the same order; without `before` there was no score. A KPI is held against where
    the account stood: more weight for a KPI that lies below that pulls the score down. So the pushes sum to the
    change of the base score, and a KPI whose share only makes room for another one stays close to zero.
    """
    picked = list(rows)
    known = after.base_hundredths
    if before is not None:
        known = np.where(before.base_hundredths != NOT_KNOWN, before.base_hundredths, known)
    stood = known[picked] / 100
    pulled = _pulls(after, picked, stood)
    for code, column in (_pulls(before, picked, stood) if before is not None else {}).items():
        pulled[code] = pulled.get(code, 0.0) - column
    codes = list(pulled)
    table = np.stack([pulled[code] for code in codes], axis=1)
    order = np.argsort(-np.abs(table), axis=1, kind="stable")
    return [[(codes[at], float(line[at])) for at in places] for line, places in zip(table, order, strict=True)]


def _pulls(scores: PortfolioScores, rows: list[int], stood: Floats) -> dict[str, Floats]:
    """KPI -> its share of the weight times its distance from where each account stood, in points."""
    table = scores.kpi_weight_share[rows] * (np.nan_to_num(scores.kpi_points[rows]) - stood[:, None])
    return {code: table[:, at] for at, code in enumerate(scores.scorecard.kpis)}
