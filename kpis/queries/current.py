"""What a file's values are against those that are there: new, changed, unchanged, or corrected by a person since."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.db import connection

from kpis.models import Kpi, KpiValue
from kpis.workbook import ParsedCell

Key = tuple[UUID, UUID, date]  # account, KPI, month
EXACT = Decimal("0.000001")  # as the column stores it


@dataclass(frozen=True, slots=True)
class Current:
    """The value in force of an account, KPI and month. last_file: what the newest file said; None if no file did."""

    id: UUID
    value: Decimal
    origin: str
    upload_id: UUID | None
    recorded_at: datetime
    last_file: Decimal | None


@dataclass(frozen=True, slots=True)
class Incoming:
    """One cell with the rows it speaks of; `value` as it will be stored; `current` what it would replace."""

    cell: ParsedCell
    account_id: UUID
    kpi: Kpi
    value: Decimal
    current: Current | None = None


@dataclass
class Comparison:
    """The cells of a batch, each in one list. `corrected`: a person's correction of just this value stays."""

    new: list[Incoming] = field(default_factory=list)
    changed: list[Incoming] = field(default_factory=list)
    unchanged: list[Incoming] = field(default_factory=list)
    corrected: list[Incoming] = field(default_factory=list)

    def add(self, one: Incoming) -> None:
        now = one.current
        if now is None:
            self.new.append(one)
        elif now.value == one.value:
            self.unchanged.append(one)
        elif now.origin == KpiValue.Origin.EDIT and now.last_file == one.value:
            # The file says what was corrected already: it brings no news, so the person's word stands.
            self.corrected.append(one)
        else:
            self.changed.append(one)

    def keep_since(self, moment: datetime, *, but_of: UUID) -> None:
        """Leave alone what came after `moment` from elsewhere than the upload `but_of`."""
        newer = [one for one in self.changed if one.current and one.current.recorded_at > moment]
        kept = {id(one) for one in newer if one.current and one.current.upload_id != but_of}
        self.unchanged += [one for one in self.changed if id(one) in kept]
        self.changed = [one for one in self.changed if id(one) not in kept]


def compare(
    cells: Sequence[ParsedCell], accounts: Mapping[str, UUID], kpis: Mapping[str, Kpi], *, lock: bool = False
) -> Comparison:
    """Hold cells against the values in force, in one query. `lock` keeps those values from changing till commit."""
    found = Comparison()
    keys = [(accounts[cell.account], kpis[cell.code]) for cell in cells]
    current = _current([(account, kpi.pk, cell.period) for cell, (account, kpi) in zip(cells, keys, strict=True)], lock)
    for number, (cell, (account_id, kpi)) in enumerate(zip(cells, keys, strict=True)):
        found.add(Incoming(cell, account_id, kpi, cell.stored.quantize(EXACT), current.get(number)))
    return found


# A look-up in the index for each key, whatever the planner believes of a table that has just grown.
_CURRENT = """
select k.n - 1, v.id, v.value, v.origin, v.upload_id, v.recorded_at,
       case v.origin when 'upload' then v.value else (
           select f.value from kpis_kpivalue f join kpis_upload u on u.id = f.upload_id
           where f.account_id = k.account_id and f.kpi_id = k.kpi_id and f.period = k.period and f.origin = 'upload'
             and u.state not in ('rolling_back', 'rolled_back')
           order by f.recorded_at desc limit 1
       ) end
from unnest(%s::uuid[], %s::uuid[], %s::date[]) with ordinality k(account_id, kpi_id, period, n)
cross join lateral (
    select id, value, origin, upload_id, recorded_at from kpis_kpivalue
    where account_id = k.account_id and kpi_id = k.kpi_id and period = k.period and superseded_at is null
    limit 1 {lock}
) v
"""


def _current(keys: Sequence[Key], lock: bool) -> dict[int, Current]:
    """Place in `keys` -> the value in force."""
    if not keys:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_CURRENT.format(lock="for update" if lock else ""), key_arrays(keys))
        return {number: Current(*rest) for number, *rest in cursor.fetchall()}


def key_arrays(keys: Sequence[Key]) -> list[str]:
    """Accounts, KPIs and months of `keys` as three array literals, a quarter of the work of a list of parameters."""
    accounts, kpis, periods = zip(*keys, strict=True)
    columns = ((one.hex for one in accounts), (one.hex for one in kpis), map(str, periods))
    return [f"{{{','.join(column)}}}" for column in columns]
