from decimal import Decimal
from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from accounts.models import Account, OfAccountQuerySet
from core.models import Guarded, TenantModel
from kpis.models.scorecards import ScorecardVersion


class Band(models.TextChoices):
    GREEN = "green", "Healthy"
    YELLOW = "yellow", "Watch"
    RED = "red", "At risk"
    UNKNOWN = "unknown", "Not enough data"


class HealthScore(TenantModel):
    """One computed score with everything it was made of; kept for ever, superseded when computed anew.

    score_hundredths: 0..10000, None when coverage is too low to say. low, high: the score with every
    missing KPI at 0 and at 100.
    categories: [{code, weight, share, score, coverage, contribution}] in the scorecard's order; weight and
    coverage in per cent, score in hundredths (None without data).
    parts: [[kpi code, value id, points, freshness, share, contribution], ...] for every KPI with a value, in the
    scorecard's order; points in hundredths, freshness in per cent. A KPI of the scorecard without a part is missing.
    share: part of this score's weight, in hundredths of a per cent. contribution: hundredths of a point; they add
    up exactly to the base (with too little coverage for a score: to what the data there are would give).
    exceptions: [[exception id or None for a rule of the scorecard, kind, limit, reason, before, after], ...] in the
    order they were applied, in hundredths; the base and what they moved make the score.
    input_hash: of scorecard, values and their freshness; the same hash is the same result.
    """

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="health_scores", db_index=False)
    version = models.ForeignKey(ScorecardVersion, on_delete=models.PROTECT, db_index=False)
    as_of = models.DateField()  # the day the score speaks of
    score_hundredths = models.PositiveSmallIntegerField(null=True)
    band = models.CharField(max_length=8)
    coverage = models.PositiveSmallIntegerField()  # per cent of the weight that has fresh data
    low_hundredths = models.PositiveSmallIntegerField()
    high_hundredths = models.PositiveSmallIntegerField()
    base_hundredths = models.PositiveSmallIntegerField(null=True)  # before caps and floors; None without any data
    categories = models.JSONField()
    parts = models.JSONField()
    exceptions = models.JSONField(default=list)
    input_hash = models.CharField(max_length=64)
    scored_at = models.DateTimeField()
    superseded_at = models.DateTimeField(null=True)

    objects: ClassVar[Any] = OfAccountQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "as_of"],
                condition=models.Q(superseded_at=None),
                name="health_score_current_once",
            )
        ]
        indexes = [models.Index(fields=["account", "as_of", "scored_at"], name="health_score_history")]

    def __str__(self) -> str:
        return f"{self.as_of}: {self.score_hundredths}"

    @property
    def score(self) -> Decimal | None:
        """The score in points, two places; None when there is not enough data."""
        return None if self.score_hundredths is None else Decimal(self.score_hundredths) / 100

    @property
    def get_band(self) -> str:
        return Band(self.band).label

    @property
    def low(self) -> Decimal:
        return Decimal(self.low_hundredths) / 100

    @property
    def high(self) -> Decimal:
        return Decimal(self.high_hundredths) / 100


class AccountHealth(Guarded):
    """Where an account stands now, one flat row for lists: the portfolio reads only this and the account.

    fingerprint: the five category scores (0..100, None unknown) in catalogue order.
    trend: 12 scores in hundredths, oldest first: the last 11 month ends and now; None where unknown.
    change: hundredths against 28 days ago, both under today's scorecard; None when it cannot be said.
    driver, driver_hundredths: the KPI that costs the score most against its best, and how much; "" without data.
    attention: sort key of the portfolio, lowest first (kpis.operations.health says how it is made).
    latest: the score that says all this; its day may lie before `as_of` when nothing has moved since.
    """

    account = models.OneToOneField(Account, on_delete=models.CASCADE, primary_key=True, related_name="health")
    latest = models.ForeignKey(HealthScore, on_delete=models.CASCADE, db_index=False, related_name="+")
    score_hundredths = models.PositiveSmallIntegerField(null=True)
    band = models.CharField(max_length=8)
    coverage = models.PositiveSmallIntegerField()
    low_hundredths = models.PositiveSmallIntegerField()
    high_hundredths = models.PositiveSmallIntegerField()
    fingerprint = ArrayField(models.PositiveSmallIntegerField(null=True))
    trend = ArrayField(models.PositiveSmallIntegerField(null=True))
    change_hundredths = models.SmallIntegerField(null=True)
    arrow = models.SmallIntegerField(default=0)  # -1, 0, 1: only a move that is more than ageing
    driver = models.CharField(max_length=80, blank=True)
    driver_hundredths = models.PositiveSmallIntegerField(default=0)
    attention = models.IntegerField()
    as_of = models.DateField()
    scored_at = models.DateTimeField()

    objects: ClassVar[Any] = OfAccountQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["attention", "account"], name="health_attention"),
            models.Index(fields=["band", "attention", "account"], name="health_band_attention"),
        ]

    def __str__(self) -> str:
        return f"{self.account_id}: {self.band}"

    @property
    def score(self) -> Decimal | None:
        """The score in points, two places; None when there is not enough data."""
        return None if self.score_hundredths is None else Decimal(self.score_hundredths) / 100

    @property
    def change(self) -> Decimal | None:
        """Points against 28 days ago; None when it cannot be said."""
        return None if self.change_hundredths is None else Decimal(self.change_hundredths) / 100


class ScoreException(TenantModel):
    """A dated cap or floor on one account's score, set by a person, with its reason in words.

    starts_on, expires_on: first and last day it holds; None: until it is withdrawn.
    """

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="score_exceptions")
    kind = models.CharField(max_length=5)  # cap, floor
    limit_hundredths = models.PositiveSmallIntegerField()
    reason = models.CharField(max_length=200)
    order = models.PositiveSmallIntegerField(default=100)
    starts_on = models.DateField()
    expires_on = models.DateField(null=True)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=160)
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_by = models.CharField(max_length=160, blank=True)

    objects: ClassVar[Any] = OfAccountQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.kind} {self.limit_hundredths / 100:g}: {self.reason}"


class RollUp(Guarded):
    """The health of a parent's children as one figure, by the method that the parent names.

    parts: [[child id, score, revenue or None, share, contribution, band], ...] by the child's name, in hundredths of a
    point, a cent and a per cent; revenue of the child and all below it, in the parent's currency.
    red_share, known_share: per cent of the children's revenue in red, and with a known score; None without revenue.
    """

    account = models.OneToOneField(Account, on_delete=models.CASCADE, primary_key=True, related_name="rolled_up")
    method = models.CharField(max_length=20)
    score_hundredths = models.PositiveSmallIntegerField(null=True)
    band = models.CharField(max_length=8)
    red_share = models.PositiveSmallIntegerField(null=True)
    known_share = models.PositiveSmallIntegerField(null=True)
    parts = models.JSONField()
    as_of = models.DateField()
    scored_at = models.DateTimeField()

    objects: ClassVar[Any] = OfAccountQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.account_id}: {self.method} {self.score_hundredths}"
