"""Figures as they were known at a moment: recorded by then and not taken back by then, whatever came later."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.db.models import Q

from kpis.models import HealthScore, Kpi, KpiValue


@dataclass(frozen=True)
class Figure:
    """A figure with its evidence; value None: unknown. of: the day of the score, the month of the value."""

    metric: str
    unit: str
    value: Decimal | None = None
    of: date | None = None
    score_id: UUID | None = None
    value_id: UUID | None = None


def known_then(stamp: str, moment: datetime) -> Q:
    return Q(**{f"{stamp}__lte": moment}) & (Q(superseded_at=None) | Q(superseded_at__gt=moment))


def health_known(account_id: UUID, moment: datetime) -> Figure:
    """Health as a person could have seen it at that moment, in points."""
    scores = HealthScore.objects.filter(
        known_then("scored_at", moment), account_id=account_id, as_of__lte=moment.date()
    )
    found = scores.order_by("-as_of", "-scored_at").values_list("score_hundredths", "as_of", "pk").first()
    if found is None:
        return Figure("health", "points")
    hundredths, day, score_id = found
    return Figure("health", "points", None if hundredths is None else Decimal(hundredths) / 100, day, score_id)


def kpis_known(account_id: UUID, codes: Sequence[str], moment: datetime) -> list[Figure]:
    """The newest value of each KPI that is in the catalogue; one without a value is unknown. Two queries."""
    units = {kpi.code: kpi.unit for kpi in Kpi.objects.filter(code__in=codes)}
    values = KpiValue.objects.filter(
        known_then("recorded_at", moment), account_id=account_id, kpi__code__in=codes, period__lte=moment.date()
    )
    rows = values.order_by("kpi__code", "-period", "-recorded_at").distinct("kpi__code")
    found = {code: rest for code, *rest in rows.values_list("kpi__code", "value", "period", "pk")}
    return [
        Figure(code, units[code], found[code][0], found[code][1], None, found[code][2])
        if code in found
        else Figure(code, units[code])
        for code in codes
        if code in units
    ]
