"""Who ran a playbook, and who could have in the same month and did not, with what was known of both then.

A run is looked at from the moment it started, an account of the comparison from the middle start of that month: health
then, its change over 28 days, what the playbook is about, how long it has been a customer, what it pays. Both are
looked at again 90 days later. An account that runs the playbook within 90 days on either side is no comparison.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from statistics import median_low
from typing import Any
from uuid import UUID

import numpy as np
import orjson
from django.db.models import Sum

from accounts.models import Account, Outcome, RevenueMovement
from kpis.models import Kpi, KpiValue
from playbooks.effect import Observed
from playbooks.effect.criteria import measured_kpis
from playbooks.measured.known import known_then
from playbooks.measured.scores import Ints, Scores, every_score
from playbooks.models import Playbook, Run

HORIZON = timedelta(days=90)
BACK = timedelta(days=28)
LOOK_BACK = timedelta(days=120)  # a score older than this before a start is no standing
MOST_KPIS = 3


@dataclass(frozen=True)
class Row:
    """One row of the comparison: where it is in the account list, from when, and the scores it rests on."""

    account: UUID
    at: datetime
    treated: bool
    run: UUID | None
    before: float
    after: float
    before_id: UUID | None
    after_id: UUID | None


@dataclass(frozen=True, eq=False)
class Population:
    """rows as `observed` has them. left_out: reason -> how many runs. gone: accounts that left within the horizon."""

    rows: list[Row]
    observed: Observed
    left_out: Mapping[str, int]
    gone: tuple[int, int]
    sample: bool
    runs: int

    @property
    def hash(self) -> str:
        """Of every figure the estimate reads."""
        seen = self.observed
        plain = [
            [str(row.account), row.at.isoformat(), row.treated, row.before, row.after, str(row.before_id)]
            for row in self.rows
        ]
        table = np.nan_to_num(seen.covariates, nan=-1e9).round(6).tolist()
        return hashlib.sha256(orjson.dumps([plain, table, list(seen.names), dict(self.left_out)])).hexdigest()


@dataclass
class _Gathering:
    rows: list[Row] = field(default_factory=list)
    table: list[list[float]] = field(default_factory=list)
    months: list[int] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    gone: list[int] = field(default_factory=lambda: [0, 0])


def population(playbook: Playbook, *, at: datetime) -> Population:
    """Real accounts as soon as a real one ran it, else the sample accounts; never mixed. A few queries a month."""
    runs = Run.objects.filter(playbook=playbook).order_by("started_at", "pk")
    sample = not runs.filter(account__sample=False).exists() and runs.exists()
    runs = runs.filter(account__sample=sample)
    spans = list(runs.values_list("pk", "account_id", "started_at", "finished_at"))
    everybody = Account.objects.filter(sample=sample).order_by("pk")
    since = dict(everybody.values_list("pk", "customer_since"))
    accounts, made = list(since), _Gathering()
    if spans:
        scores = every_score(accounts, since=(spans[0][2] - LOOK_BACK).date(), until=at.date())
        book = _Book(playbook, accounts, since, scores, _churns(sample))
        for month, of_month in _by_month(_countable(spans, at, made.left_out)).items():
            _gather(book, month, of_month, spans, made)
    kpis = _kpis(playbook)
    names = ("Health", "Change in 28 days", "Months as a customer", "Recurring revenue", *kpis.values())
    place = {account: number for number, account in enumerate(accounts)}
    observed = Observed(
        np.array([place[row.account] for row in made.rows], dtype=np.int64),
        np.array(made.months, dtype=np.int64),
        np.array([row.treated for row in made.rows], dtype=bool),
        np.array(made.table, dtype=np.float64).reshape(len(made.rows), len(names)),
        names,
        np.array([row.before for row in made.rows]),
        np.array([row.after for row in made.rows]),
    )
    return Population(made.rows, observed, dict(made.left_out), (made.gone[0], made.gone[1]), sample, len(spans))


Span = tuple[UUID, UUID, datetime, datetime | None]


@dataclass(frozen=True, eq=False)
class _Book:
    playbook: Playbook
    accounts: list[UUID]
    since: Mapping[UUID, date | None]
    scores: Scores
    churned: Mapping[UUID, date]


def _kpis(playbook: Playbook) -> dict[UUID, str]:
    """The first KPIs of its success criteria, id -> name without its explanation."""
    codes = measured_kpis(playbook.code)[:MOST_KPIS]
    found = {kpi.code: kpi for kpi in Kpi.objects.filter(code__in=codes)}
    return {found[code].pk: found[code].name.partition(" (")[0] for code in codes if code in found}


def _churns(sample: bool) -> dict[UUID, date]:
    happened = Outcome.objects.filter(withdrawn_at=None, kind=Outcome.Kind.CHURNED, account__sample=sample)
    return dict(happened.order_by("-on").values_list("account_id", "on"))


def _countable(spans: Sequence[Span], at: datetime, left_out: Counter[str]) -> list[Span]:
    """Runs whose 90 days are over, each account's first within 90 days."""
    last: dict[UUID, datetime] = {}
    found = []
    for span in spans:
        _, account, began, _ = span
        again = account in last and began - last[account] < HORIZON
        if again:
            left_out["ran it again within 90 days"] += 1
            continue
        last[account] = began
        if began + HORIZON > at:
            left_out["90 days are not over yet"] += 1
        else:
            found.append(span)
    return found


