"""Targets of an account with the way that is left, benchmarks of a KPI, and targets worth suggesting."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Max, Min, QuerySet

from accounts.models import Account
from core.actor import Actor
from core.time import month_of, months_back
from kpis.catalogue.anchors import GREEN_EDGE
from kpis.models import Benchmark, Kpi, KpiValue, Target
from kpis.queries.percentiles import best_quarter


@dataclass(frozen=True)
class Aim:
    """A target beside the value of today. value None: nothing is known, so nothing is said of the way left."""

    target: Target
    kpi: Kpi
    value: Decimal | None

    @property
    def gap(self) -> Decimal | None:
        """How far the value has to move, with its sign; 0 when the target is reached, None when it is not known."""
        if self.value is None:
            return None
        way = self.target.value - self.value
        if self.kpi.direction == Kpi.Direction.BAND:
            return way
        met = way <= 0 if self.kpi.direction == Kpi.Direction.UP else way >= 0
        return Decimal(0) if met else way

    @property
    def reached(self) -> bool:
        return self.gap == 0

    def late(self, today: date) -> bool:
        return not self.reached and self.target.due_on is not None and self.target.due_on < today


def targets_seen(*, by: Actor) -> QuerySet[Target]:
    found: QuerySet[Target] = Target.objects.visible_to(by).select_related("kpi", "account")
    return found


def current_targets(account: Account, kpis: Sequence[Kpi] | None = None) -> dict[str, Target]:
    """KPI code -> the target in force. One query."""
    found = Target.objects.filter(account=account, ended_at=None).select_related("kpi")
    if kpis is not None:
        found = found.filter(kpi__in=kpis)
    return {target.kpi.code: target for target in found}


def targets_of(account: Account, kpi: Kpi) -> list[Target]:
    """Every target there ever was, newest first."""
    return list(Target.objects.filter(account=account, kpi=kpi).order_by("-created_at"))


def benchmarks_of(kpi: Kpi) -> list[Benchmark]:
    """Published figures by population, the years newest first."""
    return sorted(
        Benchmark.objects.filter(kpi=kpi), key=lambda one: (one.population, -(one.year or 0), one.value, one.statistic)
    )


@dataclass(frozen=True)
class Suggestion:
    """A target worth considering; `basis` says where the number comes from and is stored with it."""

    value: Decimal
    basis: str


def suggestions(
    account: Account, kpi: Kpi, *, on: date, by: Actor, anchors: Sequence[Sequence[Any]]
) -> list[Suggestion]:
    """Numbers with their basis: the green edge, the account's own best year, its peers' best quarter, benchmarks."""
    found = [*_green(kpi, anchors), *_own_best(account, kpi, on)]
    if by.sees_all and (quarter := best_quarter(kpi, on=on, leaving_out=account.pk)):
        edge, count = quarter
        found.append(Suggestion(edge, f"where the best quarter of our own accounts begins (n = {count})"))
    for one in benchmarks_of(kpi):
        if one.statistic in ("median", "p75", "p25", "mean", "good from", "target below"):
            year = one.year or "year not stated"
            found.append(Suggestion(one.value, f"{one.statistic} of {one.population} ({one.source}, {year})"))
    return found[:6]


def _green(kpi: Kpi, anchors: Sequence[Sequence[Any]]) -> list[Suggestion]:
    if kpi.direction == Kpi.Direction.BAND:
        return []
    return [
        Suggestion(Decimal(str(value)), "where green begins in the range in force")
        for value, points in anchors
        if points == GREEN_EDGE
    ][:1]


def _own_best(account: Account, kpi: Kpi, on: date) -> list[Suggestion]:
    if kpi.direction == Kpi.Direction.BAND:
        return []
    months = months_back(month_of(on), 12)
    values = KpiValue.objects.current().filter(account=account, kpi=kpi, period__gte=months[0], period__lte=months[-1])
    best = values.aggregate(value=Max("value") if kpi.direction == Kpi.Direction.UP else Min("value"))["value"]
    return [] if best is None else [Suggestion(best, "the best month of its own last twelve")]


def values_now(account: Account, kpis: Sequence[UUID], *, on: date) -> dict[UUID, Decimal]:
    """KPI id -> the newest value whose month has begun. One query."""
    values = KpiValue.objects.current().filter(account=account, kpi__in=kpis, period__lte=on)
    return dict(values.order_by("kpi", "-period").distinct("kpi").values_list("kpi_id", "value"))
