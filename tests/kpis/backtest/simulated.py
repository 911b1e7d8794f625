"""Portfolios of known truth: health that wanders, churn by a hazard that follows it, scores that see some of it."""

from dataclasses import dataclass
from datetime import date

import numpy as np

from core.time import month_end, months_back
from kpis.backtest import Happened, Replayed

MONTHS = 18
UNTIL = date(2026, 11, 20)
RED_BELOW = 5000


@dataclass(frozen=True, eq=False)
class Simulated:
    """health: the hidden truth (n, T), 0..100."""

    happened: Happened
    health: np.ndarray
    days: np.ndarray
    random: np.random.Generator

    def replayed(self, scores: np.ndarray) -> Replayed:
        return Replayed(self.days, np.clip(np.rint(scores * 100), 0, 10_000).astype(np.int64), RED_BELOW)

    def seen(self, noise: float) -> Replayed:
        """A score that sees the health with this much noise, in points."""
        return self.replayed(self.health + self.random.normal(0, noise, self.health.shape))

    def by_lot(self) -> Replayed:
        return self.replayed(self.random.uniform(0, 100, self.health.shape))

    def clairvoyant(self, horizon: int) -> Replayed:
        """Red within the horizon before a churn and never else."""
        ahead = (self.happened.churned[:, None] - self.days[None, :]).astype(np.int64)
        soon = ~np.isnat(self.happened.churned)[:, None] & (ahead > 0) & (ahead <= horizon)
        return self.replayed(np.where(soon, 10 + self.random.uniform(0, 9, soon.shape), 80.0))


def simulated(accounts: int, seed: int, *, months: int = MONTHS) -> Simulated:
    random = np.random.default_rng(seed)
    ends = [month_end(month) for month in months_back(UNTIL.replace(day=1), months + 1)[:-1]]
    days = np.array(ends, dtype="datetime64[D]")
    level = random.normal(62, 14, (accounts, 1))
    health = np.clip(level + np.cumsum(random.normal(0, 3.5, (accounts, months)), axis=1), 2, 98)
    hazard = 1 / (1 + np.exp(3.4 + 0.07 * (health - 55)))
    leaves = random.random((accounts, months)) < hazard
    first = np.argmax(leaves, axis=1)
    day = days[first] + random.integers(1, 28, accounts).astype("m8[D]")
    gone = leaves.any(axis=1) & (day <= np.datetime64(UNTIL))
    churned = np.where(gone, day, np.datetime64("NaT"))
    since = np.full(accounts, np.datetime64("NaT"), dtype="datetime64[D]")
    return Simulated(Happened(churned, since, np.datetime64(UNTIL)), health, days, random)
