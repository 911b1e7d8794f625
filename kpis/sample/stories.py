"""What happens to a sample account over a year: the hidden truth its KPIs are drawn from.

Health is a level 0..100 per month. KPIs follow it, adoption at once and money last, with noise of their own.
"""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

LAG_MONTHS = {"adoption": 0, "support": 0, "relationship": 1, "value": 2, "outcomes": 2}
LONGEST_LAG = max(LAG_MONTHS.values())


@dataclass(frozen=True)
class Story:
    """start: health in the first month; slope: change per month; share: of accounts in a large portfolio.

    kpis_kept: how many KPIs have data at all (None = all); silent_months: the last months without any data.
    """

    name: str
    start: float
    slope: float
    share: float
    kpis_kept: int | None = None
    silent_months: int = 0


STORIES = {
    story.name: story
    for story in (
        Story("healthy", 84, 0.1, 0.38),
        Story("steady", 69, 0.0, 0.28),
        Story("declining", 80, -3.2, 0.12),
        Story("recovering", 44, 2.6, 0.07),
        Story("struggling", 40, -0.4, 0.05),
        Story("silent", 72, -0.5, 0.04, silent_months=4),
        Story("sparse", 66, 0.0, 0.06, kpis_kept=7),
        # These two are tuned to land where the demo needs them, see portfolio.py.
        Story("edge", 66, -1.3, 0.0),  # ends just above red: one corrected figure takes it below
        Story("crossing", 82, -3.2, 0.0),  # was yellow a month ago, is red now
    )
}

# Small portfolios show every story; the rest of a larger one is drawn by share.
OPENING = (
    "healthy", "edge", "crossing", "steady", "sparse", "recovering", "silent", "struggling", "declining",
)  # fmt: skip
TUNED = ("edge", "crossing")


def cast(count: int, random: Generator) -> list[Story]:
    """One story per account; exactly one "edge" and one "crossing" from three accounts on."""
    drawn = list(STORIES.values())
    shares = np.array([story.share for story in drawn])
    rest = random.choice(len(drawn), size=max(0, count - len(OPENING)), p=shares / shares.sum())
    return [STORIES[name] for name in OPENING[:count]] + [drawn[int(number)] for number in rest]


def health_paths(stories: list[Story], months: int, random: Generator) -> np.ndarray:
    """True health (accounts, LONGEST_LAG + months), 0..100; the first LONGEST_LAG months only feed slow KPIs."""
    steps = np.arange(-LONGEST_LAG, months)
    start = np.array([story.start for story in stories])[:, None]
    slope = np.array([story.slope for story in stories])[:, None]
    own = random.normal(0, 3.0, (len(stories), 1))
    wander = np.cumsum(random.normal(0, 0.7, (len(stories), len(steps))), axis=1)
    return np.clip(start + slope * np.maximum(steps, 0) * 11 / max(months - 1, 1) + own + wander, 2, 98)


def churn_hazards(health: np.ndarray) -> np.ndarray:
    """True probability to leave in a month: 1.5 % at health 60, 0.5 % at 80, 8 % at 30 (logistic)."""
    return 1 / (1 + np.exp(4.2 + 0.06 * (health - 60)))
