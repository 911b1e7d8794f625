"""Accounts with a known truth: the worse they stand the likelier they are treated; the bad get better by themselves."""

from typing import Any

import numpy as np

from playbooks.effect import Observed


def confounded(
    seed: int, *, accounts: int = 300, effect: float = 4.0, pull: float = 1.0, share: float = -1.3, months: int = 3
) -> Observed:
    """Each account once. Health decides who is treated (`pull`: how strongly) and how far it comes back by itself."""
    random = np.random.default_rng(seed)
    health = random.normal(60, 12, accounts)
    tenure = random.gamma(2, 12, accounts)
    chance = 1 / (1 + np.exp(-(share - pull * (health - 60) / 12 + 0.01 * (tenure - 24))))
    treated = random.random(accounts) < chance
    month = 660 + random.integers(0, months, accounts)
    drift = 0.35 * (60 - health) + 0.05 * (tenure - 24) + (month - 661)
    after = health + drift + effect * treated + random.normal(0, 8, accounts)
    return Observed(
        np.arange(accounts), month, treated, np.column_stack([health, tenure]), ("Health", "Tenure"), health, after
    )


def by_threshold(seed: int, **given: Any) -> Observed:
    """Everybody below 52 is treated and nobody else: there is nothing to compare with."""
    seen = confounded(seed, **given)
    treated = seen.before < 52
    return Observed(seen.account, seen.month, treated, seen.covariates, seen.names, seen.before, seen.after)


def bent(seed: int, *, which: str, accounts: int = 400, effect: float = 4.0) -> Observed:
    """One of the two models is wrong: the change ("outcome") or who is treated ("chance") bends, they are straight."""
    random = np.random.default_rng(seed)
    z = random.normal(0, 1, accounts)
    bend = 0.6 * (z * z - 1)
    chance = 1 / (1 + np.exp(0.9 + 0.7 * z - (bend if which == "chance" else 0)))
    treated = random.random(accounts) < chance
    before = 60 + 12 * z
    drift = -4 * z + (6 * bend if which == "outcome" else 0)
    after = before + drift + effect * treated + random.normal(0, 7, accounts)
    return Observed(np.arange(accounts), np.full(accounts, 660), treated, before[:, None], ("Health",), before, after)
