"""Custom KPIs: their formulas written and retired by people, their values computed by the worker."""

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from uuid6 import uuid7

from core.actor import Actor
from core.audit import record
from core.errors import Conflict, DomainError
from core.jobs import start_job
from core.models import Job
from core.rules import require
from core.time import month_of, months_back, months_between
from kpis import rules
from kpis.events import FormulaRetired, FormulaWritten, KpiValuesComputed
from kpis.formula import FormulaError, Understood, affected, understand
from kpis.models import Formula, Kpi, KpiValue
from kpis.queries.formulas import (
    FIELD_MARK,
    LiveFormula,
    Reader,
    alias,
    find_circle,
    formula_names,
    formula_of,
    ids_of,
    inputs_of,
    live_formulas,
    reader,
    reads,
    result_of,
)
from tenants.context import take_lock

COMPUTE = "kpis.compute_formula"
MONTHS = 24  # that are computed, ending with the running one
CHUNK = 500  # accounts a transaction


class NotAFormula(DomainError):
    """The text does not hold; `problems` say where and what to do."""

    def __init__(self, error: FormulaError) -> None:
        super().__init__(str(error), field="text")
        self.problems, self.text = error.problems, error.text


class GoesInACircle(DomainError):
    """The formula would read itself; `path` is the way round, KPI codes."""

    def __init__(self, path: Sequence[str]) -> None:
        super().__init__(f"This would go in a circle: {' reads '.join(path)}. Take one of them out.", field="text")
        self.path = list(path)


class NotComputable(DomainError):
    """This KPI gets its values from elsewhere."""


class FormulaChanged(Conflict):
    """Somebody else wrote another version since this one was opened."""


class SameFormula(DomainError):
    """It says so already."""


@dataclass(frozen=True)
class Computed:
    """values: computed anew, changed or withdrawn; accounts: whose they are."""

    values: int = 0
    accounts: frozenset[UUID] = field(default_factory=frozenset)

    def __add__(self, other: "Computed") -> "Computed":
        return Computed(self.values + other.values, self.accounts | other.accounts)


@transaction.atomic
def write_formula(*, kpi_code: str, text: str, expected_version: int | None, by: Actor, at: datetime) -> Formula:
    """Make this the formula of a custom KPI, as a new version; the worker then computes its values.

    expected_version: of the formula the person was looking at, None if there was none. A formula that reads an
    outcome makes its KPI an outcome, and those computed from it. Emits FormulaWritten. Raises Kpi.DoesNotExist,
    PermissionDenied, NotComputable, NotAFormula, GoesInACircle, SameFormula, FormulaChanged.
    """
    require(by, rules.EDIT_CATALOGUE)
    take_lock("formulas")
    kpi = Kpi.objects.select_for_update(of=("self",)).get(code=kpi_code, active=True)
    _computable(kpi)
    before = formula_of(kpi)
    if (before.version if before else None) != expected_version:
        raise FormulaChanged("Somebody changed this formula since you opened it. Look at it again before you save.")
    if before and before.text.strip() == text.strip():
        raise SameFormula("The formula says so already.", field="text")
    understood = understood_for(kpi, text)
    if path := find_circle(kpi.code, understood):
        raise GoesInACircle(path)
    Formula.objects.filter(kpi=kpi, live=True).update(live=False)
    made = Formula.objects.create(
        kpi=kpi,
        version=_next_version(kpi),
        text=text.strip(),
        unit=understood.unit,
        inputs=inputs_of(understood),
        created_at=at,
        created_by=by.label[:160],
    )
    if understood.outcome_like:
        _mark_outcomes(kpi.code)
    record(FormulaWritten(None, made.pk, kpi.code, made.version, made.text), by=by)
    start_job(COMPUTE, by=by, subject_id=made.pk, unit="accounts")
    return made


def understood_for(kpi: Kpi, text: str) -> Understood:
    """The text as a formula of this KPI. Raises NotAFormula."""
    try:
        return understand(text, formula_names(), unit=kpi.unit)
    except FormulaError as error:
        raise NotAFormula(error) from None


