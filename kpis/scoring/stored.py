"""How a computed score is written down: whole hundredths that add up, and one canonical spelling.

Scoring writes this form and reproducing a score compares with it, so both come from here. Pure, no Django.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kpis.scoring.apportion import MICRO, apportion
from kpis.scoring.exceptions import AppliedException, ScoreException
from kpis.scoring.portfolio import NOT_KNOWN, PortfolioScores

WHOLE = 10_000  # 100 per cent in hundredths of a per cent

# What makes a stored score: two records that agree in these are the same to the byte.
RECORD = (
    "score_hundredths",
    "band",
    "coverage",
    "low_hundredths",
    "high_hundredths",
    "base_hundredths",
    "categories",
    "parts",
    "exceptions",
    "input_hash",
)


def canonical(record: Mapping[str, Any]) -> bytes:
    """The record in the one spelling that is compared: keys sorted, no spaces, only the names of RECORD."""
    kept = {name: record[name] for name in RECORD}
    return json.dumps(kept, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def known(hundredths: Any) -> int | None:
    return None if hundredths == NOT_KNOWN else int(hundredths)


def input_hashes(
    card: bytes,
    ids: NDArray[np.void],
    scores: PortfolioScores,
    personal: Mapping[int, Sequence[ScoreException]],
    day: date,
) -> Iterator[str]:
    """The same scorecard, values, freshness, caps and floors give the same score; nothing else has a say in it.

    card: the 16 bytes of the version's id, and the days of the ranges that have begun. ids: (accounts, KPIs), the 16
    bytes of each value's id. personal: row -> what people have set; what the scorecard's own rules say follows from
    the values.
    """
    fresh = np.rint(np.nan_to_num(scores.kpi_freshness, nan=-1.0) * 1_000_000).astype("<i4")
    rows = zip(np.ascontiguousarray(ids), np.ascontiguousarray(fresh), strict=True)
    for row, (of_row, faded) in enumerate(rows):
        digest = hashlib.sha256(card)
        digest.update(of_row.tobytes())
        digest.update(faded.tobytes())
        holding = sorted(str(one.id) for one in personal.get(row, ()) if one.holds_on(day))
        if holding:
            digest.update("\n".join(holding).encode())
        yield digest.hexdigest()


def categories_of(scores: PortfolioScores) -> Callable[[int], list[dict[str, Any]]]:
    """row -> its categories as `HealthScore.categories` keeps them."""
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


def parts_of(scores: PortfolioScores, ids: NDArray[np.void]) -> Callable[[int], list[list[Any]]]:
    """row -> its parts as `HealthScore.parts` keeps them: [code, value id, points, freshness, share, contribution].

    Lists of plain numbers, made once for all accounts and read row by row.
    """
    codes, spelt = scores.scorecard.kpis, _uuids(ids)
    points, shares = _hundredths(scores.kpi_points), _shares(scores.kpi_weight_share)
    fresh = np.rint(np.nan_to_num(scores.kpi_freshness) * 100).astype(int)
    columns = (points, fresh, shares, scores.kpi_contribution_hundredths)

    def of(row: int) -> list[list[Any]]:
        lines = zip(codes, spelt[row].tolist(), *(array[row].tolist() for array in columns), strict=True)
        return [list(line) for line in lines if line[2] >= 0]

    return of


def exceptions_of(applied: Sequence[AppliedException]) -> list[list[Any]]:
    """What moved a score as `HealthScore.exceptions` keeps it: [[id, kind, limit, reason, before, after], ...]."""
    return [
        [
            str(one.exception.id) if one.exception.id else None,
            one.exception.kind,
            int(one.exception.limit * 100),
            one.exception.reason,
            one.before_hundredths,
            one.after_hundredths,
        ]
        for one in applied
    ]


def _uuids(ids: NDArray[np.void]) -> NDArray[np.str_]:
    """Each 16 bytes as a uuid is written, for all at once: half a million are spelt in a rescoring."""
    digits = np.frombuffer(np.ascontiguousarray(ids).tobytes().hex().encode(), np.uint8).reshape(-1, 32)
    text = np.full((len(digits), 36), ord("-"), np.uint8)
    for start, end, at in ((0, 8, 0), (8, 12, 9), (12, 16, 14), (16, 20, 19), (20, 32, 24)):
        text[:, at : at + end - start] = digits[:, start:end]
    return text.view("S36").astype("U36").reshape(ids.shape)


def _hundredths(points: NDArray[np.float64]) -> NDArray[np.int64]:
    """Half up; -1 where there is none."""
    return np.where(np.isnan(points), NOT_KNOWN, np.floor(np.nan_to_num(points) * 100 + 0.5)).astype(np.int64)


def _shares(shares: NDArray[np.float64]) -> NDArray[np.int64]:
    """Hundredths of a per cent that sum to 100.00 in every row that has any data."""
    micro = np.rint(shares * WHOLE * MICRO).astype(np.int64)
    return apportion(micro, np.where(micro.sum(axis=1) > 0, WHOLE, 0))
