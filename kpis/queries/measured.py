"""The values that scores are made of, read for hundreds of accounts at once as arrays.

PostgreSQL packs the values of an account into one binary string, so that they become an array without a step per
value: a hundred thousand values in a twentieth of a second. Only the index `kpi_value_current_once` is read.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from core.time import months_back

Floats = NDArray[np.float64]

_VALUE = np.dtype([("kpi", ">i4"), ("period", ">i4"), ("value", ">f8"), ("id", "V16")])
_EPOCH = np.datetime64("2000-01-01")  # PostgreSQL counts days from here
_PACKED = """
string_agg(int4send((k.n - 1)::int4) || int4send(v.period - date '2000-01-01')
           || float8send(v.value::float8) || uuid_send(v.id), ''::bytea)
"""

# The values of some months: the entries of an account lie side by side in the index, so that one walk reads them.
_RECENT = f"""
select a.n - 1, (
    select {_PACKED}
    from kpis_kpivalue v join unnest(%s::uuid[]) with ordinality k(id, n) on k.id = v.kpi_id
    where v.account_id = a.id and v.kpi_id = any(%s::uuid[]) and v.superseded_at is null
      and v.period between %s and %s
)
from unnest(%s::uuid[]) with ordinality a(id, n)
"""  # noqa: S608 -- our own constant
# The newest one before those months, of the given cells only: one probe of the index each.
_OLDER = f"""
select cell / %s, {_PACKED}
from unnest(%s::int[]) cell
cross join lateral (select (%s::uuid[])[cell / %s + 1] as account_id, (%s::uuid[])[cell %% %s + 1] as kpi_id) c
cross join lateral (
    select id, value, period from kpis_kpivalue
    where account_id = c.account_id and kpi_id = c.kpi_id and superseded_at is null and period < %s
    order by period desc limit 1
) v
cross join lateral (select cell %% %s + 1 as n) k
group by cell / %s
"""  # noqa: S608 -- our own constant
_SINCE = f"""
select a.n - 1, (
    select {_PACKED}
    from kpis_kpivalue v join unnest(%s::uuid[]) with ordinality k(id, n) on k.id = v.kpi_id
    where v.account_id = a.id and v.superseded_at is null and v.period <= %s
      and (v.period >= %s or v.kpi_id = any(%s::uuid[]))
)
from unnest(%s::uuid[]) with ordinality a(id, n)
"""  # noqa: S608 -- our own constant


@dataclass(frozen=True, eq=False)
class Sheet:
    """What was valid on one day: (accounts, KPIs) arrays, NaN where there is no value.

    ages: days from the end of the value's month to that day. ids: the 16 bytes of each value's id, zeros if none.
    """

    values: Floats
    ages: Floats
    ids: NDArray[np.void]


@dataclass(frozen=True, eq=False)
class Measured:
    """Current values of some accounts; `newest[i, j, m]` is the row valid at month m, -1 where there is none."""

    rows: NDArray[Any]
    newest: NDArray[np.int32]
    first_month: int

    def on(self, day: date) -> Sheet:
        """What counts today or on a month's last day: the newest value of each cell whose month has begun."""
        return self._sheet(_month_number(day), day)

    def over_by(self, day: date) -> Sheet:
        """What was known on a day of the past: the newest value whose month was over. A figure for October that is
        there today was not there on the 23rd of October."""
        return self._sheet(_month_number(day + timedelta(days=1)) - 1, day)

    def _sheet(self, month: int, day: date) -> Sheet:
        column = min(month - self.first_month, self.newest.shape[2] - 1)
        picked = self.newest[:, :, column] if column >= 0 else np.full(self.newest.shape[:2], -1)
        missing = picked < 0
        if not len(self.rows):
            empty = np.full(picked.shape, np.nan)
            return Sheet(empty, empty, np.zeros(picked.shape, "V16"))
        rows = self.rows[np.where(missing, 0, picked)]
        months = (_EPOCH + rows["period"].astype("m8[D]")).astype("M8[M]")
        ends = (months + 1).astype("M8[D]") - np.timedelta64(1, "D")
        ages = np.maximum((np.datetime64(day) - ends).astype(np.int64), 0)
        ids = rows["id"].copy()
        ids[missing] = np.void(bytes(16))
        return Sheet(np.where(missing, np.nan, rows["value"]), np.where(missing, np.nan, ages), ids)


