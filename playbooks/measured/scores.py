"""Every score that was ever stored of some accounts, and what of it was known at any moment. One query."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import numpy as np
from django.db import connection
from numpy.typing import NDArray

Ints = NDArray[np.int64]

UNKNOWN = -1
_SCORE = np.dtype([("of", ">i4"), ("score", ">i4"), ("scored", ">i8"), ("superseded", ">i8"), ("id", "V16")])
_EPOCH = np.datetime64("2000-01-01")  # PostgreSQL counts days from here
_NEVER = np.iinfo(np.int64).max
_EVERY = f"""
select a.n - 1, (
    select string_agg(int4send(s.as_of - date '2000-01-01') || int4send(coalesce(s.score_hundredths, {UNKNOWN}))
        || int8send((extract(epoch from s.scored_at) * 1000000)::int8)
        || int8send(coalesce((extract(epoch from s.superseded_at) * 1000000)::int8, {_NEVER}))
        || uuid_send(s.id), ''::bytea)
    from kpis_healthscore s where s.account_id = a.id and s.as_of between %s and %s
)
from unnest(%s::uuid[]) with ordinality a(id, n)
"""  # noqa: S608 -- our own constants


@dataclass(frozen=True, eq=False)
class Scores:
    """Rows in the order (account, day of the score, computed). of: days since 2000. score: hundredths, -1 unknown."""

    account: Ints
    of: Ints
    score: Ints
    scored: Ints
    superseded: Ints
    ids: NDArray[np.void]
    accounts: int

    def known(self, moment: datetime) -> Ints:
        """Row of the score that each account had at that moment, as a person could have seen it; -1 without one."""
        at = micros(moment)
        rows = np.flatnonzero((self.scored <= at) & (self.superseded > at) & (self.of <= day_number(moment.date())))
        found = np.full(self.accounts, -1, dtype=np.int64)
        found[self.account[rows]] = rows  # the newest day is written last and stays
        return found

    def stands(self, day: date) -> Ints:
        """Row of the score of exactly that day as it stands today, computed whenever; -1 without one."""
        rows = np.flatnonzero((self.superseded == _NEVER) & (self.of == day_number(day)))
        found = np.full(self.accounts, -1, dtype=np.int64)
        found[self.account[rows]] = rows
        return found

    def hundredths(self, rows: Ints) -> Ints:
        """Scores of these rows; -1 where there is no row or the row says that it is unknown."""
        if not len(self.score):
            return np.full(len(rows), UNKNOWN, dtype=np.int64)
        return np.where(rows >= 0, self.score[rows], UNKNOWN)

    def id_of(self, row: int) -> UUID | None:
        return UUID(bytes=self.ids[row].tobytes()) if row >= 0 else None


def micros(moment: datetime) -> int:
    return round(moment.timestamp() * 1_000_000)


def day_number(day: date) -> int:
    return int((np.datetime64(day) - _EPOCH).astype(int))


def every_score(accounts: Sequence[UUID], *, since: date, until: date) -> Scores:
    with connection.cursor() as cursor:
        cursor.execute(_EVERY, [since, until, list(accounts)])
        packed = [(account, bytes(rows)) for account, rows in cursor.fetchall() if rows]
    rows = np.frombuffer(b"".join(part for _, part in packed), dtype=_SCORE)
    counts = [len(part) // _SCORE.itemsize for _, part in packed]
    account = np.repeat(np.array([number for number, _ in packed], dtype=np.int64), counts)
    columns: dict[str, Any] = {name: rows[name].astype(np.int64) for name in ("of", "score", "scored", "superseded")}
    order = np.lexsort((columns["scored"], columns["of"], account))
    return Scores(
        account[order], columns["of"][order], columns["score"][order], columns["scored"][order],
        columns["superseded"][order], rows["id"][order], len(accounts),
    )  # fmt: skip
