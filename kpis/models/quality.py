from typing import Any, ClassVar

from django.db import models

from accounts.models import Account, OfAccountQuerySet
from core.models import TenantModel
from kpis.models.catalogue import Kpi
from kpis.models.values import KpiValue


class Suggestion(TenantModel):
    """A value that is probably wrong, why, and what would mend it. Nothing changes until a person accepts it.

    value: the one doubted. proposed: in the KPI's unit, None = withdraw the value. move_to: another month.
    applied: the value that accepting it made; reverting brings back what `value` said.
    """

    class Kind(models.TextChoices):
        UNIT = "unit", "Unit"
        DUPLICATE = "duplicate", "Duplicate"
        OUTLIER = "outlier", "Outlier"
        DATE = "date", "Date"

    class State(models.TextChoices):
        OPEN = "open", "Open"
        ACCEPTED = "accepted", "Accepted"
        DISMISSED = "dismissed", "Dismissed"
        REVERTED = "reverted", "Reverted"
        OVER = "over", "Over"  # the value was changed by other means

    kind = models.CharField(max_length=10, choices=Kind.choices)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="suggestions")
    kpi = models.ForeignKey(Kpi, on_delete=models.CASCADE, related_name="+", db_index=False)
    value = models.ForeignKey(KpiValue, on_delete=models.CASCADE, related_name="suggestions")
    proposed = models.DecimalField(max_digits=20, decimal_places=6, null=True)
    move_to = models.DateField(null=True)
    why = models.CharField(max_length=300)
    evidence = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    found_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=160, blank=True)
    applied = models.ForeignKey(KpiValue, on_delete=models.SET_NULL, null=True, related_name="+", db_index=False)

    objects: ClassVar[Any] = OfAccountQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "value"], name="suggestion_once")]
        indexes = [models.Index(fields=["state", "kind", "id"], name="suggestion_open")]

    def __str__(self) -> str:
        return f"{self.kind}: {self.why}"


class QualityReport(TenantModel):
    """How good the data was when the worker last looked: figures of sources, KPIs and the fixes worth most.

    figures: see kpis.queries.quality; kept whole, because adding them up takes seconds for a large portfolio.
    """

    made_at = models.DateTimeField()
    figures = models.JSONField(default=dict)

    class Meta:
        indexes = [models.Index(fields=["-made_at"], name="quality_report_newest")]

    def __str__(self) -> str:
        return f"quality at {self.made_at:%Y-%m-%d %H:%M}"