def newest_values(accounts: Sequence[UUID], kpis: Sequence[UUID], *, on: date, then: date) -> Measured:
    """Enough to score as of `on` and as it was known on `then`, at most a month earlier."""
    # 28 days before this month, two months are over at the latest: what `then` saw may be that old or older.
    return _newest(accounts, kpis, since=months_back(then, 2)[0], on=on, column=0)


def latest_values(accounts: Sequence[UUID], kpis: Sequence[UUID], *, on: date) -> Sheet:
    """What counts on `on`, the newest value of each cell; two thirds of the time of `newest_values`."""
    return _newest(accounts, kpis, since=months_back(on, 3)[0], on=on, column=-1).on(on)


def _newest(accounts: Sequence[UUID], kpis: Sequence[UUID], *, since: date, on: date, column: int) -> Measured:
    """Two steps: what the last months hold, then the older value of each cell that is empty in that month's column."""
    ids, codes, shape = list(accounts), list(kpis), (len(accounts), len(kpis))
    recent = _packed(_RECENT, [codes, codes, since, on, ids])
    measured = _measured(recent, shape, first=since, last=on)
    empty = np.flatnonzero(measured.newest[:, :, column] < 0)
    if not empty.size:
        return measured
    width, cells = len(codes), f"{{{','.join(map(str, empty.tolist()))}}}"  # as text: a list is escaped one by one
    older = _packed(_OLDER, [width, cells, ids, width, codes, width, since, width, width])
    return _measured(older + recent, shape, first=since, last=on)


def values_since(
    accounts: Sequence[UUID], kpis: Sequence[UUID], *, on: date, since: date, for_ever: Sequence[UUID]
) -> Measured:
    """Enough to score on any day of the months `since` to `on`.

    since: first day of the oldest month that still counts. for_ever: KPIs whose values never fade, so that older
    ones are wanted too.
    """
    params = [list(kpis), on, since, list(for_ever), list(accounts)]
    return _measured(_packed(_SINCE, params), (len(accounts), len(kpis)), first=since, last=on)


def _packed(sql: str, params: list[Any]) -> list[tuple[int, bytes]]:
    """(row of the account, its values as `_VALUE` says) for each account that has any."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return [(account, bytes(values)) for account, values in cursor.fetchall() if values]


def _measured(packed: list[tuple[int, bytes]], shape: tuple[int, int], *, first: date, last: date) -> Measured:
    rows = np.frombuffer(b"".join(values for _, values in packed), dtype=_VALUE)
    counts = [len(values) // _VALUE.itemsize for _, values in packed]
    accounts = np.repeat(np.array([account for account, _ in packed], dtype=np.int64), counts)
    months = (_EPOCH + rows["period"].astype("m8[D]")).astype("M8[M]").astype(np.int64)
    order = np.argsort(months, kind="stable")
    rows, accounts, months = rows[order], accounts[order], months[order]
    start = _month_number(first)
    newest = np.full((*shape, _month_number(last) - start + 1), -1, dtype=np.int32)
    # Sorted by month: of several values before the first month the newest is written last and stays.
    newest[accounts, rows["kpi"], np.maximum(months - start, 0)] = np.arange(len(rows))
    return Measured(rows, np.maximum.accumulate(newest, axis=2), start)


def _month_number(day: date) -> int:
    """Months since 1970, as numpy counts them."""
    return (day.year - 1970) * 12 + day.month - 1
