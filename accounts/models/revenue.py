from django.db import models

from core.models import TenantModel


class RevenueRules(TenantModel):
    """How the workspace reads its revenue. Every change is a new version; the newest is in force, none: the defaults.

    The edge cases are those of accounts.revenue.Settings. time_zone: in which a day begins and ends for revenue.
    reporting_currency: "" = the one most accounts are in.
    """

    version = models.PositiveIntegerField(unique=True)
    gap_days = models.PositiveSmallIntegerField()
    grace_days = models.PositiveSmallIntegerField()
    pause_days = models.PositiveSmallIntegerField()
    pause = models.CharField(max_length=10)
    churn_at = models.CharField(max_length=10)
    uplift = models.CharField(max_length=10)
    time_zone = models.CharField(max_length=60)
    reporting_currency = models.CharField(max_length=3, blank=True)
    reason = models.CharField(max_length=300, blank=True)
    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=160)

    def __str__(self) -> str:
        return f"version {self.version}"


class RevenueDay(TenantModel):
    """A day as of which the revenue of every account was brought up to date; `after` is the last account that was.

    changed: accounts whose movements or figures are others than the day before. differing: ids of accounts whose stored
    movements were neither what had been known before nor what is known now, as text: somebody else wrote them.
    """

    on = models.DateField(unique=True)
    version = models.PositiveIntegerField()  # of the rules
    after = models.UUIDField(null=True)
    accounts = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    renewed = models.PositiveIntegerField(default=0)
    differing = models.JSONField(default=list)
    finished_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.on}"
