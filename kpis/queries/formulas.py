"""Formulas that are in force, the names they may use, and what they give on real accounts."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Max, Min, QuerySet

from accounts.conditions import Kind
from accounts.custom import ACCOUNT, PREFIX
from accounts.models import Account, CustomField
from core.actor import Actor
from core.time import month_end, month_of, months_back
from kpis.formula import (
    FIELDS,
    LARGEST,
    Columns,
    FieldName,
    FormulaError,
    KpiName,
    Names,
    Row,
    Sql,
    Understood,
    Unknown,
    affected,
    circle,
    evaluate,
    expression,
    in_order,
    understand,
)
from kpis.models import Formula, Kpi, KpiAlias, KpiValue

FIELD_MARK = "account."  # before a field's name among a formula's inputs; no KPI code has a point
PREVIEW = 8  # accounts


@dataclass(frozen=True)
class LiveFormula:
    """A formula in force. understood None: it does not hold any more, `problem` says why; it computes nothing."""

    row: Formula
    understood: Understood | None
    problem: str = ""

    @property
    def code(self) -> str:
        return self.row.kpi.code

    @property
    def kpis(self) -> list[str]:
        return kpis_of(self.row)


def kpis_of(formula: Formula) -> list[str]:
    """Codes of the KPIs it reads."""
    return [name for name in formula.inputs if not name.startswith(FIELD_MARK)]


def inputs_of(understood: Understood) -> list[str]:
    """As `Formula.inputs` keeps them: KPI codes, then fields of the account with their mark."""
    return [*understood.kpis, *(FIELD_MARK + name for name in understood.fields)]


_OWN_KINDS = {Kind.NUMBER.value: "number", Kind.DATE.value: "date"}  # the others are text


def formula_fields() -> dict[str, FieldName]:
    """Fields of the account: those that every tenant has, and its own as custom.<code>.

    Of its own only those that every role sees: what a formula gives is a KPI, and KPIs are for everybody.
    """
    own = [one for one in CustomField.objects.filter(record=ACCOUNT, active=True) if not one.view_roles]
    made = (
        FieldName(f"{PREFIX}{one.code}", one.label, _OWN_KINDS.get(one.kind, "text"), one.unit, one.kind) for one in own
    )
    return {**FIELDS, **{one.name: one for one in made}}


def formula_names() -> Names:
    """Every active KPI by code and spelling; a computed one without a unit of its own has that of its formula."""
    spellings: dict[UUID, list[str]] = defaultdict(list)
    for kpi_id, text in KpiAlias.objects.values_list("kpi_id", "text"):
        spellings[kpi_id].append(text)
    units = dict(Formula.objects.filter(live=True).values_list("kpi_id", "unit"))
    return Names(
        [
            KpiName(
                kpi.code,
                kpi.name,
                kpi.unit or units.get(kpi.pk, ""),
                kpi.outcome_like,
                kpi.portfolio_only,
                tuple(spellings[kpi.pk]),
            )
            for kpi in Kpi.objects.filter(active=True).order_by("position", "name")
        ],
        formula_fields(),
    )


def reads() -> dict[str, list[str]]:
    """KPI code -> codes its formula reads, for every formula in force."""
    live = Formula.objects.filter(live=True).select_related("kpi")
    return {formula.kpi.code: kpis_of(formula) for formula in live}


def live_formulas(changed: Collection[str] | None = None) -> list[LiveFormula]:
    """The formulas in force, each after those it reads; `changed`: only those that read one of these KPIs, directly or
    through others, and their own. One query when there are none, else three more."""
    live = Formula.objects.filter(live=True, kpi__active=True).select_related("kpi")
    rows = {row.kpi.code: row for row in live}
    read = {code: kpis_of(row) for code, row in rows.items()}
    wanted = set(rows) if changed is None else (affected(changed, read) | set(changed)) & set(rows)
    if not wanted:
        return []
    names = formula_names()
    return [_live(rows[code], names) for code in in_order(read) if code in wanted]


def _live(row: Formula, names: Names) -> LiveFormula:
    try:
        return LiveFormula(row, understand(row.text, names, unit=row.kpi.unit))
    except FormulaError as error:
        return LiveFormula(row, None, str(error))


def news_of_upload(upload_id: UUID) -> tuple[list[str], date | None]:
    """Codes of the KPIs that a file brought values for, and the oldest of their months."""
    values = KpiValue.objects.filter(upload_id=upload_id)
    codes = list(values.order_by("kpi__code").values_list("kpi__code", flat=True).distinct())
    return codes, values.aggregate(oldest=Min("period"))["oldest"]


def formula_of(kpi: Kpi) -> Formula | None:
    """The version in force."""
    found: Formula | None = Formula.objects.filter(kpi=kpi, live=True).first()
    return found


def formulas() -> QuerySet[Formula]:
    found: QuerySet[Formula] = Formula.objects.select_related("kpi").order_by("kpi__name", "-version")
    return found


def find_circle(code: str, understood: Understood) -> list[str] | None:
    """The way back to the KPI if this became its formula."""
    return circle(code, {**reads(), code: list(understood.kpis)})


# What a formula reads, as rows ---------------------------------------------------------------------------------


def _column(name: str) -> str:
    """A field of the account `a` as SQL. Raises ValueError for a name that is none."""
    if name in FIELDS:
        return f"nullif(a.{name}, '')" if FIELDS[name].kind == "text" else f"a.{name}"
    found = formula_fields().get(name)
    code = name.removeprefix(PREFIX)
    if found is None or not re.fullmatch(r"[a-z0-9_]+", code):
        raise ValueError(f"no field of the account: {name}")
    if found.own == Kind.YES:
        return f"case a.custom->>'{code}' when 'true' then 'yes' when 'false' then 'no' end"
    cast = {"number": "::numeric", "date": "::date"}.get(found.kind, "")
    return f"(nullif(a.custom->>'{code}', '')){cast}"


def alias(name: str) -> str:
    """What the column of a field is called in the rows."""
    return "f_" + name.replace(".", "_")


_VALUE = "max(v.value) filter (where v.kpi_id = %s and v.period = (w.period - interval '{} months')::date) k{}"
_ID = "(array_agg(v.id) filter (where v.kpi_id = %s and v.period = (w.period - interval '{} months')::date))[1] i{}"


@dataclass(frozen=True)
class Reader:
    """SQL over accounts × months with the columns a formula reads: `rows` may follow "from"."""

    rows: Sql
    columns: Columns
    understood: Understood


def reader(understood: Understood, kpi_ids: Mapping[str, UUID], accounts: Sequence[UUID], months: list[date]) -> Reader:
    """The rows of these accounts and months: account_id, period, month_end, f_<field>, k<n> and i<n> per reading."""
    fields = [f"{_column(name)} {alias(name)}" for name in understood.fields]
    picked = ["a.id account_id", "m.period", "(m.period + interval '1 month - 1 day')::date month_end", *fields]
    params: list[Any] = []
    wanted = []
    for number, (code, back) in enumerate(understood.readings):
        wanted += [_VALUE.format(back, number), _ID.format(back, number)]
        params += [kpi_ids[code]] * 2
    text = f"""(
        select {", ".join(picked)} from accounts_account a cross join unnest(%s::date[]) m(period)
        where a.id = any(%s::uuid[])
    ) w"""  # noqa: S608 -- our own column names
    before = [months, list(accounts)]
    if wanted:
        # The window of values is named once; each reading is a filter on it.
        text += f"""
        cross join lateral (
            select {", ".join(wanted)} from kpis_kpivalue v
            where v.account_id = w.account_id and v.kpi_id = any(%s::uuid[]) and v.superseded_at is null
              and v.period between (w.period - interval '{understood.months} months')::date and w.period
        ) v"""  # noqa: S608 -- numbers of ours
        params.append([kpi_ids[code] for code in understood.kpis])
    columns = Columns(
        kpis={reading: f"k{number}" for number, reading in enumerate(understood.readings)},
        fields={name: alias(name) for name in understood.fields},
    )
    return Reader(Sql(text, (*before, *params)), columns, understood)


def known_somewhere(reader: Reader) -> str:
    """Condition: at least one value it reads is there, so that a gap of everything is not filled by coalesce."""
    columns = reader.columns.kpis.values()
    return f"coalesce({', '.join(columns)}) is not null" if columns else "true"


# What a formula gives ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Input:
    """Something a formula read. value: None when it is not known. period: of a KPI's value, None for a field."""

    name: str
    label: str
    value: Any
    value_id: UUID | None
    period: date | None
    unit: str


