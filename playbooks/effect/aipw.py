"""The effect on the treated, doubly robust.

With D = treated, e = chance of being treated, m = expected change without treatment, Y = change:

    effect = mean over the treated of (Y - m)  minus  mean over the untreated, weighted by e / (1 - e), of (Y - m)

Each row's e and m come from models that never saw its account (five folds, by account). If the model of e or the one of
m is right the estimate is; if both are, it is as narrow as can be. The split is by lot with a fixed seed and repeated;
the median of the repetitions is given, so that no single lot decides.
"""

from dataclasses import dataclass

import numpy as np

from playbooks.effect.design import Bools, Floats, Ints
from playbooks.effect.fitting import chances, linear, logistic, with_constant

FOLDS = 5
REPEATS = 3
SEED = 20_261_120


@dataclass(frozen=True, eq=False)
class Crossfit:
    """Of each row, from models that did not see its account: the chance of being treated and the change without."""

    chance: Floats
    without: Floats


@dataclass(frozen=True)
class Effect:
    """In the measure's unit, with the 95 % interval. se: its standard error, by account."""

    value: float
    low: float
    high: float
    se: float


def crossfit(columns: Floats, treated: Bools, outcome: Floats, account: Ints, *, seed: int) -> Crossfit:
    fold = _folds(account, treated, seed)
    chance, without = np.empty(len(treated)), np.empty(len(treated))
    for number in range(FOLDS):
        out = fold == number
        fit = ~out
        chance[out] = chances(columns[out], logistic(columns[fit], treated[fit].astype(np.float64)))
        idle = fit & ~treated
        without[out] = with_constant(columns[out]) @ linear(columns[idle], outcome[idle])
    return Crossfit(chance, without)


def _folds(account: Ints, treated: Bools, seed: int) -> Ints:
    """A fold for each account, those that were ever treated dealt out evenly; all rows of an account share it."""
    ids, place = np.unique(account, return_inverse=True)
    ever = np.zeros(len(ids), dtype=bool)
    np.logical_or.at(ever, place, treated)
    random = np.random.default_rng(seed)
    of_account = np.empty(len(ids), dtype=np.int64)
    for group in (np.flatnonzero(ever), np.flatnonzero(~ever)):
        of_account[random.permutation(group)] = np.arange(len(group)) % FOLDS
    return of_account[place]


def effect(fitted: Crossfit, treated: Bools, outcome: Floats, account: Ints) -> Effect:
    """The estimate of one split. Its interval is Student's, with as many degrees as accounts were treated, less one."""
    left = outcome - fitted.without
    odds = np.where(treated, 0.0, fitted.chance / (1 - fitted.chance))
    mine, others = left[treated].mean(), float(odds @ left / odds.sum())
    value = float(mine - others)
    influence = np.where(treated, (left - mine) / treated.sum(), -odds * (left - others) / odds.sum())
    _, place = np.unique(account, return_inverse=True)
    summed = np.bincount(place, weights=influence)
    count = len(np.unique(account[treated]))
    se = float(np.sqrt((summed * summed).sum() * count / max(count - 1, 1)))
    half = student(count - 1) * se
    return Effect(value, value - half, value + half, se)


def median(found: list[Effect]) -> Effect:
    """The middle of several splits; the interval is widened by how far the splits lie apart."""
    value = float(np.median([one.value for one in found]))
    middle = sorted(found, key=lambda one: one.value)[len(found) // 2]
    se = float(np.sqrt(np.median([one.se**2 + (one.value - value) ** 2 for one in found])))
    half = (middle.high - middle.value) / middle.se * se if middle.se > 0 else 0.0
    return Effect(value, value - half, value + half, se)


def student(degrees: int) -> float:
    """The two-sided 95 % point of Student's distribution (Abramowitz and Stegun 26.7.5); good from four degrees on."""
    z, n = 1.959964, float(max(degrees, 4))
    g1 = (z**3 + z) / 4
    g2 = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    g3 = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    return float(z + g1 / n + g2 / n**2 + g3 / n**3)
