from typing import Any, ClassVar

from django.conf import settings
from django.db import models

from accounts.models.accounts import Account, OfAccountQuerySet
from core.models import TenantModel


class Team(TenantModel):
    """People who work together; capacity is by person. pooled: its accounts wait in a queue for whoever is free."""

    name = models.CharField(max_length=80, unique=True)
    lead = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    pooled = models.BooleanField(default=False)
    archived_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class TeamMember(TenantModel):
    """A person in a team, with how many accounts they can carry (None: without limit)."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="members", db_index=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    capacity = models.PositiveIntegerField(null=True, blank=True)
    away_until = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "user"], name="team_member_once")]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.team_id}"


class AssignmentRule(TenantModel):
    """Which team gets the accounts of a condition, and how one of its people is chosen; lowest priority first.

    method: fewest (accounts), least_revenue, longest_idle. where: a condition; this is what a territory is.
    """

    name = models.CharField(max_length=80, unique=True)
    priority = models.PositiveSmallIntegerField(unique=True)
    where = models.TextField(blank=True)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="rules")
    method = models.CharField(max_length=16, default="fewest")
    active = models.BooleanField(default=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["priority"]

    def __str__(self) -> str:
        return self.name


class Assignment(TenantModel):
    """Why an account got its owner: the rule, the people who were weighed and with what figures."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="assignments", db_index=False)
    rule = models.ForeignKey(AssignmentRule, on_delete=models.SET_NULL, null=True, related_name="+")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    before = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    why = models.JSONField()
    at = models.DateTimeField()
    by_label = models.CharField(max_length=160)

    objects: ClassVar[Any] = OfAccountQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["account", "-at"], name="assignment_newest")]

    def __str__(self) -> str:
        return f"{self.account_id} to {self.owner_id}"


class DuplicatePair(TenantModel):
    """Two accounts, or a name in a file and an account, that may be one. first < second by id.

    reasons: [[what, likeness 0..100], ...].
    """

    class State(models.TextChoices):
        OPEN = "open", "Open"
        MERGED = "merged", "Merged"
        DIFFERENT = "different", "Different"

    first = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+", db_index=False)
    second = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    score = models.PositiveSmallIntegerField()
    reasons = models.JSONField(default=list)
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    found_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=160, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["first", "second"], name="duplicate_pair_once")]
        indexes = [models.Index(fields=["state", "-score", "id"], name="duplicate_open")]

    def __str__(self) -> str:
        return f"{self.first_id} / {self.second_id}"


class Merge(TenantModel):
    """Two accounts made one, with everything needed to part them again.

    moved: {table: [ids of the rows that were moved]}; fields: {field: [kept value, value of the one that went]}.
    """

    kept = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="merges")
    gone = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    moved = models.JSONField()
    fields = models.JSONField(default=dict)
    at = models.DateTimeField()
    by_label = models.CharField(max_length=160)
    undone_at = models.DateTimeField(null=True)
    undone_by = models.CharField(max_length=160, blank=True)

    def __str__(self) -> str:
        return f"{self.gone_id} into {self.kept_id}"
