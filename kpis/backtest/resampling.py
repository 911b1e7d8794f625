"""Intervals: Wilson for shares of accounts, the bootstrap by account for everything else.

An account is drawn with all its months: twelve red months of one account are one piece of evidence, not twelve.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kpis.backtest.design import Windows

Floats = NDArray[np.float64]

REPLICATES = 1000
SEED = 20_261_120
CHUNK = 50  # replicates at once: memory stays small with ten thousand accounts
Z = 1.959964  # 95 per cent, two-sided
LEAST_FINITE = 0.9  # of the replicates must say something, or there is no interval


@dataclass(frozen=True)
class Estimate:
    """A figure with its 95 % interval; low and high None: no interval can be given. n: accounts it rests on."""

    value: float
    low: float | None
    high: float | None
    n: int

    def as_json(self) -> dict[str, Any]:
        rounded = (None if one is None else round(one, 4) for one in (self.value, self.low, self.high))
        return {**dict(zip(("value", "low", "high"), rounded, strict=True)), "n": self.n}


def enough_draws(accounts: int) -> int:
    """A thousand draws up to a thousand accounts, then as many as take as long, 200 at least: with more accounts the
    intervals are narrow and the time is what hurts."""
    return int(min(REPLICATES, max(200, REPLICATES * 1000 // max(accounts, 1))))


def wilson(share: float, n: int) -> tuple[float, float]:
    """The 95 % interval of a share that was seen in n independent accounts."""
    if n <= 0:
        return 0.0, 1.0
    middle = (share + Z * Z / (2 * n)) / (1 + Z * Z / n)
    half = Z / (1 + Z * Z / n) * sqrt(share * (1 - share) / n + Z * Z / (4 * n * n))
    return max(0.0, middle - half), min(1.0, middle + half)


def draws(accounts: int, *, replicates: int = REPLICATES, seed: int = SEED) -> Iterator[Floats]:
    """How often each account is drawn, (up to CHUNK, accounts) at a time; the same for the same seed."""
    random = np.random.default_rng(seed)
    for start in range(0, replicates, CHUNK):
        size = min(CHUNK, replicates - start)
        yield random.multinomial(accounts, np.full(accounts, 1 / accounts), size=size).astype(np.float64)


def interval(samples: Floats) -> tuple[float, float] | tuple[None, None]:
    """The middle 95 % of the replicates; nothing where too few say something, or all say the same."""
    finite = samples[np.isfinite(samples)]
    if len(finite) < LEAST_FINITE * len(samples) or not len(finite) or np.ptp(finite) == 0:
        return None, None
    low, high = np.percentile(finite, [2.5, 97.5])
    return float(low), float(high)


Statistic = Callable[[Floats], Floats]  # weights (replicates, accounts) -> (replicates,)


def precision(seen: Windows) -> Statistic:
    """Of the account-months in red, the share that was followed by a churn."""
    return _share((seen.alarmed & seen.lost).sum(axis=1), seen.alarmed.sum(axis=1))


def base_rate(seen: Windows) -> Statistic:
    """Of all account-months, the share that was followed by a churn."""
    return _share(seen.lost.sum(axis=1), seen.counted.sum(axis=1))


def recall(seen: Windows) -> Statistic:
    """Of the accounts that left, the share that was red at a month end of the horizon before."""
    return _share(seen.caught.any(axis=1), seen.events)


def lift(seen: Windows) -> Statistic:
    """Precision over base rate: 1 is no better than pointing at accounts by lot."""
    top, bottom = precision(seen), base_rate(seen)
    return lambda weights: _over(top(weights), bottom(weights))


def _share(part: Any, whole: Any) -> Statistic:
    part, whole = np.asarray(part, dtype=np.float64), np.asarray(whole, dtype=np.float64)
    return lambda weights: _over(weights @ part, weights @ whole)


def _over(top: Floats, bottom: Floats) -> Floats:
    return np.where(bottom > 0, top / np.where(bottom > 0, bottom, 1.0), np.nan)


def lead_time(seen: Windows) -> Statistic:
    """Median days from the first alarm within the horizon to the churn, over the accounts that were caught."""
    found = np.flatnonzero(np.isfinite(seen.lead))
    order = found[np.argsort(seen.lead[found], kind="stable")]
    days = seen.lead[order]

    def median(weights: Floats) -> Floats:
        counts = np.cumsum(weights[:, order], axis=1)
        if not len(order):
            return np.full(len(weights), np.nan)
        half = counts[:, -1:] / 2
        upper = days[np.argmax(counts > half, axis=1)]
        lower = days[np.argmax(counts >= half, axis=1)]
        return np.where(counts[:, -1] > 0, (lower + upper) / 2, np.nan)

    return median


def auc(seen: Windows) -> Statistic:
    """How often, of two accounts at one month end, the one that left had the lower score; ties count half."""
    months = [_Ranked.of(seen, at) for at in range(seen.scores.shape[1])]
    useful = [month for month in months if month is not None]

    def area(weights: Floats) -> Floats:
        won, pairs = np.zeros(len(weights)), np.zeros(len(weights))
        for month in useful:
            more_won, more_pairs = month.pairs(weights)
            won += more_won
            pairs += more_pairs
        return _over(won, pairs)

    return area


@dataclass(frozen=True, eq=False)
class _Ranked:
    """The accounts of one month end by rising score. starts: where each distinct score begins."""

    order: NDArray[np.int64]
    starts: NDArray[np.int64]
    lost: Floats

    @classmethod
    def of(cls, seen: Windows, at: int) -> "_Ranked | None":
        rows = np.flatnonzero(seen.counted[:, at])
        lost = seen.lost[rows, at]
        if not lost.any() or lost.all():
            return None
        rank = np.argsort(seen.scores[rows, at], kind="stable")
        rows, lost = rows[rank], lost[rank]
        scores = seen.scores[rows, at]
        starts = np.flatnonzero(np.r_[True, np.diff(scores) != 0])
        return cls(rows, starts, lost.astype(np.float64))

    def pairs(self, weights: Floats) -> tuple[Floats, Floats]:
        drawn = weights[:, self.order]
        lost = np.add.reduceat(drawn * self.lost, self.starts, axis=1)
        kept = np.add.reduceat(drawn * (1 - self.lost), self.starts, axis=1)
        total = kept.sum(axis=1, keepdims=True)
        above = total - np.cumsum(kept, axis=1)
        return (lost * (above + kept / 2)).sum(axis=1), lost.sum(axis=1) * total[:, 0]
