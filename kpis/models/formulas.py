from django.db import models

from core.models import TenantModel
from kpis.models.catalogue import Kpi


class Formula(TenantModel):
    """How a custom KPI is computed from other KPIs and fields of the account; a new version for every change.

    text: in the language of `kpis.formula`. inputs: KPI codes and account fields it reads. unit: of the result.
    """

    kpi = models.ForeignKey(Kpi, on_delete=models.CASCADE, related_name="formulas", db_index=False)
    version = models.PositiveIntegerField()
    text = models.TextField()
    unit = models.CharField(max_length=24, blank=True)
    inputs = models.JSONField()
    live = models.BooleanField(default=True)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=160)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kpi", "version"], name="formula_version"),
            models.UniqueConstraint(fields=["kpi"], condition=models.Q(live=True), name="formula_one_live"),
        ]

    def __str__(self) -> str:
        return f"{self.kpi_id} v{self.version}"
