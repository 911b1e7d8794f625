from decimal import Decimal
from typing import Any, ClassVar, Self

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models.functions import Coalesce, Lower, Upper

from core.actor import Actor
from core.models import GuardedQuerySet, TenantModel


class AccountQuerySet(GuardedQuerySet):
    def visible_to(self, by: Actor) -> Self:
        """The accounts `by` may know of: all, or those they own."""
        return self if by.sees_all else self.filter(owner_id=by.user_id)

    def active(self) -> Self:
        return self.filter(archived_at=None)


class Account(TenantModel):
    """A customer of the tenant. `version` counts edits, so that two editors notice each other."""

    class Stage(models.TextChoices):
        ONBOARDING = "onboarding", "Onboarding"
        ADOPTION = "adoption", "Adoption"
        VALUE = "value", "Value"
        RENEWAL = "renewal", "Renewal"
        CHURNED = "churned", "Churned"

    class RollUp(models.TextChoices):
        REVENUE_WEIGHTED = "revenue_weighted", "By revenue"
        WORST_CHILD = "worst_child", "Worst child"
        SHARE_IN_GOOD = "share_in_good", "Share of revenue in good health"
        OWN = "own", "Own scorecard"

    name = models.CharField(max_length=200)
    key = models.CharField(max_length=80, null=True, blank=True, unique=True)  # the tenant's own number for it
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="accounts"
    )
    tier = models.CharField(max_length=40, blank=True)
    industry = models.CharField(max_length=80, blank=True)
    region = models.CharField(max_length=80, blank=True)
    stage = models.CharField(max_length=20, blank=True)
    arr = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)  # None: unknown
    currency = models.CharField(max_length=3, default="EUR")
    renewal_on = models.DateField(null=True, blank=True)
    customer_since = models.DateField(null=True, blank=True)
    parent = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, blank=True, related_name="children")
    # How the health of its children becomes one figure: by revenue, the worst of them, the share that is healthy,
    # or its own scorecard.
    roll_up_method = models.CharField(max_length=20, blank=True, default="revenue_weighted")
    team = models.ForeignKey("accounts.Team", on_delete=models.SET_NULL, null=True, blank=True, related_name="accounts")
    custom = models.JSONField(default=dict, blank=True)  # what the tenant added: code of a CustomField -> value
    sample = models.BooleanField(default=False)  # openly synthetic, removable in one click
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)
    archived_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[Any] = AccountQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["name"], name="account_name_once")]
        indexes = [
            models.Index(fields=["owner"], name="account_owner"),
            models.Index(Lower("name"), "id", name="account_name_order"),
            GinIndex(OpClass(Upper("name"), name="gin_trgm_ops"), name="account_name_trgm"),
            models.Index(fields=["id"], condition=models.Q(sample=True), name="account_sample"),
            models.Index(Coalesce("arr", models.Value(Decimal(-1))).desc(), "id", name="account_arr_order"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def stage_label(self) -> str:
        """The stage in words; what a script wrote that is no stage of ours reads as it is."""
        return str(self.Stage(self.stage).label) if self.stage in self.Stage.values else self.stage


class OfAccountQuerySet(GuardedQuerySet):
    """For rows that belong to an account: you see them if you see the account."""

    def visible_to(self, by: Actor) -> Self:
        if by.sees_all:
            return self
        return self.filter(account__in=Account.objects.visible_to(by))


class Location(TenantModel):
    """A place where an account is."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="locations")
    name = models.CharField(max_length=120)
    address = models.CharField(max_length=300, blank=True)
    region = models.CharField(max_length=80, blank=True)
    country = models.CharField(max_length=2, blank=True)
    version = models.PositiveIntegerField(default=1)

    objects: ClassVar[Any] = OfAccountQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name
