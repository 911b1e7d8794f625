"""The whole record of one estimate as plain JSON: the raw change, the estimate or the refusal, and what it rests on."""

from collections.abc import Callable
from math import ceil
from typing import Any

import numpy as np

from playbooks.effect.aipw import REPEATS, SEED, Effect, crossfit, effect, median, student
from playbooks.effect.design import Floats, Observed, design
from playbooks.effect.matching import Matched, match
from playbooks.effect.overlap import overlap

MINIMUM_TREATED = 20
MINIMUM_COMPARISON = 40
POWER = 0.8416  # of a normal distribution: four in five
LEVEL = 1.959964
MOST_LISTED = 300


def record(
    seen: Observed, *, worth: float, seed: int = SEED, between: Callable[[], None] = lambda: None
) -> dict[str, Any]:
    """Estimate the effect, or refuse and say why.

    worth: the smallest effect worth knowing, in the measure's unit; what is needed is reckoned from it.
    verdict: "better", "worse", "open" (no effect shown) or "cannot_tell". reason: why it cannot tell, in words.
    pairs: [treated row, [untreated rows]] with the numbers of rows in `seen`. between: called before each long part.
    """
    ran, did_not = int(seen.treated.sum()), int((~seen.treated).sum())
    made: dict[str, Any] = {
        "treated": ran,
        "treated_accounts": len(np.unique(seen.account[seen.treated])),
        "comparison": did_not,
        "comparison_accounts": len(np.unique(seen.account[~seen.treated])),
        "raw": _plain(seen.change[seen.treated]),
        "raw_comparison": _plain(seen.change[~seen.treated]),
        "verdict": "cannot_tell",
        "reason": "",
        "estimate": None,
        "matched": None,
        "overlap": None,
        "pairs": [],
        "alone": [],
        "covariates": [],
        "worth": worth,
        "seed": seed,
    }
    made["needed"] = needed(seen.change, ran, did_not, worth)
    short = _too_few(ran, made["comparison_accounts"])
    if short:
        return {**made, "reason": short}
    between()
    return {**made, **_estimated(seen, seed=seed, between=between)}


def _estimated(seen: Observed, *, seed: int, between: Callable[[], None]) -> dict[str, Any]:
    table = design(seen)
    fits = [crossfit(table.columns, seen.treated, seen.change, seen.account, seed=seed + at) for at in range(REPEATS)]
    between()
    middle: Floats = np.median([one.chance for one in fits], axis=0)
    shared = overlap(middle, seen.treated, table.columns, table.of)
    nearest = match(table.columns, seen.treated, seen.change, seen.month)
    made = {
        "overlap": shared.as_json(),
        "covariates": list(dict.fromkeys(table.of)),
        **_listed(nearest),
    }
    if shared.refusal:
        return {**made, "reason": shared.refusal}
    kept = shared.kept
    found = median(
        [
            effect(type(one)(one.chance[kept], one.without[kept]), seen.treated[kept], seen.change[kept],
                   seen.account[kept])
            for one in fits
        ]
    )  # fmt: skip
    made["left_out"] = int((~kept & seen.treated).sum())
    verdict = "better" if found.low > 0 else "worse" if found.high < 0 else "open"
    return {**made, "estimate": _interval(found), "matched": _agreement(nearest, found), "verdict": verdict}


def _too_few(ran: int, accounts: int) -> str:
    if ran < MINIMUM_TREATED:
        return (
            f"{_count(ran, 'run')} measured before and after; at least {MINIMUM_TREATED} are needed, "
            f"{MINIMUM_TREATED - ran} more."
        )
    if accounts < MINIMUM_COMPARISON:
        return (
            f"{_count(accounts, 'account')} to compare with; at least {MINIMUM_COMPARISON} are needed, "
            f"{MINIMUM_COMPARISON - accounts} more."
        )
    return ""


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def needed(change: Floats, ran: int, did_not: int, worth: float) -> int | None:
    """Runs that a plain comparison needs to see an effect of `worth` four times in five; None without a spread."""
    if len(change) < 3 or worth <= 0:
        return None
    ratio = did_not / ran if ran and did_not else 1.0
    spread = float(change.std(ddof=1))
    return max(MINIMUM_TREATED, ceil((LEVEL + POWER) ** 2 * spread**2 * (1 + 1 / ratio) / worth**2))


def _plain(change: Floats) -> dict[str, Any] | None:
    """The mean change with its interval, as if nothing else had happened; None without a row, no interval with one."""
    if not len(change):
        return None
    value, n = float(change.mean()), len(change)
    half = student(n - 1) * float(change.std(ddof=1)) / n**0.5 if n > 1 else None
    low, high = (None, None) if half is None else (round(value - half, 4), round(value + half, 4))
    return {"value": round(value, 4), "low": low, "high": high, "n": n}


def _interval(found: Effect) -> dict[str, float]:
    return {name: round(getattr(found, name), 4) for name in ("value", "low", "high", "se")}


def _agreement(nearest: Matched, found: Effect) -> dict[str, Any] | None:
    if nearest.value is None:
        return None
    return {
        "value": round(nearest.value, 4),
        "pairs": len(nearest.pairs),
        "inside": bool(found.low <= nearest.value <= found.high),
    }


def _listed(nearest: Matched) -> dict[str, Any]:
    return {"pairs": [[row, others] for row, others in nearest.pairs[:MOST_LISTED]], "alone": nearest.alone}