def _computable(kpi: Kpi) -> None:
    if not kpi.custom:
        raise NotComputable(f"{kpi} comes with the catalogue. Make a KPI of your own and give that a formula.")
    if kpi.portfolio_only:
        raise NotComputable(f"{kpi} is a figure of the whole portfolio; formulas give a value for each account.")
    if KpiValue.objects.current().filter(kpi=kpi).exclude(origin=KpiValue.Origin.FORMULA).exists():
        raise NotComputable(f"{kpi} has values from files or people. Make another KPI for what is computed.")


def _next_version(kpi: Kpi) -> int:
    newest = Formula.objects.filter(kpi=kpi).order_by("-version").values_list("version", flat=True).first()
    return (newest or 0) + 1


def _mark_outcomes(code: str) -> None:
    """The leak guard: what is made of an outcome is one, through every formula above."""
    Kpi.objects.filter(code__in=[code, *affected([code], reads())], outcome_like=False).update(outcome_like=True)


@transaction.atomic
def retire_formula(*, kpi_code: str, by: Actor, version: int | None = None) -> Formula:
    """Compute this KPI no more; the values it has stay and grow old. Emits FormulaRetired.

    version: of the formula the person was looking at, None: whichever is live. Raises Kpi.DoesNotExist,
    PermissionDenied, NotComputable when it has no formula, FormulaChanged when that version is not the live one.
    """
    require(by, rules.EDIT_CATALOGUE)
    take_lock("formulas")
    kpi = Kpi.objects.get(code=kpi_code)
    formula = formula_of(kpi)
    if formula is None:
        raise NotComputable(f"{kpi} has no formula.")
    if version is not None and formula.version != version:
        raise FormulaChanged(f"Version {formula.version} computes by now. Look at it before you retire it.")
    formula.live = False
    formula.save(update_fields=["live"])
    record(FormulaRetired(None, formula.pk, kpi.code, formula.version), by=by)
    return formula


def compute_anew(*, kpi: Kpi, by: Actor) -> None:
    """Have the worker compute a KPI once more for every month, because what it may say has changed; nothing for one
    without a formula. For operations that have asked already whether `by` may."""
    formula = formula_of(kpi)
    if formula is not None and open_job(formula) is None:
        start_job(COMPUTE, by=by, subject_id=formula.pk, unit="accounts")


def open_job(formula: Formula) -> Job | None:
    """The job that computes this version, while it runs."""
    found: Job | None = Job.objects.filter(kind=COMPUTE, subject_id=formula.pk, finished_at=None).first()
    return found


# Computing -----------------------------------------------------------------------------------------------------


def compute_formulas(
    *,
    account_ids: Sequence[UUID],
    at: datetime,
    by: Actor,
    changed: Collection[str] | None = None,
    since: date | None = None,
) -> Computed:
    """Bring the values of every formula up to date for these accounts, in transactions of CHUNK accounts.

    changed: KPI codes whose values are new; only formulas over them are computed, None: all. since: the oldest month
    with a new value. A value that stays the same is left alone; one that became unknown is withdrawn. Idempotent.
    Emits KpiValuesComputed per chunk in which anything changed.
    """
    formulas = [one for one in live_formulas(changed) if one.understood]
    done = Computed()
    if formulas:
        months = _months(at.date(), since)
        for start in range(0, len(account_ids), CHUNK):
            done += compute_chunk(
                formulas=formulas, account_ids=account_ids[start : start + CHUNK], months=months, at=at, by=by
            )
    return done


def _months(on: date, since: date | None) -> list[date]:
    """The window of months; a new value of an old month can change no month before it."""
    count = MONTHS if since is None else min(MONTHS, months_between(since, on) + 1)
    return months_back(month_of(on), count)


