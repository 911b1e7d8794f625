"""The figures of one horizon, each with its interval, or "cannot tell" with the number that is needed.

**Ten losses.** Below ten accounts that left nothing is claimed: with nine the Wilson interval of a recall of one half
is wider than 50 points, and the models of this product start at ten events for the same reason. From ten to nineteen
the figures stand beside a warning.
"""

from typing import Any

import numpy as np

from kpis.backtest import resampling
from kpis.backtest.design import Windows
from kpis.backtest.resampling import REPLICATES, SEED, Estimate, Statistic, draws, interval, wilson

MINIMUM_EVENTS = 10
FEW_EVENTS = 20


def judge(seen: Windows, *, replicates: int = REPLICATES, seed: int = SEED) -> dict[str, Any]:
    """Figures of one horizon as plain JSON.

    events: accounts that left and had a score in the horizon before. followed: those of them that left after a month
    that counts. needed: how many more would be needed, of accounts that left or of those that stayed.
    cannot_tell: why there are no figures, "" when there are. verdict: better, worse (than chance), open.
    """
    counts = _counts(seen)
    reason = why_not(counts)
    made = {"horizon": seen.horizon, **counts, "cannot_tell": reason, "few": counts["followed"] < FEW_EVENTS}
    if reason:
        return {**made, "verdict": "cannot_tell"}
    figures = _figures(seen, replicates, seed)
    return {**made, **{name: one and one.as_json() for name, one in figures.items()}, "verdict": _verdict(figures)}


def _counts(seen: Windows) -> dict[str, int]:
    accounts = seen.counted.any(axis=1)
    staying = accounts & ~seen.events & ~seen.followed
    return {
        "accounts": int(accounts.sum()),
        "account_months": int(seen.counted.sum()),
        "alarms": int(seen.alarmed.sum()),
        "alarmed_accounts": int(seen.alarmed.any(axis=1).sum()),
        "events": int(seen.events.sum()),
        "followed": int(seen.followed.sum()),
        "caught": int(seen.caught.any(axis=1).sum()),
        "staying": int(staying.sum()),
    }


def why_not(counts: dict[str, int]) -> str:
    """Why nothing can be said, with the number that is needed; "" when something can."""
    left, stayed = counts["followed"], counts["staying"]
    if left < MINIMUM_EVENTS:
        more = MINIMUM_EVENTS - left
        return (
            f"n too small: {left} accounts left with a score before and the whole time after it gone by;"
            f" {MINIMUM_EVENTS} are needed, {more} more."
        )
    if stayed < MINIMUM_EVENTS:
        more = MINIMUM_EVENTS - stayed
        return f"n too small: {stayed} accounts stayed; {MINIMUM_EVENTS} are needed to compare with, {more} more."
    return ""


def _figures(seen: Windows, replicates: int, seed: int) -> dict[str, Estimate | None]:
    alarmed, events = int(seen.alarmed.any(axis=1).sum()), int(seen.events.sum())
    accounts = int(seen.counted.any(axis=1).sum())
    caught = int(seen.caught.any(axis=1).sum())
    drawn = {"lift": resampling.lift(seen), "auc": resampling.auc(seen), "lead_days": resampling.lead_time(seen)}
    found = bootstrap(drawn, len(seen.counted), replicates, seed)
    ones = np.ones((1, len(seen.counted)))
    sizes = {"lift": alarmed, "auc": accounts, "lead_days": caught}
    estimates: dict[str, Estimate | None] = {
        "precision": _share(float(resampling.precision(seen)(ones)[0]), alarmed),
        "recall": _share(caught / events, events) if events >= MINIMUM_EVENTS else None,
        "base_rate": _share(float(resampling.base_rate(seen)(ones)[0]), accounts),
        "red_share": _share(float(seen.alarmed.sum() / seen.counted.sum()), accounts),
    }
    for name, (value, low, high) in found.items():
        if name == "auc" and value in (0.0, 1.0):  # every draw says the same: as sure as so many losses make it
            low, high = wilson(value, int(seen.followed.sum()))
        estimates[name] = None if not np.isfinite(value) else Estimate(value, low, high, sizes[name])
    return estimates


def _share(value: float, n: int) -> Estimate | None:
    """A share with the Wilson interval of n accounts, however many months they bring: the wider, honest one."""
    return Estimate(value, *wilson(value, n), n) if n and np.isfinite(value) else None


def bootstrap(
    statistics: dict[str, Statistic], accounts: int, replicates: int, seed: int
) -> dict[str, tuple[float, float | None, float | None]]:
    """Value and interval of each statistic, all from the same draws of accounts."""
    ones = np.ones((1, accounts))
    samples: dict[str, list[Any]] = {name: [] for name in statistics}
    for weights in draws(accounts, replicates=replicates, seed=seed):
        for name, statistic in statistics.items():
            samples[name].append(statistic(weights))
    return {
        name: (float(statistic(ones)[0]), *interval(np.concatenate(samples[name])))
        for name, statistic in statistics.items()
    }


def _verdict(figures: dict[str, Estimate | None]) -> str:
    found = ((figures["auc"], 0.5), (figures["lift"], 1.0))
    return verdict([(one.low, one.high, chance) for one, chance in found if one is not None])


def verdict(found: list[tuple[float | None, float | None, float]]) -> str:
    """better or worse, when the order (AUC) or the alarms (lift) have an interval on one side of `chance` and the other
    does not say the opposite; else open. Two looks: about five in a hundred scores by lot are called better."""
    known = [(low, high, chance) for low, high, chance in found if low is not None and high is not None]
    better = any(low > chance for low, _, chance in known)
    worse = any(high < chance for _, high, chance in known)
    return "open" if better == worse else "better" if better else "worse"
