"""The lists behind the figures of data quality: cells of the scorecard that lack a value, fade, or are contradicted."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import DecimalField, ExpressionWrapper, F, QuerySet, Value
from django.db.models.functions import Coalesce

from accounts.models import Account
from core.actor import Actor
from core.time import month_of
from kpis.models import AccountHealth, KpiValue, Upload
from kpis.queries.assignment import cards_for
from kpis.queries.quality import OWN, RECENT_DAYS, items_of

PAGE = 50
SHOWN = {"missing": "Missing", "fading": "Fading", "counting": "With a value"}
STEPS = (100, 400, 2_000)  # accounts that are looked at in one query, more with every one that finds too little


@dataclass(frozen=True)
class CellFilter:
    """show: one of SHOWN. kpi: code, source: key of a source; "" for any. after: "account id:KPI" of the last row."""

    show: str = "missing"
    kpi: str = ""
    source: str = ""
    after: str = ""

    @classmethod
    def of(cls, given: Mapping[str, str]) -> "CellFilter":
        show, text = given.get("show", ""), {
            name: given.get(name, "").replace("\x00", "")[:200] for name in ("kpi", "source", "after")
        }  # fmt: skip
        return cls(show=show if show in SHOWN else "missing", **text)


@dataclass(frozen=True)
class CellRow:
    """One account and KPI; value None: nothing that would count, `period` then says of when the last one is."""

    account_id: UUID
    account: str
    kpi: str
    kpi_name: str
    unit: str
    period: date | None
    value: Decimal | None
    source: str
    upload_id: UUID | None


@dataclass(frozen=True)
class CellPage:
    rows: list[CellRow]
    after: str


_CELLS = """
select a.id, a.name, k.code, k.name, k.unit, v.period, v.value,
       coalesce(u.file_name, case when v.origin is null then '' else '=' || v.origin end), u.id
from unnest(%(accounts)s::uuid[]) with ordinality m(id, n)
join accounts_account a on a.id = m.id
cross join unnest(%(kpis)s::uuid[], %(full)s::date[], %(gone)s::date[]) i(id, full_from, gone_from)
join kpis_kpi k on k.id = i.id
left join lateral (
    select period, value, origin, upload_id from kpis_kpivalue
    where account_id = a.id and kpi_id = i.id and superseded_at is null and period <= %(today)s
    order by period desc limit 1
) v on true
left join kpis_upload u on u.id = v.upload_id
where case %(show)s when 'missing' then v.period is null or v.period < i.gone_from
                    when 'fading' then v.period >= i.gone_from and v.period < i.full_from
                    else v.period >= i.gone_from end
  and (%(source)s = '' or coalesce(u.file_name, '=' || v.origin) = %(source)s)
order by m.n, k.code limit %(most)s
"""


def cells(wanted: CellFilter, *, by: Actor, today: date) -> CellPage:
    """Cells by the name of their account, PAGE at a time. Looks only as far as it must. Raises NoScorecard."""
    account_after, _, kpi_after = wanted.after.partition(":")
    rows: list[CellRow] = []
    for accounts in _steps(_accounts(by, account_after)):
        for row in _found(accounts, wanted, today=today):
            if str(row.account_id) != account_after or row.kpi > kpi_after:
                rows.append(row)
        if len(rows) > PAGE:
            break
    more, rows = len(rows) > PAGE, rows[:PAGE]
    return CellPage(rows, f"{rows[-1].account_id}:{rows[-1].kpi}" if more else "")


def _accounts(by: Actor, after: str) -> list[UUID]:
    """Ids in the order of names, from the account `after` on."""
    found = list(Account.objects.visible_to(by).active().order_by("name", "pk").values_list("pk", flat=True))
    texts = {str(pk): place for place, pk in enumerate(found)}
    return found[texts.get(after, 0) :]


def _steps(accounts: Sequence[UUID]) -> Iterator[Sequence[UUID]]:
    start, step = 0, 0
    while start < len(accounts):
        size = STEPS[min(step, len(STEPS) - 1)]
        yield accounts[start : start + size]
        start, step = start + size, step + 1


def _found(accounts: Sequence[UUID], wanted: CellFilter, *, today: date) -> list[CellRow]:
    places = {pk: place for place, pk in enumerate(accounts)}
    rows: list[CellRow] = []
    for card, ids in cards_for(accounts, today=today):
        items = [(pk, item) for pk, item in items_of(card).items() if not wanted.kpi or item.code == wanted.kpi]
        if not items:
            continue
        given: dict[str, Any] = {
            "accounts": sorted(ids, key=places.__getitem__),
            "kpis": [pk for pk, _ in items],
            "full": [_first_month(today, item.full) for _, item in items],
            "gone": [_first_month(today, item.gone, over=1) for _, item in items],
            "show": wanted.show,
            "source": wanted.source,
            "today": today,
            "most": 2 * PAGE + len(items),
        }
        with connection.cursor() as cursor:
            cursor.execute(_CELLS, given)
            rows += [CellRow(*row) for row in cursor.fetchall()]
    return sorted(rows, key=lambda row: (places[row.account_id], row.kpi))


def _first_month(today: date, days: float, *, over: int = 0) -> date:
    """The oldest month whose last day is at most so many days ago."""
    return month_of(today - timedelta(days=min(int(days), 36_500) - over))


def contradicted(*, kpi: str = "", source: str = "", by: Actor, at: datetime) -> QuerySet[KpiValue]:
    """Values of the last months that another file had said otherwise; for lists in the order of `-recorded_at`."""
    files = {"origin": KpiValue.Origin.UPLOAD, "upload__state": Upload.State.DONE}
    found: QuerySet[KpiValue] = KpiValue.objects.visible_to(by).filter(
        **files,
        **{f"previous__{name}": value for name, value in files.items()},
        recorded_at__gte=at - timedelta(days=RECENT_DAYS),
    )
    found = found.exclude(previous__upload__file_name=F("upload__file_name")).exclude(previous__value=F("value"))
    exact = {"kpi__code": kpi, "upload__file_name": source}
    found = found.filter(**{name: text for name, text in exact.items() if text})
    return found.select_related("account", "kpi", "upload", "previous__upload")


def accounts_by_gap(*, by: Actor) -> QuerySet[AccountHealth]:
    """Scored accounts, those first where most revenue lacks data; `gap`: revenue times what is not covered."""
    amount = DecimalField(max_digits=20, decimal_places=2)
    gap = ExpressionWrapper(
        Coalesce(F("account__arr"), Value(Decimal(0)), output_field=amount) * (100 - F("coverage")), output_field=amount
    )
    found: QuerySet[AccountHealth] = AccountHealth.objects.filter(
        account__in=Account.objects.visible_to(by).active()
    ).select_related("account")
    return found.annotate(gap=gap)


def source_label(key: str) -> str:
    """The words for the key of a source: a file's name, or what it is without one."""
    return OWN.get(key[1:], key[1:]) if key.startswith("=") else key
