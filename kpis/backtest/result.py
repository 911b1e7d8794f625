"""The whole record of one back-test as plain JSON: both readings, all horizons, every account that left."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from kpis.backtest.compare import compare
from kpis.backtest.design import HORIZONS, NOT_KNOWN, Days, Happened, Replayed, Windows, windows
from kpis.backtest.judge import MINIMUM_EVENTS, judge
from kpis.backtest.resampling import SEED, enough_draws

READINGS = ("known", "true")  # what was recorded by then; what is known today of then
LOOK_BACK = (30, 60, 90, 180)  # days before a churn at which the list says what the score was
MOST_LISTED = 500
STALEST = np.timedelta64(31, "D")


@dataclass(frozen=True, eq=False)
class Reading:
    """Scores under the new definition and, where there is one to compare with, under the old one."""

    new: Replayed
    old: Replayed | None


def record(
    readings: Mapping[str, Reading],
    happened: Happened,
    *,
    accounts: Sequence[str],
    renewals: Sequence[tuple[int, Any]],
    late_share: float | None,
    replicates: int | None = None,
    seed: int = SEED,
    between: Callable[[], None] = lambda: None,
) -> dict[str, Any]:
    """Judge every reading and horizon; `between` is called after each, and what it raises ends the work.

    accounts: their ids, by row. renewals: (row, day). late_share: of the values that the reading "true" rests on, the
    share recorded after the day they count for; None without any. main: the reading to look at first, "known" where
    it can say something or nothing can. verdict: of the main reading's first horizon that can tell, else cannot_tell.
    """
    replicates = replicates or enough_draws(len(accounts))
    made = {
        name: _reading(readings[name], happened, accounts, renewals, (replicates, seed), between) for name in READINGS
    }
    main = "true" if not _told(made["known"]) and _told(made["true"]) else "known"
    horizons = made[main]["horizons"]
    first = next((one for one in horizons if not one["cannot_tell"]), horizons[0])
    return {
        "verdict": first["verdict"],
        "reason": first["cannot_tell"],
        "main": main,
        "late_share": None if late_share is None else round(late_share, 4),
        "readings": made,
        "accounts": len(accounts),
        "churned": int(happened.left.sum()),
        "renewed": len({row for row, _ in renewals}),
        "minimum_events": MINIMUM_EVENTS,
        "replicates": replicates,
        "seed": seed,
    }


def _told(reading: Mapping[str, Any]) -> bool:
    return any(not one["cannot_tell"] for one in reading["horizons"])


def _reading(
    reading: Reading,
    happened: Happened,
    accounts: Sequence[str],
    renewals: Sequence[tuple[int, Any]],
    draws: tuple[int, int],
    between: Callable[[], None],
) -> dict[str, Any]:
    replicates, seed = draws
    horizons, seen_by = [], {}
    for horizon in HORIZONS:
        seen = seen_by[horizon] = windows(reading.new, happened, horizon)
        made = judge(seen, replicates=replicates, seed=seed)
        made["renewed_after_alarm"] = _renewed(seen, reading.new.days, renewals)
        if reading.old is not None:
            old = windows(reading.old, happened, horizon)
            made["against"] = compare(seen, old, replicates=replicates, seed=seed)
        horizons.append(made)
        between()
    return {"horizons": horizons, "churners": _churners(reading.new, happened, accounts, seen_by)}


def _renewed(seen: Windows, days: Days, renewals: Sequence[tuple[int, Any]]) -> int:
    """Accounts that were red and renewed within the horizon after, and did not leave in it."""
    found, span = set(), np.timedelta64(seen.horizon, "D")
    for row, day in renewals:
        on = np.datetime64(day, "D")
        alarmed = seen.alarmed[row] & ~seen.lost[row]
        if (alarmed & (days < on) & (on <= days + span)).any():
            found.add(row)
    return len(found)


def _churners(
    replayed: Replayed, happened: Happened, accounts: Sequence[str], seen_by: Mapping[int, Windows]
) -> list[dict[str, Any]]:
    """Every account that left, latest first, with what the score said before: [day of the score, hundredths].

    caught: whether it was red within the horizon before; None: no score was known then.
    """
    first = replayed.days[0] if len(replayed.days) else happened.until
    left: list[int] = np.flatnonzero(happened.left & (happened.churned > first)).tolist()
    rows = sorted(left, key=lambda row: (-happened.churned[row].astype(int), accounts[row]))
    caught = {str(horizon): (np.isfinite(seen.lead), seen.events) for horizon, seen in seen_by.items()}
    return [
        {
            "account": accounts[row],
            "on": str(happened.churned[row]),
            "said": {str(back): _said(replayed, row, happened.churned[row], back) for back in LOOK_BACK},
            "caught": {horizon: bool(red[row]) if known[row] else None for horizon, (red, known) in caught.items()},
        }
        for row in rows[:MOST_LISTED]
    ]


def _said(replayed: Replayed, row: int, churned: np.datetime64, back: int) -> list[Any] | None:
    """The score of the last month end at least `back` days before; None where there was no month end near."""
    wanted = churned - np.timedelta64(back, "D")
    at = int(np.searchsorted(replayed.days, wanted, side="right")) - 1
    if at < 0 or wanted - replayed.days[at] > STALEST:
        return None
    score = int(replayed.scores[row, at])
    return [str(replayed.days[at]), None if score == NOT_KNOWN else score]
