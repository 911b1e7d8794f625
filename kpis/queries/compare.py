"""Two uploads held against each other cell by cell: what each said of an account, a KPI and a month.

A file's cells are the values it brought and the cells in which it repeated what was there; what it could not bring is
held. Everything is done in the database: of a file with 200,000 rows a page of 25 leaves it.
"""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection

from core.actor import Actor
from kpis.models import Upload

PAGE = 50
KINDS = {"changed": "Changed", "added": "Added", "removed": "Removed", "held": "Held", "unchanged": "Unchanged"}
SHOWN = ("changed", "added", "removed", "held")  # without a filter; who wants the unchanged ones asks for them


@dataclass(frozen=True)
class Wanted:
    """What of the difference is wanted. kind: one of KINDS or "" for all that differ; account: part of its name."""

    kind: str = ""
    kpi: str = ""
    account: str = ""
    after: str = ""

    @property
    def kinds(self) -> list[str]:
        return [self.kind] if self.kind else list(SHOWN)


@dataclass(frozen=True)
class Cell:
    """value None: not in the file, or held there; then `raw` is what the cell said and `rule` why it was held."""

    value: Decimal | None
    sheet: str
    address: str
    raw: str
    rule: str = ""


@dataclass(frozen=True)
class Difference:
    kind: str
    account_id: UUID
    account: str
    kpi: str
    kpi_name: str
    unit: str
    period: date
    old: Cell
    new: Cell

    @property
    def label(self) -> str:
        return KINDS[self.kind]

    @property
    def key(self) -> list[str]:
        return [self.account, str(self.account_id), self.kpi, self.period.isoformat()]


@dataclass(frozen=True)
class DifferencePage:
    rows: list[Difference]
    after: str
    counts: dict[str, int] = field(default_factory=dict)


_SAID = """
select distinct on (account_id, kpi_id, period) account_id, kpi_id, period, value, sheet, address, raw from (
    select account_id, kpi_id, period, value, sheet, address, raw from kpis_kpivalue
    where upload_id = %({0})s and origin = 'upload'
    union all
    select v.account_id, v.kpi_id, v.period, c.said, c.sheet, c.address, c.raw
    from kpis_repeatedcell c join kpis_kpivalue v on v.id = c.value_id where c.upload_id = %({0})s
) said
order by account_id, kpi_id, period
"""
_HELD = """
select distinct on (account_id, kpi_id, period) account_id, kpi_id, period, sheet, address, raw, rule
from kpis_uploadissue where upload_id = %({0})s and cells = 1 and account_id is not null and kpi_id is not null
    and period is not null and state <> 'notice'
order by account_id, kpi_id, period
"""
_BOTH = f"""
with old_said as ({_SAID.format("old")}), new_said as ({_SAID.format("new")}),
old_held as ({_HELD.format("old")}), new_held as ({_HELD.format("new")}),
paired as (
    select account_id, kpi_id, period,
           o.value as old_value, o.sheet as old_sheet, o.address as old_address, o.raw as old_raw,
           n.value as new_value, n.sheet as new_sheet, n.address as new_address, n.raw as new_raw
    from old_said o full join new_said n using (account_id, kpi_id, period)
),
differ as materialized (
    select case when p.old_value = p.new_value then 'unchanged'
                when p.old_value is null then 'added'
                when p.new_value is not null then 'changed'
                when nh.rule is not null then 'held'
                else 'removed' end as kind,
           a.id as account_id, a.name as account, k.code as kpi, k.name as kpi_name, k.unit, p.period,
           p.old_value, coalesce(p.old_sheet, oh.sheet, '') as o1, coalesce(p.old_address, oh.address, '') as o2,
           coalesce(p.old_raw, oh.raw, '') as o3, coalesce(oh.rule, '') as o4,
           p.new_value, coalesce(p.new_sheet, nh.sheet, '') as n1, coalesce(p.new_address, nh.address, '') as n2,
           coalesce(p.new_raw, nh.raw, '') as n3, coalesce(nh.rule, '') as n4
    from paired p
    join accounts_account a on a.id = p.account_id and (%(all)s or a.owner_id = %(owner)s)
    join kpis_kpi k on k.id = p.kpi_id
    left join old_held oh on p.old_value is null
        and oh.account_id = p.account_id and oh.kpi_id = p.kpi_id and oh.period = p.period
    left join new_held nh on p.new_value is null
        and nh.account_id = p.account_id and nh.kpi_id = p.kpi_id and nh.period = p.period
    where (%(kpi)s = '' or k.code = %(kpi)s) and (%(account)s = '' or a.name ilike %(like)s)
)
"""  # noqa: S608 -- our own constants
_ROWS = f"""
{_BOTH} select * from differ
where kind = any(%(kinds)s) and (account, account_id, kpi, period) > (%(c0)s, %(c1)s::uuid, %(c2)s, %(c3)s::date)
order by account, account_id, kpi, period
"""  # noqa: S608 -- our own constants

