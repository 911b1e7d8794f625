"""What conditions over accounts can ask of health and of KPIs."""

from collections.abc import Collection, Iterator
from typing import Any

from django.db.models import F, FloatField, OuterRef, Subquery
from django.db.models.functions import Cast

from accounts.conditions.fields import Field, Kind, column
from kpis.models import Band, Kpi, KpiValue

BANDS = tuple((band.value, band.label) for band in Band)


def _points(path: str) -> Any:
    """Hundredths as points."""
    return Cast(F(path), FloatField()) / 100.0


HEALTH_FIELDS: tuple[Field, ...] = (
    Field("health", "Health", Kind.NUMBER, lambda: _points("health__score_hundredths")),
    Field("health_change", "Change of health in 28 days", Kind.NUMBER, lambda: _points("health__change_hundredths")),
    column("band", "Band", Kind.CHOICE, "health__band", choices=BANDS),
    column("coverage", "Coverage", Kind.NUMBER, "health__coverage", unit="%"),
)


def kpi_field(name: str) -> Field | None:
    """A KPI by its code: the newest value in force, in the KPI's unit."""
    kpi = Kpi.objects.filter(code=name, portfolio_only=False).first()
    return _field(kpi) if kpi else None


def kpi_fields(names: Collection[str] | None = None) -> Iterator[Field]:
    """Every KPI in use, or those of these codes."""
    kpis = Kpi.objects.filter(active=True, portfolio_only=False).order_by("position", "name")
    if names is not None:
        codes = [name for name in names if "." not in name]
        kpis = kpis.filter(code__in=codes) if codes else kpis.none()
    return (_field(kpi) for kpi in kpis)


def _field(kpi: Kpi) -> Field:
    def newest() -> Any:
        values = KpiValue.objects.current().filter(account=OuterRef("pk"), kpi_id=kpi.pk)
        return Subquery(values.order_by("-period").values("value")[:1])

    return Field(kpi.code, kpi.name, Kind.NUMBER, newest, unit=kpi.unit)
