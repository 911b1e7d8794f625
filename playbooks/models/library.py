from decimal import Decimal

from django.db import models

from core.models import TenantModel
from kpis.models import Kpi


def plain(figure: Decimal, unit: str = "") -> str:
    """'50' for 50.00, '20.5%', '3.25 days': a stored figure as a sentence says it."""
    text = f"{figure.normalize():f}"
    return f"{text}{'' if unit == '%' else ' '}{unit}" if unit else text


class Playbook(TenantModel):
    """A versioned way of working.

    steps: [{code, name, instructions, stage, day, role}]; `day` counts working days from the start, steps of
    one stage run side by side.
    """

    code = models.SlugField(unique=True)
    name = models.CharField(max_length=120)
    aim = models.CharField(max_length=300, blank=True)
    version = models.PositiveIntegerField(default=1)
    steps = models.JSONField()
    active = models.BooleanField(default=True)
    position = models.PositiveSmallIntegerField(default=0)

    def __str__(self) -> str:
        return self.name


class Trigger(TenantModel):
    """What starts a playbook by itself: a measured number crossing a threshold."""

    class Metric(models.TextChoices):
        HEALTH_BELOW = "health_below", "Health falls below"
        HEALTH_FELL = "health_fell", "Health fell within 28 days by at least"
        RENEWAL_RISK = "renewal_risk", "Renewal within 90 days and health below"
        KPI_BELOW = "kpi_below", "KPI is below"
        KPI_ABOVE = "kpi_above", "KPI is above"

    playbook = models.ForeignKey(Playbook, on_delete=models.CASCADE, related_name="triggers")
    metric = models.CharField(max_length=20)
    kpi = models.ForeignKey(Kpi, on_delete=models.PROTECT, null=True, related_name="+")  # of the KPI metrics
    threshold = models.DecimalField(max_digits=12, decimal_places=2)  # points, or the KPI's own unit
    active = models.BooleanField(default=True)
    cooldown_days = models.PositiveSmallIntegerField(default=28)

    def __str__(self) -> str:
        return f"{self.condition} {plain(self.threshold, self.unit)}"

    @property
    def condition(self) -> str:
        """What has to happen, up to the threshold: 'Reopen Rate is above'."""
        if self.kpi is None:
            return str(self.Metric(self.metric).label)
        return f"{self.kpi.name} is {'below' if self.metric == self.Metric.KPI_BELOW else 'above'}"

    @property
    def unit(self) -> str:
        return "points" if self.kpi is None else self.kpi.unit
