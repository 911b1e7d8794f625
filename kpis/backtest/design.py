"""What is held against what: which account-months count, and what followed each of them.

At every month end each account that was a customer and had a score is looked at once; it counts as lost when it left
within the horizon. A month counts only when the whole horizon after it has passed, for accounts that left and for
those that stayed alike; otherwise recent losses would weigh too much.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

HORIZONS = (90, 180)  # days
NOT_KNOWN = -1

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Days = NDArray[np.datetime64]


@dataclass(frozen=True, eq=False)
class Replayed:
    """Scores of n accounts on T month ends under one definition.

    days: (T,) datetime64[D], rising. scores: (n, T) hundredths, -1 = unknown. red_below: hundredths; an alarm is a
    known score below it.
    """

    days: Days
    scores: Ints
    red_below: int

    @property
    def known(self) -> Flags:
        return self.scores != NOT_KNOWN

    @property
    def alarms(self) -> Flags:
        return self.known & (self.scores < self.red_below)


@dataclass(frozen=True, eq=False)
class Happened:
    """What became of n accounts. churned, since: (n,) datetime64[D], NaT = stayed, not known. until: outcomes are
    taken to be complete up to this day."""

    churned: Days
    since: Days
    until: np.datetime64

    @property
    def left(self) -> Flags:
        return ~np.isnat(self.churned)


@dataclass(frozen=True, eq=False)
class Windows:
    """One horizon of one reading; all (n, T).

    counted: the account-months that count. lost: those followed by a churn within the horizon. alarmed: those in red.
    before: for accounts that left, the known months of the horizon before their churn, however long ago that was.
    caught: the alarms among them. ahead: days from the month end to the churn, 0 where there is none.
    """

    horizon: int
    scores: Ints
    counted: Flags
    lost: Flags
    alarmed: Flags
    before: Flags
    caught: Flags
    ahead: NDArray[np.float64]

    @property
    def lead(self) -> NDArray[np.float64]:
        """(n,) days from the first alarm within the horizon to the churn, NaN where there was no alarm."""
        first = np.where(self.caught, self.ahead, 0.0).max(axis=1, initial=0.0)
        return np.where(self.caught.any(axis=1), first, np.nan)

    @property
    def events(self) -> Flags:
        """Accounts that left and had a score in the horizon before."""
        return _in_any_month(self.before)

    @property
    def followed(self) -> Flags:
        """Accounts that left within the horizon after a month that counts."""
        return _in_any_month(self.lost)


def _in_any_month(flags: Flags) -> Flags:
    return np.asarray(flags.any(axis=1))


def windows(replayed: Replayed, happened: Happened, horizon: int) -> Windows:
    """Line the scores up with what followed within `horizon` days."""
    days, span = replayed.days[None, :], np.timedelta64(horizon, "D")
    churned, since = happened.churned[:, None], happened.since[:, None]
    left = happened.left[:, None]
    customer = (np.isnat(since) | (since <= days)) & (~left | (churned > days))
    counted = customer & replayed.known & (days + span <= happened.until)
    lost = counted & left & (churned <= days + span)
    before = replayed.known & customer & left & (days >= churned - span)
    caught = before & replayed.alarms
    ahead = np.where(before, (churned - days).astype("m8[D]").astype(np.int64), 0).astype(np.float64)
    return Windows(horizon, replayed.scores, counted, lost, counted & replayed.alarms, before, caught, ahead)
