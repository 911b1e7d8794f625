from typing import Any, ClassVar

from django.db import models

from accounts.models import Account, OfAccountQuerySet
from core.models import TenantModel
from kpis.models.catalogue import Kpi
from kpis.models.formulas import Formula
from kpis.models.uploads import Upload


class KpiValueQuerySet(OfAccountQuerySet):
    def current(self) -> "KpiValueQuerySet":
        """Values that nothing has superseded."""
        return self.filter(superseded_at=None)


class KpiValue(TenantModel):
    """One measured value and where it came from. A correction supersedes; nothing is overwritten.

    value: in the KPI's own unit, percentages as 85. period: first day of the month it is valid for.
    """

    class Origin(models.TextChoices):
        UPLOAD = "upload"
        EDIT = "edit"
        API = "api"
        SAMPLE = "sample"
        FORMULA = "formula"
        SYNC = "sync"
        EVENT = "event"

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="kpi_values", db_index=False)
    kpi = models.ForeignKey(Kpi, on_delete=models.PROTECT, related_name="values", db_index=False)
    period = models.DateField()
    value = models.DecimalField(max_digits=20, decimal_places=6)
    recorded_at = models.DateTimeField()
    superseded_at = models.DateTimeField(null=True)

    origin = models.CharField(max_length=8)
    upload = models.ForeignKey(Upload, on_delete=models.PROTECT, null=True, related_name="values")
    sheet = models.CharField(max_length=80, blank=True)
    address = models.CharField(max_length=24, blank=True)  # "C17", or "line 12, column D" in a text file
    raw = models.CharField(max_length=200, blank=True)  # exactly what the cell said
    raw_unit = models.CharField(max_length=40, blank=True)
    conversion = models.CharField(max_length=120, blank=True)  # "4 weeks × 7 = 28 days"
    cell_type = models.CharField(max_length=16, blank=True)
    number_format = models.CharField(max_length=60, blank=True)
    parser_version = models.CharField(max_length=16, blank=True)
    formula = models.ForeignKey(Formula, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    inputs = models.JSONField(null=True)  # what a formula read: {name: [value as text, value id or None]}
    by_id = models.UUIDField(null=True)
    by_label = models.CharField(max_length=160, blank=True)
    reason = models.CharField(max_length=400, blank=True)
    previous = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, db_index=False, related_name="+")

    objects: ClassVar[Any] = KpiValueQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "kpi", "period"],
                condition=models.Q(superseded_at=None),
                include=["value", "id"],  # scoring reads the index alone, never the rows
                name="kpi_value_current_once",
            ),
        ]
        indexes = [
            models.Index(fields=["account", "kpi", "period", "recorded_at"], name="kpi_value_history"),
            models.Index(fields=["previous"], condition=models.Q(previous__isnull=False), name="kpi_value_previous"),
        ]

    def __str__(self) -> str:
        return f"{self.kpi_id} {self.period:%Y-%m}: {self.value}"
