"""Computed scores as rows: categories and parts exactly as they are stored, and the hash of what went in."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

import numpy as np
from django.db import connection
from numpy.typing import NDArray
from uuid6 import uuid7

from kpis.models import HealthScore
from kpis.queries.health import LiveCard
from kpis.queries.measured import Measured, Sheet
from kpis.scoring import NOT_KNOWN, PortfolioScores, score_portfolio
from kpis.scoring.apportion import MICRO, apportion

WHOLE = 10_000  # 100 per cent in hundredths of a per cent


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
        Scored(card, day, sheet, part, list(_hashes(card, sheet, part)))
        for day, sheet, part in zip(days, sheets, parts, strict=True)
    ]


def _rows_of(scores: PortfolioScores, rows: slice) -> PortfolioScores:
    arrays = {field.name: getattr(scores, field.name) for field in fields(scores) if field.name != "scorecard"}
    return replace(scores, **{name: array[rows] for name, array in arrays.items()})


def known(hundredths: Any) -> int | None:
    return None if hundredths == NOT_KNOWN else int(hundredths)


def _hashes(card: LiveCard, sheet: Sheet, scores: PortfolioScores) -> Iterator[str]:
    """The same scorecard, values and freshness give the same score; nothing else has a say in it."""
    fresh = np.rint(np.nan_to_num(scores.kpi_freshness, nan=-1.0) * 1_000_000).astype("<i4")
    for ids, faded in zip(np.ascontiguousarray(sheet.ids), np.ascontiguousarray(fresh), strict=True):
        digest = hashlib.sha256(card.row.pk.bytes)
        digest.update(ids.tobytes())
        digest.update(faded.tobytes())
        yield digest.hexdigest()


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
    categories, parts = _categories(scores), _Parts(scored)
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
            json.dumps(parts.of(row)),
            "[]",
            scored.hashes[row],
            at,
        )


def _categories(scores: PortfolioScores) -> Any:
    codes = list(scores.scorecard.categories)
    total = sum(scores.scorecard.categories.values())
    weights = [round(float(weight / total * 100), 2) for weight in scores.scorecard.categories.values()]
    points = _hundredths(scores.category_scores)
    shares = _shares(scores.category_weight_share)
    covered = np.floor(scores.category_coverage * 100 + 1e-9).astype(int)
    added = scores.category_contribution_hundredths

    def of(row: int) -> list[dict[str, Any]]:
        return [
            {
                "code": code,
                "weight": weights[at],
                "share": int(shares[row, at]),
                "score": None if points[row, at] < 0 else int(points[row, at]),
                "coverage": int(covered[row, at]),
                "contribution": int(added[row, at]),
            }
            for at, code in enumerate(codes)
        ]

    return of


class _Parts:
    """Lists of plain numbers, made once for all accounts and read row by row."""

    def __init__(self, scored: Scored) -> None:
        scores = scored.scores
        self.codes = scores.scorecard.kpis
        self.ids = np.ascontiguousarray(scored.sheet.ids)
        self.points = _hundredths(scores.kpi_points)
        self.fresh = np.rint(np.nan_to_num(scores.kpi_freshness) * 100).astype(int)
        self.shares = _shares(scores.kpi_weight_share)
        self.added = scores.kpi_contribution_hundredths

    def of(self, row: int) -> list[list[Any]]:
        ids = self.ids[row].tobytes().hex()
        columns = zip(
            self.codes,
            range(0, len(ids), 32),
            *(array[row].tolist() for array in (self.points, self.fresh, self.shares, self.added)),
            strict=True,
        )
        return [[code, _uuid(ids[at : at + 32]), *rest] for code, at, *rest in columns if rest[0] >= 0]


def _uuid(digits: str) -> str:
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def _hundredths(points: NDArray[np.float64]) -> NDArray[np.int64]:
    """Half up; -1 where there is none."""
    return np.where(np.isnan(points), NOT_KNOWN, np.floor(np.nan_to_num(points) * 100 + 0.5)).astype(np.int64)


def _shares(shares: NDArray[np.float64]) -> NDArray[np.int64]:
    """Hundredths of a per cent that sum to 100.00 in every row that has any data."""
    micro = np.rint(shares * WHOLE * MICRO).astype(np.int64)
    return apportion(micro, np.where(micro.sum(axis=1) > 0, WHOLE, 0))
