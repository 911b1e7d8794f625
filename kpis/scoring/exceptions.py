"""Caps and floors on a finished score: dated, ordered, each with its reason in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Literal
from uuid import UUID

import numpy as np

from kpis.scoring.exception_rules import check_limit
from kpis.scoring.portfolio import NOT_KNOWN, Floats, PortfolioScores, band_of


@dataclass(frozen=True)
class ScoreException:
    """A cap or a floor for one account, e.g. champion left: cap 60.

    limit: points 0..100 with two places at most. order: lower ones apply first, so a later one has the last word.
    starts_on and expires_on are the first and the last day it holds; expires_on None = until it is withdrawn.
    id: of the row where a person set it; None for a rule of the scorecard.
    """

    kind: Literal["cap", "floor"]
    limit: Decimal
    reason: str
    order: int
    starts_on: date
    expires_on: date | None = None
    id: UUID | None = None

    def __post_init__(self) -> None:
        check_limit(self.kind, self.limit, self.reason)
        if self.expires_on is not None and self.expires_on < self.starts_on:
            raise ValueError("an exception cannot expire before it starts")

    def holds_on(self, day: date) -> bool:
        """Whether the exception is in force on that day."""
        return self.starts_on <= day and (self.expires_on is None or day <= self.expires_on)


@dataclass(frozen=True)
class AppliedException:
    """An exception that moved a score, in hundredths before and after."""

    exception: ScoreException
    before_hundredths: int
    after_hundredths: int


@dataclass(frozen=True)
class ScoresWithExceptions:
    """Scores after caps and floors; applied: account row -> what moved it, in the order it happened."""

    scores: PortfolioScores
    applied: Mapping[int, tuple[AppliedException, ...]]


def limit_scores(
    scores: PortfolioScores, values: Floats, personal: Mapping[int, Sequence[ScoreException]], *, on: date
) -> ScoresWithExceptions:
    """Apply what people set and what the scorecard's own rules say on that day.

    values: (n, KPIs) that the scores were computed from. personal: account row -> its exceptions, in any order.
    """
    merged = {row: list(found) for row, found in personal.items()}
    columns = {code: at for at, code in enumerate(scores.scorecard.kpis)}
    for rule in scores.scorecard.exceptions:
        column, exception = columns[rule.kpi], ScoreException(rule.kind, rule.limit, rule.reason, rule.order, on)
        for row in np.flatnonzero(rule.holds(values[:, column], scores.kpi_freshness[:, column])).tolist():
            merged.setdefault(row, []).append(exception)
    return with_exceptions(scores, merged, on=on) if merged else ScoresWithExceptions(scores, {})


def with_exceptions(
    scores: PortfolioScores, exceptions: Mapping[int, Sequence[ScoreException]], *, on: date
) -> ScoresWithExceptions:
    """Apply the exceptions in force on that day.

    exceptions: account row -> its exceptions in any order. An unknown score stays unknown: a cap is no evidence
    of health. Bounds are capped alike; contributions stay those of the base score.
    """
    score, low, high = (
        array.copy() for array in (scores.score_hundredths, scores.low_hundredths, scores.high_hundredths)
    )
    applied: dict[int, tuple[AppliedException, ...]] = {}
    for row, candidates in exceptions.items():
        if score[row] == NOT_KNOWN:
            continue
        moved = []
        for exception in sorted(candidates, key=lambda e: (e.order, e.kind, e.limit, e.reason)):
            if not exception.holds_on(on):
                continue
            before = int(score[row])
            score[row], low[row], high[row] = (_limited(int(a[row]), exception) for a in (score, low, high))
            if score[row] != before:
                moved.append(AppliedException(exception, before, int(score[row])))
        if moved:
            applied[row] = tuple(moved)
    changed = replace(
        scores,
        score_hundredths=score,
        low_hundredths=low,
        high_hundredths=high,
        exception_hundredths=np.where(score == NOT_KNOWN, 0, score - scores.base_hundredths),
        bands=band_of(score, scores.scorecard),
    )
    return ScoresWithExceptions(changed, applied)


def _limited(hundredths: int, exception: ScoreException) -> int:
    limit = int(exception.limit * 100)
    return min(hundredths, limit) if exception.kind == "cap" else max(hundredths, limit)