@dataclass(frozen=True)
class Given:
    """What the formula gives for one account. value None: unknown, `reason` says why."""

    account: Account
    value: Decimal | None
    reason: str
    inputs: list[Input]


@dataclass(frozen=True)
class Preview:
    """A formula on real accounts in one month. known, total: of all accounts that `by` sees."""

    month: date
    rows: list[Given]
    known: int
    total: int


def newest_month(understood: Understood, *, by: Actor, on: date) -> date:
    """The newest month in which something it reads has a value; the running one for fields only."""
    values = KpiValue.objects.visible_to(by).current().filter(kpi__code__in=understood.kpis, period__lte=on)
    return values.aggregate(newest=Max("period"))["newest"] or month_of(on)


def preview(understood: Understood, kpi: Kpi, *, by: Actor, month: date, search: str = "") -> Preview:
    """What the formula would give in that month on some accounts, and how many are known of all.

    Shown are accounts that say something: with a result first, then with most of what it reads, then by name.
    """
    seen = Account.objects.visible_to(by).active()
    every = list(seen.values_list("pk", flat=True))
    known, shown = _tried(understood, kpi, every, month, search)
    accounts = seen.in_bulk(shown)
    rows = _rows(understood, shown, month)
    read = {one.code: one for one in Kpi.objects.filter(code__in=understood.kpis)}
    return Preview(
        month=month,
        rows=[_given(accounts[pk], understood, kpi, rows[pk], month, read) for pk in shown],
        known=known,
        total=len(every),
    )


