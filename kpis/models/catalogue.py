from django.contrib.postgres.fields import ArrayField
from django.db import models

from core.models import TenantModel


class Kpi(TenantModel):
    """What is measured: unit, direction, limits and the anchors that turn a value into points.

    anchors: [[value, points], ...] ascending in value, points 0..100, linear between, clamped outside.
    weight 0 is shown and never scored. `template_only` KPIs come from the 59-name template and have no
    twin in the catalogue; `portfolio_only` KPIs mean nothing for one account. Neither enters a score.
    """

    class Direction(models.TextChoices):
        UP = "up", "Higher is better"
        DOWN = "down", "Lower is better"
        BAND = "band", "Best within a band"

    code = models.SlugField(max_length=80, unique=True)
    number = models.PositiveSmallIntegerField(null=True, unique=True)  # in the 62-KPI catalogue
    name = models.CharField(max_length=160)
    category = models.SlugField(max_length=20)
    unit = models.CharField(max_length=24, blank=True)
    direction = models.CharField(max_length=4, default=Direction.UP)
    anchors = models.JSONField(default=list)
    weight = models.PositiveSmallIntegerField(default=0)  # impact: high 3, medium 2, low 1
    cadence = models.CharField(max_length=8, default="month")  # week, month, quarter, once
    expires_days = models.PositiveSmallIntegerField(null=True)  # gone at this age, whatever the cadence says
    aggregation = models.CharField(max_length=4, default="last")  # of months into a longer period: last, mean, sum
    minimum = models.DecimalField(max_digits=20, decimal_places=6, null=True)
    maximum = models.DecimalField(max_digits=20, decimal_places=6, null=True)
    outcome_like = models.BooleanField(default=False)
    template_only = models.BooleanField(default=False)
    portfolio_only = models.BooleanField(default=False)
    source_keys = ArrayField(models.CharField(max_length=8), default=list)
    custom = models.BooleanField(default=False)  # made by this tenant, not laid down with the catalogue
    description = models.TextField(blank=True)
    caveats = models.TextField(blank=True)  # what the number does not say
    owner_label = models.CharField(max_length=160, blank=True)  # who answers for its definition
    position = models.PositiveSmallIntegerField(default=0)
    active = models.BooleanField(default=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["position", "name"]

    def __str__(self) -> str:
        return self.name

    @property
    def scored(self) -> bool:
        return (
            self.active and self.weight > 0 and bool(self.anchors) and not (self.template_only or self.portfolio_only)
        )


class KpiAlias(TenantModel):
    """A spelling that means a KPI in this tenant's files; exact after normalisation, never a guess."""

    kpi = models.ForeignKey(Kpi, on_delete=models.CASCADE, related_name="aliases")
    text = models.CharField(max_length=200)
    normalised = models.CharField(max_length=200, unique=True)
    confirmed_by = models.CharField(max_length=160, blank=True)

    def __str__(self) -> str:
        return self.text


class UnknownKpi(TenantModel):
    """A KPI name from a file that means nothing yet. It waits for a person; it never gets a default range."""

    class State(models.TextChoices):
        OPEN = "open"
        NAMED = "named"
        IGNORED = "ignored"

    text = models.CharField(max_length=200)
    normalised = models.CharField(max_length=200, unique=True)
    state = models.CharField(max_length=8, default=State.OPEN)
    kpi = models.ForeignKey(Kpi, on_delete=models.SET_NULL, null=True, related_name="+")
    suggestions = models.JSONField(default=list)  # [[kpi code, likeness 0..100], ...]
    first_seen_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.text


class ReferenceRange(TenantModel):
    """What a KPI's values are worth from a day on; the newest that has begun is in force.

    anchors: as in Kpi. `Kpi.anchors` is a copy of the range in force today. A scorecard takes its ranges over when
    it is published, so a new range changes no score by itself.
    """

    kpi = models.ForeignKey(Kpi, on_delete=models.CASCADE, related_name="ranges", db_index=False)
    valid_from = models.DateField()
    anchors = models.JSONField()
    source = models.CharField(max_length=200, blank=True)
    source_year = models.PositiveSmallIntegerField(null=True)
    note = models.CharField(max_length=400, blank=True)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=160)
    superseded_at = models.DateTimeField(null=True)  # another range was put on the same day

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kpi", "valid_from"],
                condition=models.Q(superseded_at=None),
                name="reference_range_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kpi_id} from {self.valid_from}"
