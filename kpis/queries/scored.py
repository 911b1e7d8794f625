"""Scores computed from values, with caps and floors: what scoring writes down and what reproducing compares with."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Any
from uuid import UUID

import numpy as np

from kpis.queries.health import LiveCard
from kpis.queries.measured import Measured, Sheet
from kpis.scoring import NOT_KNOWN, AppliedException, PortfolioScores, ScoreException, limit_scores, score_portfolio
from kpis.scoring.stored import categories_of, exceptions_of, input_hashes, known, parts_of

OfAccounts = Mapping[UUID, Sequence[ScoreException]]  # account -> what people have set on it
Personal = Mapping[int, Sequence[ScoreException]]  # the same by row of the account


def by_row(accounts: Sequence[UUID], personal: OfAccounts) -> Personal:
    return {row: personal[account] for row, account in enumerate(accounts) if account in personal}


@dataclass(frozen=True, eq=False)
class Scored:
    """Scores of some accounts on one day, with what they were made of; rows as in `accounts`.

    scores: after caps and floors. applied: row -> those that moved its score, in the order they were applied.
    """

    card: LiveCard
    day: date
    sheet: Sheet
    scores: PortfolioScores
    applied: Mapping[int, tuple[AppliedException, ...]]
    hashes: list[str]

    def score(self, row: int) -> int | None:
        """Hundredths, None = unknown."""
        return known(self.scores.score_hundredths[row])

    def has_data(self, row: int) -> bool:
        return bool(self.scores.base_hundredths[row] != NOT_KNOWN)

    def records(self, rows: Sequence[int]) -> Iterator[dict[str, Any]]:
        """What is stored of each of these rows: the columns of `kpis.scoring.stored.RECORD`."""
        scores, percent = self.scores, self.scores.coverage_percent
        categories, parts = categories_of(scores), parts_of(scores, self.sheet.ids)
        for row in rows:
            yield {
                "score_hundredths": self.score(row),
                "band": str(scores.bands[row]),
                "coverage": int(percent[row]),
                "low_hundredths": int(scores.low_hundredths[row]),
                "high_hundredths": int(scores.high_hundredths[row]),
                "base_hundredths": known(scores.base_hundredths[row]),
                "categories": categories(row),
                "parts": parts(row),
                "exceptions": exceptions_of(self.applied.get(row, ())),
                "input_hash": self.hashes[row],
            }


def score_day(card: LiveCard, measured: Measured, day: date, personal: Personal) -> Scored:
    """Score every account of `measured` as of `day` under `card`, with its caps and floors."""
    return score_days(card, measured, [day], personal)[0]


def score_days(card: LiveCard, measured: Measured, days: Sequence[date], personal: Personal) -> list[Scored]:
    """Score every account as of each day. Days under the same ranges go together: the work is per KPI, whatever the
    number of rows."""
    alike: dict[tuple[str, ...], list[date]] = {}
    for day in days:
        alike.setdefault(card.begun(day), []).append(day)
    done = {one.day: one for group in alike.values() for one in _score_alike(card, measured, group, personal)}
    return [done[day] for day in days]


def _score_alike(card: LiveCard, measured: Measured, days: Sequence[date], personal: Personal) -> Iterator[Scored]:
    sheets = [measured.on(day) for day in days]
    values, ages = (np.concatenate([getattr(sheet, name) for sheet in sheets]) for name in ("values", "ages"))
    scores, accounts = score_portfolio(card.rules_on(days[0]), values, ages), len(measured.newest)
    for at, (day, sheet) in enumerate(zip(days, sheets, strict=True)):
        part = _rows_of(scores, slice(at * accounts, (at + 1) * accounts))
        yield score_sheet(card, sheet, part, day, personal)


def score_sheet(card: LiveCard, sheet: Sheet, scores: PortfolioScores, day: date, personal: Personal) -> Scored:
    """Caps, floors and hashes on scores that were computed from `sheet` under the rules of `day`."""
    limited = limit_scores(scores, sheet.values, personal, on=day)
    rules = card.row.pk.bytes + "".join(card.begun(day)).encode()
    return Scored(
        card, day, sheet, limited.scores, limited.applied, list(input_hashes(rules, sheet.ids, scores, personal, day))
    )


def _rows_of(scores: PortfolioScores, rows: slice) -> PortfolioScores:
    arrays = {field.name: getattr(scores, field.name) for field in fields(scores) if field.name != "scorecard"}
    return replace(scores, **{name: array[rows] for name, array in arrays.items()})
