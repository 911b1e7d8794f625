"""The health of a parent's children as one figure. Pure; whole numbers throughout, so that parts add up exactly.

Worked example (docs/decisions/0015): A 80.00 with 600,000, B 60.00 with 300,000, C 40.00 with 100,000, D without a
score with 250,000, E 90.00 without revenue. By revenue: (80 x 600 + 60 x 300 + 40 x 100) / 1,000 = 70.00. Worst child:
40.00. Share of value in good health: 600 / 1,000 = 60.00. Of the revenue 8 % is in red children, 80 % has a score.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np

from kpis.scoring.apportion import MICRO, apportion, rounded
from kpis.scoring.scorecard import GREEN, RED, UNKNOWN, YELLOW

REVENUE_WEIGHTED, WORST_CHILD, SHARE_IN_GOOD, OWN = "revenue_weighted", "worst_child", "share_in_good", "own"
WHOLE = 10_000  # 100 per cent, or 100 points, in hundredths


@dataclass(frozen=True)
class Child:
    """score: hundredths of a point, None: unknown. arr: cents of the parent's currency, None: unknown or another."""

    id: UUID
    score: int | None
    band: str
    arr: int | None


@dataclass(frozen=True)
class Part:
    """What one child gives. share: of the figure's weight, hundredths of a per cent; contribution: hundredths."""

    child: Child
    share: int
    contribution: int


@dataclass(frozen=True)
class RolledUp:
    """score: hundredths, None: unknown. The contributions sum exactly to it, except by the parent's own scorecard.

    red_share, known_share: whole per cent of the children's known revenue in red children, and with a known score;
    None where no revenue is known. Unknown is never counted as 0: it takes no part and is listed.
    """

    method: str
    score: int | None
    band: str
    red_share: int | None
    known_share: int | None
    parts: tuple[Part, ...]


def roll_up(
    method: str, children: Sequence[Child], *, own: int | None, green_from: int = 7500, yellow_from: int = 5000
) -> RolledUp:
    """One figure of the children, in the order given. own: the parent's own score; bands in hundredths.

    Raises ValueError for an unknown method.
    """
    if method == REVENUE_WEIGHTED:
        score, parts = _by_revenue(children, [child.score for child in children])
    elif method == SHARE_IN_GOOD:
        score, parts = _by_revenue(children, [_good(child) for child in children])
    elif method == WORST_CHILD:
        score, parts = _worst(children)
    elif method == OWN:
        score, parts = own, tuple(Part(child, 0, 0) for child in children)
    else:
        raise ValueError(f'"{method}" is no way to roll up')
    band = UNKNOWN if score is None else GREEN if score >= green_from else YELLOW if score >= yellow_from else RED
    total = sum(child.arr or 0 for child in children)
    red = sum(child.arr or 0 for child in children if child.band == RED)
    known = sum(child.arr or 0 for child in children if child.score is not None)
    return RolledUp(method, score, band, _per_cent(red, total), _per_cent(known, total), parts)


def _good(child: Child) -> int | None:
    if child.score is None:
        return None
    return WHOLE if child.band == GREEN else 0


def _by_revenue(children: Sequence[Child], scores: Sequence[int | None]) -> tuple[int | None, tuple[Part, ...]]:
    """The mean of the scores by revenue, over the children that have both."""
    weights = [0 if score is None else child.arr or 0 for child, score in zip(children, scores, strict=True)]
    total = sum(weights)
    if not total:
        return None, tuple(Part(child, 0, 0) for child in children)
    pairs = zip(weights, scores, strict=True)
    points = np.array([[weight * (score or 0) * MICRO // total for weight, score in pairs]], dtype=np.int64)
    shares = np.array([[weight * WHOLE * MICRO // total for weight in weights]], dtype=np.int64)
    # Each part lost less than a millionth of a hundredth: the exact sum decides the rounding.
    exact = sum(weight * (score or 0) for weight, score in zip(weights, scores, strict=True))
    score = (2 * exact + total) // (2 * total)
    given = apportion(points, np.array([score]))[0]
    share = apportion(shares, np.array([WHOLE]))[0]
    return score, tuple(Part(c, int(s), int(g)) for c, s, g in zip(children, share, given, strict=True))


def _worst(children: Sequence[Child]) -> tuple[int | None, tuple[Part, ...]]:
    known = [child for child in children if child.score is not None]
    worst: Any = min(known, key=lambda child: (child.score, -(child.arr or 0), child.id), default=None)
    parts = tuple(
        Part(child, WHOLE, worst.score) if worst is not None and child.id == worst.id else Part(child, 0, 0)
        for child in children
    )
    return (None if worst is None else worst.score), parts


def _per_cent(part: int, total: int) -> int | None:
    return int(rounded(np.array([part * 100 * MICRO // total]))[0]) if total else None
