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
    minimum = models.DecimalField(max_digits=20, decimal_places=6, null=True)
    maximum = models.DecimalField(max_digits=20, decimal_places=6, null=True)
    outcome_like = models.BooleanField(default=False)
    template_only = models.BooleanField(default=False)
    portfolio_only = models.BooleanField(default=False)
    source_keys = ArrayField(models.CharField(max_length=8), default=list)
    position = models.PositiveSmallIntegerField(default=0)
    active = models.BooleanField(default=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["position", "name"]

    def __str__(self) -> str:
        return self.name

    @property
    def scored(self) -> bool:
        return self.active and self.weight > 0 and not (self.template_only or self.portfolio_only)


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


class Scorecard(TenantModel):
    """A version of how KPIs become the score. Exactly one is live.

    definition: {"categories": {code: weight}, "items": [{"kpi", "category", "weight", "anchors", "cadence"}]}
    """

    version = models.PositiveIntegerField(unique=True)
    name = models.CharField(max_length=80)
    definition = models.JSONField()
    live = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=160)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["live"], condition=models.Q(live=True), name="one_live_scorecard")
        ]

    def __str__(self) -> str:
        return f"{self.name} v{self.version}"
