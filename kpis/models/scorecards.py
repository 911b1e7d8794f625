from django.db import models

from core.models import Job, TenantModel


class Scorecard(TenantModel):
    """A named way of scoring and the accounts it is for; its versions say how.

    rule: {field of the account: [values]} over stage, tier, industry and region; every field named must match, none
    named means every account. Of the scorecards that match an account the lowest priority wins; the one with no
    rule and the highest number is for all the rest.
    """

    name = models.CharField(max_length=80, unique=True)
    description = models.CharField(max_length=400, blank=True)
    priority = models.PositiveSmallIntegerField(unique=True)
    rule = models.JSONField(default=dict)
    edits = models.PositiveIntegerField(default=1)  # so that two editors notice each other
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=160)
    archived_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["priority"]

    def __str__(self) -> str:
        return self.name


class ScorecardVersion(TenantModel):
    """One text of a scorecard. A draft may be edited; from the day it is live it never changes again.

    definition: what `kpis.scoring.scorecard_from_definition` reads. based_on: the version it was branched from.
    findings: what the checker said of exactly this definition, None when it was edited since.
    effect: who would change colour, as it was when the version was sent to review.
    """

    class State(models.TextChoices):
        DRAFT = "draft", "Draft"
        REVIEW = "review", "In review"
        LIVE = "live", "Live"
        RETIRED = "retired", "Retired"
        DROPPED = "dropped", "Dropped"

    scorecard = models.ForeignKey(Scorecard, on_delete=models.PROTECT, related_name="versions", db_index=False)
    number = models.PositiveIntegerField()
    definition = models.JSONField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.DRAFT)
    based_on = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    note = models.CharField(max_length=400, blank=True)  # what is changed, and why
    edits = models.PositiveIntegerField(default=1)
    findings = models.JSONField(null=True)
    checked_at = models.DateTimeField(null=True)
    effect = models.JSONField(null=True)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=160)
    submitted_at = models.DateTimeField(null=True)
    submitted_by_id = models.UUIDField(null=True)
    submitted_by = models.CharField(max_length=160, blank=True)
    reviewed_at = models.DateTimeField(null=True)
    reviewed_by = models.CharField(max_length=160, blank=True)
    review_note = models.CharField(max_length=400, blank=True)
    live_since = models.DateTimeField(null=True)
    retired_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["scorecard", "number"], name="scorecard_version_number"),
            models.UniqueConstraint(
                fields=["scorecard"], condition=models.Q(state="live"), name="scorecard_one_live_version"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.scorecard.name} v{self.number}"

    @property
    def editable(self) -> bool:
        return self.state == self.State.DRAFT


class BackTest(TenantModel):
    """A version held against what really happened: churn and renewals that are stored.

    definition_hash: of the definition it judged; an edited draft has no back-test. result: see
    `kpis.backtest`; it may say that it cannot tell, and why.
    """

    version = models.ForeignKey(ScorecardVersion, on_delete=models.CASCADE, related_name="back_tests")
    definition_hash = models.CharField(max_length=64)
    job = models.ForeignKey(Job, on_delete=models.SET_NULL, null=True, related_name="+", db_index=False)
    result = models.JSONField(null=True)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=160)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.version_id} {self.created_at:%Y-%m-%d}"
