"""Two definitions on the same accounts and months: every draw of the bootstrap judges both, so that luck cancels."""

from dataclasses import replace
from typing import Any

import numpy as np

from kpis.backtest import resampling
from kpis.backtest.design import Windows
from kpis.backtest.judge import MINIMUM_EVENTS, bootstrap, verdict
from kpis.backtest.resampling import REPLICATES, SEED, Estimate, Floats, Statistic


def compare(new: Windows, old: Windows, *, replicates: int = REPLICATES, seed: int = SEED) -> dict[str, Any]:
    """The new definition against the old one, both cut down to the account-months in which both have a score.

    lift_ratio: lift of the new over that of the old, 1 = alike. auc, recall, lead_days: new minus old. verdict: better,
    worse, open (no difference shown), by the intervals of the AUC's difference and the lift's ratio; cannot_tell below
    ten losses.
    """
    new, old = _common(new, old)
    followed = int(new.followed.sum())
    made: dict[str, Any] = {"followed": followed, "account_months": int(new.counted.sum())}
    if followed < MINIMUM_EVENTS:
        reason = f"n too small: {followed} accounts left with a score under both; {MINIMUM_EVENTS} are needed."
        return {**made, "verdict": "cannot_tell", "cannot_tell": reason}
    statistics: dict[str, Statistic] = {
        "lift_ratio": _ratio(resampling.lift(new), resampling.lift(old)),
        "auc": _difference(resampling.auc(new), resampling.auc(old)),
        "recall": _difference(resampling.recall(new), resampling.recall(old)),
        "lead_days": _difference(resampling.lead_time(new), resampling.lead_time(old)),
    }
    found = bootstrap(statistics, len(new.counted), replicates, seed)
    accounts = int(new.counted.any(axis=1).sum())
    for name, (value, low, high) in found.items():
        made[name] = Estimate(value, low, high, accounts).as_json() if np.isfinite(value) else None
    shown = verdict([(*found["auc"][1:], 0.0), (*found["lift_ratio"][1:], 1.0)])
    return {**made, "verdict": shown, "cannot_tell": "", "same": _same(new, old)}


def _common(new: Windows, old: Windows) -> tuple[Windows, Windows]:
    counted, before = new.counted & old.counted, new.before & old.before

    def cut(one: Windows) -> Windows:
        return replace(
            one,
            counted=counted,
            lost=one.lost & counted,
            alarmed=one.alarmed & counted,
            before=before,
            caught=one.caught & before,
        )

    return cut(new), cut(old)


def _same(new: Windows, old: Windows) -> bool:
    """Whether the two order and colour every account alike, so that there is nothing to tell apart."""
    return bool((new.scores[new.counted] == old.scores[new.counted]).all() and (new.alarmed == old.alarmed).all())


def _difference(one: Statistic, other: Statistic) -> Statistic:
    return lambda weights: one(weights) - other(weights)


def _ratio(one: Statistic, other: Statistic) -> Statistic:
    def ratio(weights: Floats) -> Floats:
        top, bottom = one(weights), other(weights)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(bottom > 0, top / bottom, np.nan)

    return ratio
