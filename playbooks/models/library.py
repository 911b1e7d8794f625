from decimal import Decimal
from functools import cached_property
from typing import Any

from django.db import models

from core.models import TenantModel
from kpis.models import Kpi
from playbooks.engine.definition import Node, leaves, read, stages


def plain(figure: Decimal, unit: str = "") -> str:
    """'50' for 50.00, '20.5%', '3.25 days': a stored figure as a sentence says it."""
    text = f"{figure.normalize():f}"
    return f"{text}{'' if unit == '%' else ' '}{unit}" if unit else text


class Playbook(TenantModel):
    """A way of working; what it says is in its versions, of which one is live."""

    code = models.SlugField(unique=True)
    name = models.CharField(max_length=120)
    aim = models.CharField(max_length=300, blank=True)
    live = models.ForeignKey("PlaybookVersion", on_delete=models.PROTECT, null=True, related_name="+")
    active = models.BooleanField(default=True)
    position = models.PositiveSmallIntegerField(default=0)

    def __str__(self) -> str:
        return self.name

    @property
    def version(self) -> int | None:
        """Number of the live version, None before the first was published."""
        return self.live.number if self.live else None

    @property
    def steps(self) -> list[dict[str, Any]]:
        """The live version's steps from first to last, of every branch: code, name, kind, stage and settings."""
        return self.live.steps if self.live else []


class PlaybookVersion(TenantModel):
    """What a playbook says at one time; a run finishes on the version it started with.

    definition: see playbooks.engine.definition. Only a draft changes.
    """

    class State(models.TextChoices):
        DRAFT = "draft"
        LIVE = "live"
        RETIRED = "retired"

    playbook = models.ForeignKey(Playbook, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    definition = models.JSONField()
    state = models.CharField(max_length=8, default=State.DRAFT)
    edits = models.PositiveIntegerField(default=1)  # of the draft: two people editing it get a choice
    created_by = models.CharField(max_length=160, blank=True)
    created_at = models.DateTimeField()
    published_by = models.CharField(max_length=160, blank=True)
    published_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["playbook", "number"], name="playbook_version_once"),
            models.UniqueConstraint(
                fields=["playbook"], condition=models.Q(state="live"), name="playbook_one_live_version"
            ),
        ]

    def __str__(self) -> str:
        return f"version {self.number}"

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        return read(self.definition)

    @property
    def anchor(self) -> dict[str, Any] | None:
        """{"field", "days"}: the day of the account that this version is planned back from."""
        found: dict[str, Any] | None = self.definition.get("anchor")
        return found

    def node(self, code: str) -> Node:
        return next(node for node in leaves(self.nodes) if node.id == code)

    @property
    def steps(self) -> list[dict[str, Any]]:
        stage_of = stages(self.nodes)
        return [
            {"code": node.id, "name": node.name, "kind": node.kind, "stage": stage_of[node.id], **node.settings}
            for node in leaves(self.nodes)
        ]


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
