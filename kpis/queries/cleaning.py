"""What cleaning needs to read: values of some accounts as a cube, and the suggestions that were found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import numpy as np
from django.db import connection
from django.db.models import Count, QuerySet

from accounts.models import Account
from core.actor import Actor
from core.time import months_back, next_month
from kpis.models import Kpi, KpiValue, Suggestion
from kpis.quality import Cube, Measure

HISTORY, AHEAD = 24, 12  # months before and after the running one

_VALUES = """
select a.n - 1, k.n - 1, (extract(year from v.period) * 12 + extract(month from v.period) - 1)::int,
       v.value::float8, v.id,
       v.origin in ('upload', 'api', 'sync') and (%(upload)s::uuid is null or v.upload_id = %(upload)s)
from unnest(%(accounts)s::uuid[]) with ordinality a(id, n)
join kpis_kpivalue v on v.account_id = a.id and v.superseded_at is null and v.period between %(first)s and %(last)s
join unnest(%(kpis)s::uuid[]) with ordinality k(id, n) on k.id = v.kpi_id
"""


@dataclass(frozen=True, eq=False)
class Loaded:
    """A cube with the ids of its values that are looked at, by their place."""

    cube: Cube
    accounts: list[UUID]
    kpis: list[UUID]
    ids: dict[tuple[int, int, int], UUID]


def load_cube(accounts: Sequence[UUID], *, today: date, upload_id: UUID | None = None) -> Loaded:
    """Values in force of these accounts; two queries. upload_id: look at its values only, compare with all."""
    kpis = list(Kpi.objects.filter(active=True, portfolio_only=False).order_by("code"))
    months = months_back(today.replace(day=1), HISTORY)
    for _ in range(AHEAD):
        months.append(next_month(months[-1]))
    shape = (len(accounts), len(kpis), len(months))
    values, look = np.full(shape, np.nan), np.zeros(shape, bool)
    start, ids = months[0].year * 12 + months[0].month - 1, {}
    given = {"accounts": list(accounts), "kpis": [kpi.pk for kpi in kpis], "upload": upload_id}
    with connection.cursor() as cursor:
        cursor.execute(_VALUES, given | {"first": months[0], "last": months[-1]})
        for account, kpi, month, value, value_id, looked in cursor.fetchall():
            place = account, kpi, month - start
            values[place] = value
            if looked:
                look[place], ids[place] = True, value_id
    cube = Cube(values, look, [_measure(kpi) for kpi in kpis], months, today.replace(day=1))
    return Loaded(cube, list(accounts), [kpi.pk for kpi in kpis], ids)


def _measure(kpi: Kpi) -> Measure:
    low, high = (None if limit is None else float(limit) for limit in (kpi.minimum, kpi.maximum))
    return Measure(kpi.code, kpi.name, kpi.unit, low, high)


@dataclass(frozen=True)
class SuggestionFilter:
    """What is wanted. state: one of Suggestion.State; kind: of Suggestion.Kind or ""; file: name of its source."""

    state: str = Suggestion.State.OPEN
    kind: str = ""
    kpi: str = ""
    account: str = ""
    file: str = ""

    @classmethod
    def of(cls, given: Mapping[str, str]) -> "SuggestionFilter":
        """From the query of an address; what makes no sense is left out."""
        state, kind = given.get("state", ""), given.get("kind", "")
        text = {name: given.get(name, "").replace("\x00", "")[:200] for name in ("kpi", "account", "file")}
        return cls(
            state=state if state in Suggestion.State.values else Suggestion.State.OPEN,
            kind=kind if kind in Suggestion.Kind.values else "",
            **text,
        )

    def as_query(self) -> dict[str, str]:
        state = {"state": self.state} if self.state != Suggestion.State.OPEN else {}
        named = {"kind": self.kind, "kpi": self.kpi, "account": self.account, "file": self.file}
        return state | {name: text for name, text in named.items() if text}


def suggestions(wanted: SuggestionFilter, *, by: Actor) -> QuerySet[Suggestion]:
    """Suggestions of accounts `by` may see, with what they speak of; open ones only while their value is in force."""
    found: QuerySet[Suggestion] = Suggestion.objects.visible_to(by).select_related(
        "account", "kpi", "value__upload", "applied"
    )
    found = found.filter(state=wanted.state)
    if wanted.state == Suggestion.State.OPEN:
        found = found.filter(value__superseded_at=None)
    exact = {"kind": wanted.kind, "kpi__code": wanted.kpi, "value__upload__file_name": wanted.file}
    found = found.filter(**{name: text for name, text in exact.items() if text})
    return found.filter(account__name__icontains=wanted.account) if wanted.account else found


def counts_by_kind(*, by: Actor) -> dict[str, int]:
    """Open suggestions of each kind."""
    found = suggestions(SuggestionFilter(), by=by).order_by().values_list("kind").annotate(count=Count("id"))
    return dict.fromkeys(Suggestion.Kind.values, 0) | dict(found)


def dismissed_before(values: Sequence[UUID]) -> set[tuple[str, UUID]]:
    """(kind, value) of those whose account, KPI, month and number a person has dismissed before."""
    doubted = {value.pk: value for value in KpiValue.objects.filter(pk__in=values)}
    accounts = {value.account_id for value in doubted.values()}
    dismissed = Suggestion.objects.filter(state=Suggestion.State.DISMISSED, account__in=accounts).values_list(
        "kind", "account_id", "kpi_id", "value__period", "value__value"
    )
    known: dict[tuple[Any, ...], set[str]] = {}
    for kind, *what in dismissed:
        known.setdefault(tuple(what), set()).add(kind)
    return {
        (kind, pk)
        for pk, value in doubted.items()
        for kind in known.get((value.account_id, value.kpi_id, value.period, value.value), ())
    }


def accounts_to_clean() -> list[UUID]:
    """Every account that is not archived and no sample."""
    return list(Account.objects.active().filter(sample=False).order_by("pk").values_list("pk", flat=True))
