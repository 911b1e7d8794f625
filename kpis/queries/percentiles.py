"""Where an account's value stands among the tenant's own accounts: how many of the others it is better than.

The figures of other accounts never leave this module; a person who sees only their own accounts may be told a place.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import numpy as np
from django.db import connection

from accounts.models import Account
from core.time import month_of
from kpis.freshness import CADENCE_DAYS, MONTH_DAYS, ZERO_AT
from kpis.models import Kpi
from kpis.scoring import points_of

# With fewer, one account moves the place of another by more than a tenth, and whoever knows two places could work out
# what a third account has.
SMALLEST_GROUP = 8
ALIKE = ("tier", "industry", "region")  # a group of peers may share these


@dataclass(frozen=True)
class Standing:
    """The place of one account's value in a group.

    group: accounts with a value that counts, itself included. percentile: 0..100, the share of the others that are
    worse, those who are equal counted half; None when the group is too small or nothing says what better is.
    """

    group: int
    percentile: int | None
    among: str = "all accounts"

    @property
    def too_small(self) -> bool:
        return self.group < SMALLEST_GROUP

    @property
    def text(self) -> str:
        if self.too_small:
            return f"group too small (n = {self.group})"
        if self.percentile is None:
            return "nothing says which values are better"
        return f"better than {self.percentile}% of {self.among} (n = {self.group})"


# The values of the others come as one binary string a KPI: ten thousand accounts cost no step per value in Python.
_OTHERS = """
select kpi.n - 1,
       max(v.value) filter (where account.id = %s)::float8,
       string_agg(float8send(v.value::float8), ''::bytea) filter (where account.id <> %s)
from unnest(%s::uuid[], %s::date[]) with ordinality kpi(id, since, n)
cross join accounts_account account
cross join lateral (
    select value from kpis_kpivalue
    where account_id = account.id and kpi_id = kpi.id and superseded_at is null and period <= %s and period >= kpi.since
    order by period desc limit 1
) v
where account.archived_at is null and account.sample = %s{alike}
group by kpi.n
"""


def standings(
    account: Account,
    kpis: Sequence[Kpi],
    *,
    on: date,
    like: Sequence[str] = (),
    anchors: Mapping[str, Any] | None = None,
) -> dict[str, Standing]:
    """KPI code -> where the account stands by its newest value that still counts; no key where it has none.

    like: fields of ALIKE that the group shares with the account; sample accounts are compared with sample accounts
    only. anchors: by code, what two-sided KPIs are judged by; else the range in force. One query.
    """
    shared = {name: getattr(account, name) for name in ALIKE if name in like and getattr(account, name)}
    among = f"accounts of the same {' and '.join(shared)}" if shared else "all accounts"
    found: dict[str, Standing] = {}
    for kpi, mine, others in _values(account.pk, kpis, on=on, sample=account.sample, shared=shared):
        if mine is not None:
            judged = (anchors or {}).get(kpi.code, kpi.anchors)
            share = _share(kpi, mine, others, judged) if len(others) + 1 >= SMALLEST_GROUP else None
            found[kpi.code] = Standing(len(others) + 1, share, among)
    return found


def _values(
    account_id: UUID, kpis: Sequence[Kpi], *, on: date, sample: bool, shared: Mapping[str, str]
) -> list[tuple[Kpi, float | None, Any]]:
    """For each KPI with any value: the account's own (None without one) and an array of the others'."""
    alike = "".join(f" and account.{name} = %s" for name in shared)
    since = [oldest_that_counts(kpi, on) for kpi in kpis]
    ids = [kpi.pk for kpi in kpis]
    params: list[Any] = [account_id, account_id, ids, since, on, sample, *shared.values()]
    with connection.cursor() as cursor:
        cursor.execute(_OTHERS.format(alike=alike), params)
        rows = cursor.fetchall()
    return [(kpis[place], mine, np.frombuffer(bytes(packed or b""), dtype=">f8")) for place, mine, packed in rows]


def _share(kpi: Kpi, mine: float, others: Any, anchors: Any) -> int | None:
    """Per cent of the others that are worse, ties counted half, rounded down so that nobody is flattered."""
    if kpi.direction == Kpi.Direction.BAND:
        if len(anchors) < 2:
            return None
        pairs = tuple((Decimal(str(value)), int(points)) for value, points in anchors)
        worth = points_of(np.append(others, mine), pairs)
        others, mine = worth[:-1], float(worth[-1])
    elif kpi.direction == Kpi.Direction.DOWN:
        others, mine = -others, -mine
    worse, equal = int((others < mine).sum()), int((others == mine).sum())
    return (200 * worse + 100 * equal) // (2 * len(others))


def oldest_that_counts(kpi: Kpi, on: date) -> date:
    """The first month whose value is not yet too old to count on that day, by the rule of the score."""
    cadence = CADENCE_DAYS.get(kpi.cadence, MONTH_DAYS)
    if cadence is None:
        return date(2000, 1, 1)
    days = int(ZERO_AT * max(cadence, MONTH_DAYS))
    if kpi.expires_days is not None:
        days = min(days, kpi.expires_days)
    return month_of(on - timedelta(days=days))


def best_quarter(kpi: Kpi, *, on: date, leaving_out: UUID) -> tuple[Decimal, int] | None:
    """Where the best quarter of the real accounts begins, and how many there are; None for a small or two-sided group.

    Only for people who see every account: between two accounts it may give a value away.
    """
    if kpi.direction == Kpi.Direction.BAND:
        return None
    rows = _values(leaving_out, [kpi], on=on, sample=False, shared={})
    values = rows[0][2] if rows else np.array([])
    if len(values) < SMALLEST_GROUP:
        return None
    edge = np.percentile(values, 75 if kpi.direction == Kpi.Direction.UP else 25)
    return Decimal(str(round(float(edge), 2))), len(values)
