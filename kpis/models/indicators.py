from typing import Any, ClassVar

from django.db import models

from accounts.models import Account, OfAccountQuerySet
from core.models import TenantModel


class IndicatorRule(TenantModel):
    """A state worth knowing of, risk or opportunity, and the measured condition that opens and closes it.

    conditions: [{"measure": KPI code or "health" | "health_change" | "days_to_renewal", "op": "<" | "<=" | ">" | ">=",
    "value": number as text}]; all of them must hold. A value that is not known neither opens nor closes it.
    """

    class Kind(models.TextChoices):
        RISK = "risk", "Risk"
        OPPORTUNITY = "opportunity", "Opportunity"

    name = models.CharField(max_length=80, unique=True)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    conditions = models.JSONField()
    active = models.BooleanField(default=True)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=160)

    class Meta:
        ordering = ["kind", "name"]

    def __str__(self) -> str:
        return self.name


class Indicator(TenantModel):
    """One time the state held for an account: when it opened and closed, and on what values.

    opened_by, closed_by: [[measure, value as text, value id or None, op, limit as text], ...].
    """

    rule = models.ForeignKey(IndicatorRule, on_delete=models.PROTECT, related_name="indicators")
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="indicators", db_index=False)
    opened_on = models.DateField()
    opened_at = models.DateTimeField()
    opened_by = models.JSONField()
    closed_on = models.DateField(null=True)
    closed_at = models.DateTimeField(null=True)
    closed_by = models.JSONField(null=True)

    objects: ClassVar[Any] = OfAccountQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "rule"], condition=models.Q(closed_at=None), name="indicator_open_once"
            )
        ]
        indexes = [models.Index(fields=["account", "-opened_on"], name="indicator_of_account")]

    def __str__(self) -> str:
        return f"{self.rule_id} since {self.opened_on}"