def _rows(understood: Understood, accounts: Sequence[UUID], month: date) -> dict[UUID, dict[str, Any]]:
    made = reader(understood, ids_of(understood.kpis), accounts, [month])
    with connection.cursor() as cursor:
        cursor.execute(f"select * from {made.rows.text}", made.rows.params)  # noqa: S608 -- made of our own names
        names = [column.name for column in cursor.description or ()]
        return {row[0]: dict(zip(names, row, strict=True)) for row in cursor.fetchall()}


def ids_of(codes: Iterable[str]) -> dict[str, UUID]:
    return dict(Kpi.objects.filter(code__in=codes).values_list("code", "id"))


_TRIED = """
with found as materialized (
    select account_id, {result} as value, num_nonnulls({columns}) as inputs from {rows}
)
select (select count(value) from found),
    array(
        select f.account_id from found f join accounts_account a on a.id = f.account_id
        where position(lower(%s) in lower(a.name)) > 0
        order by (f.value is null), f.inputs desc, a.name, a.id limit %s
    )
"""


def _tried(understood: Understood, kpi: Kpi, accounts: list[UUID], month: date, search: str) -> tuple[int, list[UUID]]:
    """How many accounts have a result, and which to show of those whose name holds `search`."""
    made = reader(understood, ids_of(understood.kpis), accounts, [month])
    result = result_of(made, kpi)
    columns = [*made.columns.kpis.values(), *made.columns.fields.values()]
    sql = _TRIED.format(result=result.text, columns=", ".join(columns) or "null", rows=made.rows.text)
    with connection.cursor() as cursor:
        cursor.execute(sql, (*result.params, *made.rows.params, search, PREVIEW))
        known, shown = cursor.fetchone()
        return int(known), list(shown)


def result_of(made: Reader, kpi: Kpi) -> Sql:
    """The value as it may be stored: null when unknown, too large, beyond the KPI's limits or without any data."""
    inner = expression(made.understood.node, made.columns)
    limits = f"x > -{LARGEST} and x < {LARGEST} and x >= coalesce(%s::numeric, x) and x <= coalesce(%s::numeric, x)"
    fits = f"case when {limits} and {known_somewhere(made)} then x end"
    text = f"(select {fits} from (select {inner.text} x offset 0) r)"  # noqa: S608 -- every value is bound
    return Sql(text, (kpi.minimum, kpi.maximum, *inner.params))


def _given(
    account: Account, understood: Understood, kpi: Kpi, row: dict[str, Any], month: date, read: Mapping[str, Kpi]
) -> Given:
    names = {code: one.name.partition(" (")[0] for code, one in read.items()}
    inputs = [
        Input(
            code,
            names[code],
            row[f"k{number}"],
            row[f"i{number}"],
            months_back(month, back + 1)[0],
            read[code].unit,
        )
        for number, (code, back) in enumerate(understood.readings)
    ]
    known = formula_fields() if understood.fields else {}
    inputs += [
        Input(name, known[name].label, row[alias(name)], None, None, known[name].unit if name not in FIELDS else "")
        for name in understood.fields
    ]
    readings = {reading: row[f"k{number}"] for number, reading in enumerate(understood.readings)}
    fields = {name: row[alias(name)] for name in understood.fields}
    labels = {**names, **{name: known[name].label for name in understood.fields}}
    if readings and all(value is None for value in readings.values()):
        return Given(account, None, "nothing it reads has a value", inputs)
    found = evaluate(understood.node, Row(readings, fields, month_end(month)), labels)
    if isinstance(found, Unknown):
        return Given(account, None, found.reason, inputs)
    beyond = _beyond(found, kpi)
    return Given(account, None if beyond else found, beyond, inputs)


def _beyond(value: Decimal, kpi: Kpi) -> str:
    if kpi.minimum is not None and value < kpi.minimum:
        return f"{value:f} is below what this KPI can be"
    if kpi.maximum is not None and value > kpi.maximum:
        return f"{value:f} is above what this KPI can be"
    return ""


def computed_inputs(value: KpiValue) -> list[Input]:
    """What a computed value was made of, as it was then; values with the ids of their rows."""
    given: dict[str, list[Any]] = value.inputs or {}
    kpis = {kpi.code: kpi for kpi in Kpi.objects.filter(code__in=[name.partition(":")[0] for name in given])}
    found = []
    for name, (text, value_id) in given.items():
        code, _, back = name.partition(":")
        kpi = kpis.get(code)
        if kpi is None:
            field = name.removeprefix(FIELD_MARK)
            known = FIELDS.get(field) or formula_fields().get(field)
            found.append(Input(field, known.label if known else field, text, None, None, ""))
        else:
            number = None if text is None else Decimal(text)
            period = months_back(value.period, int(back or 0) + 1)[0]
            found.append(Input(code, kpi.name.partition(" (")[0], number, value_id, period, kpi.unit))
    return sorted(found, key=lambda one: (one.period is None, one.name, one.period))
