"""What rolling a file back would do: which of its values are in force, what stood there before, what stays."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Sum

from kpis.models import KpiValue, Upload, UploadIssue

PAGE = 25

# From a value in force back to what counts without this file, past other files that were rolled back. A cell of a
# file that is still there and said the same comes first: to that file the value belongs then.
_WALK = """
with recursive walk as (
    select v.id as top, v.account_id, v.kpi_id, v.period, v.id as at, v.upload_id as gone
    from kpis_kpivalue v
    where v.upload_id = %(upload)s and v.origin = 'upload' and v.superseded_at is null and v.id = any(%(only)s)
    union all
    select w.top, w.account_id, w.kpi_id, w.period, n.previous_id, u.id
    from walk w
    cross join lateral (
        select r.previous_id from kpis_kpivalue r
        where r.account_id = w.account_id and r.kpi_id = w.kpi_id and r.period = w.period
          and r.upload_id = w.gone and r.origin = 'upload'
        order by r.recorded_at, r.id limit 1
    ) n
    left join kpis_kpivalue p on p.id = n.previous_id and p.origin = 'upload'
    left join kpis_upload u on u.id = p.upload_id and u.state in ('rolled_back', 'rolling_back')
    where w.gone is not null and not exists (select 1 {again})
),
ends as (
    select w.top, w.at, w.gone, (select max(r.id) from (select c.id {again} offset 0) r) as again from walk w
)
"""
_AGAIN = """
    from kpis_kpivalue s
    join kpis_repeatedcell c on c.value_id = s.id and c.said = s.value
    join kpis_upload l on l.id = c.upload_id and l.state = 'done'
    where s.account_id = w.account_id and s.kpi_id = w.kpi_id and s.period = w.period
      and s.upload_id = w.gone and s.origin = 'upload'
"""


# Nearly all values came in with the file and replaced nothing that was rolled back: for those one look is enough.
_LOOK = """
select v.id, v.account_id, v.previous_id as before, v.reason <> '' or u.id is not null as far, (
    select max(r.id) from (  -- found by its value, never through all cells of a file
        select c.id, c.upload_id from kpis_repeatedcell c where c.value_id = v.id and c.said = v.value offset 0
    ) r join kpis_upload l on l.id = r.upload_id and l.state = 'done'
) as again
from kpis_kpivalue v
left join lateral (
    select upload_id from kpis_kpivalue where id = v.previous_id and origin = 'upload' limit 1
) p on true
left join kpis_upload u on u.id = p.upload_id and u.state in ('rolled_back', 'rolling_back')
where v.upload_id = %(upload)s and v.origin = 'upload' and v.superseded_at is null {only}
"""


@dataclass(frozen=True)
class Back:
    """One value in force and what follows it: `before` a value, `again` a repeated cell, neither: nothing."""

    value_id: UUID
    before: UUID | None
    again: int | None


def what_was_before(upload_id: UUID, value_ids: Sequence[UUID]) -> list[Back]:
    """For values of this file that are in force: what counts without the file. At most two queries."""
    look = _LOOK.format(only="and v.id = any(%(only)s)")
    with connection.cursor() as cursor:
        cursor.execute(look, {"upload": upload_id, "only": list(value_ids)})
        rows = cursor.fetchall()
    near = [
        Back(pk, None if again else before, again) for pk, _, before, far, again in rows if again is not None or not far
    ]
    return near + _walked(upload_id, [pk for pk, _, _, far, again in rows if far and again is None])


def _walked(upload_id: UUID, value_ids: Sequence[UUID]) -> list[Back]:
    if not value_ids:
        return []
    end = "select top, at, again from ends where gone is null or again is not null"
    with connection.cursor() as cursor:
        cursor.execute(_WALK.format(again=_AGAIN) + end, {"upload": upload_id, "only": list(value_ids)})
        return [Back(top, None if again else at, again) for top, at, again in cursor.fetchall()]


@dataclass(frozen=True)
class Effect:
    """What a rollback would do, in values: `withdrawn` ones leave; of those `restored` give way to what was there
    before, `repeated` stay as the value of a later file that said the same, the rest leave their cell empty."""

    withdrawn: int
    restored: int
    repeated: int
    accounts: int
    by_people: int
    by_files: int
    held: int

    @property
    def emptied(self) -> int:
        return self.withdrawn - self.restored - self.repeated

    @property
    def stay(self) -> int:
        return self.by_people + self.by_files


_SUM = f"""
with looked as materialized ({_LOOK.format(only="")})
select count(*), count(before) filter (where again is null and not far), count(again),
       count(distinct account_id), coalesce(array_agg(id) filter (where far and again is null), '{{}}')