_PAGE = f"""
{_BOTH}
select (select json_object_agg(kind, cells) from (select kind, count(*) as cells from differ group by kind) k), d.*
from (select 1) once left join lateral (
    select * from differ
    where kind = any(%(kinds)s) and (account, account_id, kpi, period) > (%(c0)s, %(c1)s::uuid, %(c2)s, %(c3)s::date)
    order by account, account_id, kpi, period limit %(most)s
) d on true
order by account, account_id, kpi, period
"""  # noqa: S608 -- our own constants


def difference(old: Upload, new: Upload, wanted: Wanted, *, by: Actor) -> DifferencePage:
    """One page of what differs from `old` to `new`, in the order of accounts, KPIs and months, with all counts.

    counts: kind -> cells, of the accounts and KPIs that are wanted, whatever the kind. One query.
    """
    with connection.cursor() as cursor:
        cursor.execute(_PAGE, _given(old, new, wanted, by))
        found = cursor.fetchall()
    counts = dict.fromkeys(KINDS, 0) | (found[0][0] or {})
    rows = [_row(row[1:]) for row in found if row[1] is not None]
    more, rows = len(rows) > PAGE, rows[:PAGE]
    return DifferencePage(rows, _pack(rows[-1].key) if more else "", counts)


def differences(old: Upload, new: Upload, wanted: Wanted, *, by: Actor) -> Iterator[Difference]:
    """All that differs, a few thousand rows in memory at a time, for a file to download."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(_ROWS, _given(old, new, wanted, by))
        while rows := cursor.fetchmany(2_000):
            yield from map(_row, rows)


def version_before(upload: Upload, *, by: Actor) -> Upload | None:
    """The newest earlier file of the same name that has brought anything."""
    found: Upload | None = (
        versions_of(upload, by=by).filter(version__lt=upload.version, position__gt=0).order_by("-version").first()
    )
    return found


def versions_of(upload: Upload, *, by: Actor) -> Any:
    """All files of this name that `by` may see."""
    return Upload.objects.visible_to(by).filter(file_name=upload.file_name, sample=False)


def _given(old: Upload, new: Upload, wanted: Wanted, by: Actor) -> dict[str, Any]:
    account = wanted.account.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    last = dict(zip(("c0", "c1", "c2", "c3"), _unpack(wanted.after), strict=True))
    return last | {
        "old": old.pk,
        "new": new.pk,
        "all": by.sees_all,
        "owner": by.user_id,
        "kpi": wanted.kpi,
        "account": wanted.account,
        "like": f"%{account}%",
        "kinds": wanted.kinds,
        "most": PAGE + 1,
    }


def _row(row: tuple[Any, ...]) -> Difference:
    kind, account_id, account, kpi, kpi_name, unit, period = row[:7]
    return Difference(
        kind, account_id, account, kpi, kpi_name, unit, period, old=Cell(*row[7:12]), new=Cell(*row[12:17])
    )


_START = ["", "00000000-0000-0000-0000-000000000000", "", "0001-01-01"]


def _pack(key: list[str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def _unpack(cursor: str) -> list[str]:
    """The place after which to go on; anything a person made up is the start."""
    try:
        key = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        account, account_id, kpi, period = (str(part) for part in key)
        if "\x00" in account + kpi:
            return _START
        return [account, str(UUID(account_id)), kpi, date.fromisoformat(period).isoformat()]
    except (ValueError, TypeError, RecursionError):
        return _START