@transaction.atomic
def compute_chunk(
    *, formulas: Iterable[LiveFormula], account_ids: Sequence[UUID], months: list[date], at: datetime, by: Actor
) -> Computed:
    """Compute these formulas, in their order, for at most a few hundred accounts in one transaction."""
    take_lock("kpi values")  # as imports do: nobody writes the same cells meanwhile
    done, codes = Computed(), []
    for one in formulas:
        if one.understood is None:
            continue
        news = _news(one.row, one.understood, account_ids, months)
        if news:
            _write(one.row, news, at)
            codes.append(one.code)
            done += Computed(len(news), frozenset(row.account_id for row in news))
    if codes:
        record(KpiValuesComputed(None, codes, done.values, sorted(done.accounts)), by=by)
    return done


@dataclass(frozen=True)
class _New:
    """A cell that says something else now; value None: it is unknown now."""

    account_id: UUID
    period: date
    value: Any
    inputs: str
    current_id: UUID | None


_NEWS = """
with computed as materialized (
    select account_id, period, {result} as value, {inputs} as inputs from {rows}
)
select c.account_id, c.period, c.value, c.inputs::text, k.id
from computed c
left join kpis_kpivalue k
  on k.account_id = c.account_id and k.kpi_id = %s and k.period = c.period and k.superseded_at is null
where (c.value is distinct from k.value or k.origin <> 'formula')
  and (
    c.period = %s or k.formula_id is distinct from %s
    or c.inputs - %s::text[] is distinct from k.inputs - %s::text[]
  )
"""


def _news(row: Formula, understood: Understood, accounts: Sequence[UUID], months: list[date]) -> list[_New]:
    """The cells whose value is another one than is stored.

    Fields of the account have no history. So a formula over nothing else speaks of the running month only, and a
    month that is over is computed again for other values or another formula, never for another field.
    """
    made = reader(understood, ids_of(understood.kpis), accounts, months if understood.readings else months[-1:])
    result, names, fields = result_of(made, row.kpi), _inputs(made), [FIELD_MARK + name for name in understood.fields]
    sql = _NEWS.format(result=result.text, inputs=names.text, rows=made.rows.text)
    with connection.cursor() as cursor:
        unmoved: list[Any] = [months[-1], row.pk, fields, fields]
        cursor.execute(sql, [*result.params, *names.params, *made.rows.params, row.kpi.pk, *unmoved])
        return [_New(*found) for found in cursor.fetchall()]


@dataclass(frozen=True)
class _Inputs:
    text: str
    params: tuple[str, ...]


def _inputs(made: Reader) -> _Inputs:
    """{name: [value as text, value id or null]} of what the formula reads; a month before has its distance: "x:2"."""
    parts, params = [], []
    for number, (code, back) in enumerate(made.understood.readings):
        parts.append(f"%s::text, jsonb_build_array(trim_scale(k{number})::text, i{number})")
        params.append(f"{code}:{back}" if back else code)
    for name in made.understood.fields:
        parts.append(f"%s::text, jsonb_build_array({alias(name)}::text, null)")
        params.append(FIELD_MARK + name)
    return _Inputs(f"jsonb_build_object({', '.join(parts)})", tuple(params))


_COPY = (
    "copy kpis_kpivalue (id, account_id, kpi_id, period, value, recorded_at, origin, sheet, address, raw, raw_unit,"
    " conversion, cell_type, number_format, parser_version, formula_id, inputs, by_label, reason, previous_id)"
    " from stdin"
)


def _write(row: Formula, news: Sequence[_New], at: datetime) -> None:
    replaced = [one.current_id for one in news if one.current_id]
    if replaced:
        KpiValue.objects.filter(pk__in=replaced).update(superseded_at=at)
    empty, origin = ("",) * 8, KpiValue.Origin.FORMULA.value
    with connection.cursor() as cursor, cursor.copy(_COPY) as stream:
        for one in news:
            if one.value is not None:
                key = (uuid7(), one.account_id, row.kpi.pk, one.period, one.value, at, origin)
                inputs = json.dumps(json.loads(one.inputs))
                stream.write_row((*key, *empty, row.pk, inputs, "", "", one.current_id))