from looked
"""  # noqa: S608 -- our own constant


def effect_of_rollback(upload: Upload) -> Effect:
    """Counted from what is stored now; at most four queries."""
    with connection.cursor() as cursor:
        cursor.execute(_SUM, {"upload": upload.pk})
        withdrawn, restored, repeated, accounts, far = cursor.fetchone()
        cursor.execute(_LATER_COUNTS, {"upload": upload.pk})
        people, files = cursor.fetchone()
    backs = _walked(upload.pk, far)
    restored += sum(one.before is not None for one in backs)
    repeated += sum(one.again is not None for one in backs)
    held = UploadIssue.objects.filter(upload=upload, state=UploadIssue.State.HELD).aggregate(cells=Sum("cells"))
    return Effect(withdrawn, restored, repeated, accounts, people, files, held["cells"] or 0)


_LATER = """
    from (
        select distinct account_id, kpi_id, period from kpis_kpivalue
        where upload_id = %(upload)s and origin = 'upload' and superseded_at is not null
    ) v
    join kpis_kpivalue c on c.account_id = v.account_id and c.kpi_id = v.kpi_id and c.period = v.period
        and c.superseded_at is null and (c.upload_id is distinct from %(upload)s or c.origin <> 'upload')
"""
_LATER_COUNTS = f"""
select count(*) filter (where c.origin <> 'upload'), count(*) filter (where c.origin = 'upload') {_LATER}
"""


@dataclass(frozen=True)
class Kept:
    """A value that somebody or a newer file put in place of this file's; it stays."""

    value: KpiValue
    said: Decimal | None

    @property
    def period(self) -> date:
        found: date = self.value.period
        return found


@dataclass(frozen=True)
class KeptPage:
    rows: list[Kept]
    after: str


def kept_values(upload: Upload, *, after: str = "") -> KeptPage:
    """Values that a rollback would leave alone, PAGE at a time; `after`: id of the last one seen."""
    sql = f"select c.id {_LATER} where %(after)s::uuid is null or c.id > %(after)s order by c.id limit %(most)s"
    with connection.cursor() as cursor:
        cursor.execute(sql, {"upload": upload.pk, "after": _uuid(after), "most": PAGE + 1})
        ids = [row[0] for row in cursor.fetchall()]
    more, ids = len(ids) > PAGE, ids[:PAGE]
    found = KpiValue.objects.filter(pk__in=ids).select_related("account", "kpi", "upload").order_by("pk")
    said = _said_by(upload, found)
    rows = [Kept(value, said.get((value.account_id, value.kpi_id, value.period))) for value in found]
    return KeptPage(rows, str(ids[-1]) if more else "")


def _said_by(upload: Upload, values: Any) -> dict[tuple[UUID, UUID, date], Decimal]:
    accounts, kpis = {value.account_id for value in values}, {value.kpi_id for value in values}
    said = KpiValue.objects.filter(upload=upload, account_id__in=accounts, kpi_id__in=kpis).order_by("pk")
    return {(a, k, p): number for a, k, p, number in said.values_list("account_id", "kpi_id", "period", "value")}


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
