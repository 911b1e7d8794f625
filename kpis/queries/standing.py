"""One KPI of an account beside what it should reach, what its peers have, and what is published."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from accounts.models import Account
from kpis.models import Benchmark, Kpi, KpiValue, Target
from kpis.queries.goals import Aim, benchmarks_of, targets_of
from kpis.queries.grid import live_anchors
from kpis.queries.percentiles import ALIKE, Standing, standings


@dataclass(frozen=True)
class Stands:
    """value: the newest whose month has begun. places: among all accounts, then among those alike. anchors: those the
    account is scored by, else of the range in force."""

    value: KpiValue | None
    aim: Aim | None
    history: list[Target]
    places: list[Standing]
    benchmarks: list[Benchmark]
    anchors: Sequence[Sequence[Any]]

    @property
    def number(self) -> Decimal | None:
        return self.value.value if self.value else None


def standing_of(account: Account, kpi: Kpi, *, on: date) -> Stands:
    """Seven queries at most, however many accounts there are."""
    values = KpiValue.objects.current().filter(account=account, kpi=kpi, period__lte=on)
    value = values.order_by("-period").first()
    history = targets_of(account, kpi)
    current = next((target for target in history if target.ended_at is None), None)
    anchors = live_anchors(account).get(kpi.code, kpi.anchors)
    return Stands(
        value=value,
        aim=Aim(current, kpi, value.value if value else None) if current else None,
        history=history,
        places=_places(account, kpi, on, anchors) if value else [],
        benchmarks=benchmarks_of(kpi),
        anchors=anchors,
    )


def _places(account: Account, kpi: Kpi, on: date, anchors: Sequence[Sequence[Any]]) -> list[Standing]:
    found = []
    for like in ((), *((name,) for name in ALIKE if getattr(account, name))):
        place = standings(account, [kpi], on=on, like=like, anchors={kpi.code: anchors}).get(kpi.code)
        if place:
            found.append(place)
    return found
