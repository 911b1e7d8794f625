from typing import Any, ClassVar

from django.db import models

from accounts.models.accounts import Account, OfAccountQuerySet
from core.models import TenantModel


class Outcome(TenantModel):
    """What really happened to an account on a day: it left, renewed, shrank or grew.

    Scorecards are held against these. amount: yearly revenue lost, kept or won, in the account's currency.
    """

    class Kind(models.TextChoices):
        CHURNED = "churned", "Churned"
        RENEWED = "renewed", "Renewed"
        CONTRACTED = "contracted", "Contracted"
        EXPANDED = "expanded", "Expanded"

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="outcomes", db_index=False)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    on = models.DateField()
    amount = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)
    reason = models.CharField(max_length=200, blank=True)
    recorded_at = models.DateTimeField()
    recorded_by = models.CharField(max_length=160)
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_by = models.CharField(max_length=160, blank=True)

    objects: ClassVar[Any] = OfAccountQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "kind", "on"], condition=models.Q(withdrawn_at=None), name="outcome_once"
            )
        ]
        indexes = [models.Index(fields=["kind", "on"], name="outcome_by_day")]

    def __str__(self) -> str:
        return f"{self.kind} on {self.on}"

    @property
    def who(self) -> str:
        """Whoever recorded it, as pages name them."""
        return "Plumbline" if self.recorded_by.startswith("system:") else self.recorded_by
