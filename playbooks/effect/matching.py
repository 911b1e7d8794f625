"""The nearest untreated accounts of the same month: a second opinion, and the list of who is compared with whom.

Distance on the standardised covariates, with replacement. What covariates still differ by within a pair is taken out
with the linear model of the untreated, without which nearest matching is biased.
"""

from dataclasses import dataclass

import numpy as np

from playbooks.effect.design import Bools, Floats, Ints
from playbooks.effect.fitting import linear, with_constant

NEIGHBOURS = 3
FARTHEST = 1.0  # standard deviations, averaged over the columns: beyond it nobody is alike


@dataclass(frozen=True, eq=False)
class Matched:
    """value: None without a pair. pairs: (treated row, its untreated rows, nearest first). alone: treated without."""

    value: float | None
    pairs: list[tuple[int, list[int]]]
    alone: list[int]


def match(columns: Floats, treated: Bools, outcome: Floats, month: Ints) -> Matched:
    pairs: list[tuple[int, list[int]]] = []
    alone: list[int] = []
    for one in np.unique(month[treated]):
        here, there = np.flatnonzero((month == one) & treated), np.flatnonzero((month == one) & ~treated)
        for row in here.tolist():
            nearest = _nearest(columns, row, there)
            if nearest:
                pairs.append((row, nearest))
            else:
                alone.append(row)
    if not pairs:
        return Matched(None, [], alone)
    expected = with_constant(columns) @ linear(columns[~treated], outcome[~treated])
    left = outcome - expected
    return Matched(float(np.mean([left[row] - left[others].mean() for row, others in pairs])), pairs, alone)


def _nearest(columns: Floats, row: int, among: Ints) -> list[int]:
    if not len(among):
        return []
    away = np.sqrt(np.mean((columns[among] - columns[row]) ** 2, axis=1)) if columns.shape[1] else np.zeros(len(among))
    order = np.argsort(away, kind="stable")[:NEIGHBOURS]
    return [int(among[at]) for at in order if away[at] <= FARTHEST]
