"""Computed scores as rows, in the form of `kpis.scoring.stored`."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

import numpy as np
from django.db import connection
from uuid6 import uuid7

from kpis.models import HealthScore
from kpis.queries.health import LiveCard
from kpis.queries.measured import Measured, Sheet
from kpis.scoring import NOT_KNOWN, PortfolioScores, score_portfolio
from kpis.scoring.stored import categories_of, input_hashes, known, parts_of


@dataclass(frozen=True, eq=False)
class Scored:
    """Scores of some accounts on one day, with what they were made of; rows as in `accounts`."""

    card: LiveCard
    day: date
    sheet: Sheet
    scores: PortfolioScores
    hashes: list[str]

    def score(self, row: int) -> int | None:
        """Hundredths, None = unknown."""
        return known(self.scores.score_hundredths[row])

    def has_data(self, row: int) -> bool:
        return bool(self.scores.base_hundredths[row] != NOT_KNOWN)


def score_day(card: LiveCard, measured: Measured, day: date) -> Scored:
    """Score every account of `measured` as of `day` under `card`."""
    return score_days(card, measured, [day])[0]


def score_days(card: LiveCard, measured: Measured, days: Sequence[date]) -> list[Scored]:
    """Score every account as of each day, all in one go: the work is per KPI, whatever the number of rows."""
    sheets = [measured.on(day) for day in days]
    values, ages = (np.concatenate([getattr(sheet, name) for sheet in sheets]) for name in ("values", "ages"))
    scores, accounts = score_portfolio(card.rules, values, ages), len(measured.newest)
    parts = [_rows_of(scores, slice(at * accounts, (at + 1) * accounts)) for at in range(len(days))]
    return [
        Scored(card, day, sheet, part, list(input_hashes(card.row.pk.bytes, sheet.ids, part)))
        for day, sheet, part in zip(days, sheets, parts, strict=True)
    ]


def _rows_of(scores: PortfolioScores, rows: slice) -> PortfolioScores:
    arrays = {field.name: getattr(scores, field.name) for field in fields(scores) if field.name != "scorecard"}
    return replace(scores, **{name: array[rows] for name, array in arrays.items()})


_COLUMNS = (
    "id, account_id, version_id, as_of, score_hundredths, band, coverage, low_hundredths, high_hundredths,"
    " base_hundredths, categories, parts, exceptions, input_hash, scored_at"
)


def replace_scores(scored: Scored, accounts: list[UUID], which: list[int], *, at: datetime) -> dict[int, UUID]:
    """Supersede what is stored of that day for the rows in `which` and store them anew; row -> id of its score.

    By COPY: a batch is thousands of rows of several kilobytes.
    """
    if not which:
        return {}
    of_day = HealthScore.objects.filter(account_id__in=[accounts[row] for row in which], as_of=scored.day)
    of_day.filter(superseded_at=None).update(superseded_at=at)
    made: dict[int, UUID] = {row: uuid7() for row in which}
    with connection.cursor() as cursor, cursor.copy(f"copy kpis_healthscore ({_COLUMNS}) from stdin") as stream:
        for columns in _rows(scored, accounts, made, at):
            stream.write_row(columns)
    return made


def _rows(scored: Scored, accounts: list[UUID], made: dict[int, UUID], at: datetime) -> Iterator[tuple[Any, ...]]:
    scores, percent = scored.scores, scored.scores.coverage_percent
    categories, parts = categories_of(scores), parts_of(scores, scored.sheet.ids)
    for row, score_id in made.items():
        yield (
            score_id,
            accounts[row],
            scored.card.row.pk,
            scored.day,
            scored.score(row),
            str(scores.bands[row]),
            int(percent[row]),
            int(scores.low_hundredths[row]),
            int(scores.high_hundredths[row]),
            known(scores.base_hundredths[row]),
            json.dumps(categories(row)),
            json.dumps(parts(row)),
            "[]",
            scored.hashes[row],
            at,
        )