def _by_month(spans: Sequence[Span]) -> dict[int, list[Span]]:
    found: dict[int, list[Span]] = defaultdict(list)
    for span in spans:
        found[span[2].year * 12 + span[2].month - 1].append(span)
    return found


def _gather(book: _Book, month: int, runs: Sequence[Span], spans: Sequence[Span], made: _Gathering) -> None:
    """Rows of one month: its runs, and every account that could have run it then and did not."""
    moment = median_low([span[2] for span in runs])
    facts = _facts(book, moment)
    place = {account: number for number, account in enumerate(book.accounts)}
    for run, account, began, _ in runs:
        _add(book, made, facts, month, [place[account]], began, run)
    busy = {
        account for _, account, began, _ in spans if began - HORIZON < moment + HORIZON and began + HORIZON > moment
    } | {account for _, account, began, ended in spans if began <= moment and (ended is None or ended > moment)}
    idle = [
        number
        for number, account in enumerate(book.accounts)
        if account not in busy and (book.since[account] or date.min) <= moment.date()
        and book.churned.get(account, date.max) > moment.date()
    ]  # fmt: skip
    _add(book, made, facts, month, idle, moment, None)


def _facts(book: _Book, moment: datetime) -> np.ndarray[Any, Any]:
    """(accounts, facts beside health) at a moment; NaN unknown."""
    day = np.datetime64(moment.date())
    since = [book.since[account] for account in book.accounts]
    tenure = [np.nan if one is None else (day - np.datetime64(one)).astype(int) / 30.44 for one in since]
    paid = dict(
        RevenueMovement.objects.filter(on__lte=moment.date(), account__in=book.accounts)
        .order_by()
        .values_list("account_id")
        .annotate(Sum("amount"))
    )
    money = [np.log10(1 + float(paid[account])) if paid.get(account, -1) >= 0 else np.nan for account in book.accounts]
    return np.column_stack([tenure, money, *_values(book, moment)])


def _values(book: _Book, moment: datetime) -> list[list[float]]:
    kpis = _kpis(book.playbook)
    values = KpiValue.objects.filter(
        known_then("recorded_at", moment), kpi__in=list(kpis), account__in=book.accounts, period__lte=moment.date()
    )
    rows = values.order_by("kpi_id", "account_id", "-period", "-recorded_at").distinct("kpi_id", "account_id")
    found = {(kpi, account): float(value) for kpi, account, value in rows.values_list("kpi_id", "account_id", "value")}
    return [[found.get((kpi, account), np.nan) for account in book.accounts] for kpi in kpis]


def _add(
    book: _Book, made: _Gathering, facts: Any, month: int, places: Sequence[int], at: datetime, run: UUID | None
) -> None:
    scores = book.scores
    known: list[Ints] = [scores.known(moment) for moment in (at - BACK, at, at + HORIZON)]
    earlier, before, after = (scores.hundredths(rows) for rows in known)
    for number in places:
        account = book.accounts[number]
        if book.churned.get(account, date.max) <= (at + HORIZON).date():
            made.gone[run is None] += 1
            reason = "left within the 90 days"
        elif before[number] < 0:
            reason = "health at the start is unknown"
        elif after[number] < 0:
            reason = "health 90 days later is unknown"
        else:
            change = (before[number] - earlier[number]) / 100 if earlier[number] >= 0 else np.nan
            made.rows.append(
                Row(account, at, run is not None, run, float(before[number]) / 100, float(after[number]) / 100,
                    scores.id_of(int(known[1][number])), scores.id_of(int(known[2][number])))
            )  # fmt: skip
            made.table.append([before[number] / 100, change, *facts[number]])
            made.months.append(month)
            continue
        if run is not None:
            made.left_out[reason] += 1
