from typing import Any, ClassVar

from django.db import models

from accounts.models.accounts import Account, OfAccountQuerySet
from core.models import TenantModel


class Product(TenantModel):
    """Something the tenant sells."""

    code = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    family = models.CharField(max_length=80, blank=True)
    active = models.BooleanField(default=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Entitlement(TenantModel):
    """What an account may use, from a day to a day."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="entitlements")
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="entitlements", db_index=False)
    quantity = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)  # None: without limit
    unit = models.CharField(max_length=40, blank=True)
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)

    objects: ClassVar[Any] = OfAccountQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.product_id} for {self.account_id}"


class Contract(TenantModel):
    """An agreement with an account; its states are dated, and the lines say what is paid.

    ends_on: last day, None = until further notice. notice_days: before the end. renews: the contract this one follows.
    """

    class State(models.TextChoices):
        DRAFT = "draft", "Draft"
        ACTIVE = "active", "Active"
        RENEWED = "renewed", "Renewed"
        ENDED = "ended", "Ended"

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="contracts")
    number = models.CharField(max_length=80, blank=True)
    name = models.CharField(max_length=160)
    state = models.CharField(max_length=8, choices=State.choices, default=State.DRAFT)
    currency = models.CharField(max_length=3, default="EUR")
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True)
    notice_days = models.PositiveSmallIntegerField(default=0)
    auto_renews = models.BooleanField(default=False)
    cancelled_on = models.DateField(null=True, blank=True)
    unpaid_since = models.DateField(null=True, blank=True)
    end_reason = models.CharField(max_length=200, blank=True)
    custom = models.JSONField(default=dict, blank=True)  # what the tenant added: code of a CustomField -> value
    renews = models.OneToOneField("self", on_delete=models.SET_NULL, null=True, blank=True, related_name="renewed_by")
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)
    activated_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    objects: ClassVar[Any] = OfAccountQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["state", "ends_on"], name="contract_ending")]

    def __str__(self) -> str:
        return self.name


class SubscriptionLine(TenantModel):
    """What is paid again and again under a contract. A correction supersedes the row; nothing is overwritten.

    amount: per billing period, without tax, before the recurring discount (0..1). uplift: how much of the MRR is a rise
    over the line before that was agreed earlier. recurring False: one-off, never part of MRR.
    """

    contract = models.ForeignKey(Contract, on_delete=models.CASCADE, related_name="lines")
    product = models.ForeignKey(Product, on_delete=models.PROTECT, null=True, blank=True, db_index=False)
    description = models.CharField(max_length=200, blank=True)
    quantity = models.DecimalField(max_digits=14, decimal_places=2, default=1)
    amount = models.DecimalField(max_digits=16, decimal_places=2)
    billing = models.CharField(max_length=12, default="month")  # a key of accounts.revenue.BILLING
    discount = models.DecimalField(max_digits=5, decimal_places=4, default=0)
    uplift = models.DecimalField(max_digits=16, decimal_places=2, default=0)
    recurring = models.BooleanField(default=True)
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True)
    recorded_at = models.DateTimeField()
    recorded_by = models.CharField(max_length=160)
    superseded_at = models.DateTimeField(null=True)
    previous = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, related_name="+", db_index=False)

    class Meta:
        indexes = [
            models.Index(fields=["contract"], condition=models.Q(superseded_at=None), name="line_in_force"),
        ]

    def __str__(self) -> str:
        return f"{self.amount} a {self.billing}"


class ExchangeRate(TenantModel):
    """Units of the currency `into` for one unit of `currency`, from a day on."""

    currency = models.CharField(max_length=3)
    into = models.CharField(max_length=3, default="EUR")
    on = models.DateField()
    rate = models.DecimalField(max_digits=18, decimal_places=8)
    source = models.CharField(max_length=120, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["currency", "into", "on"], name="exchange_rate_once")]

    def __str__(self) -> str:
        return f"{self.currency} {self.on}: {self.rate} {self.into}"


class RevenueMovement(TenantModel):
    """A dated movement of an account's MRR, read from its lines by accounts.revenue; made anew when they change."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="movements", db_index=False)
    on = models.DateField()
    kind = models.CharField(max_length=12)
    amount = models.DecimalField(max_digits=18, decimal_places=6)  # signed, MRR
    currency = models.CharField(max_length=3)
    involuntary = models.BooleanField(default=False)
    early = models.BooleanField(default=False)

    objects: ClassVar[Any] = OfAccountQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["account", "on"], name="movement_of_account"),
            models.Index(fields=["on", "kind"], name="movement_by_day"),
        ]

    def __str__(self) -> str:
        return f"{self.on} {self.kind} {self.amount}"


class Renewal(TenantModel):
    """The question whether a contract goes on. Every active contract with an end has exactly one that is open.

    auto_status, status: "secure", "watch", "at_risk"; the first by rule, the second by the owner.
    """

    class Category(models.TextChoices):
        COMMIT = "commit", "Commit"
        BEST_CASE = "best_case", "Best case"
        AT_RISK = "at_risk", "At risk"
        LOST = "lost", "Expected loss"

    class State(models.TextChoices):
        OPEN = "open", "Open"
        RENEWED = "renewed", "Renewed"
        EXTENDED = "extended", "Extended"
        LOST = "lost", "Lost"

    contract = models.ForeignKey(Contract, on_delete=models.CASCADE, related_name="renewals", db_index=False)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="renewals")
    due_on = models.DateField()
    amount = models.DecimalField(max_digits=16, decimal_places=2)  # yearly, due
    currency = models.CharField(max_length=3)
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    category = models.CharField(max_length=10, choices=Category.choices, blank=True)
    likelihood = models.PositiveSmallIntegerField(null=True)  # per cent, by a person; None: nobody has said
    auto_status = models.CharField(max_length=10, blank=True)
    auto_reason = models.CharField(max_length=300, blank=True)
    status = models.CharField(max_length=10, blank=True)
    renewed_amount = models.DecimalField(max_digits=16, decimal_places=2, null=True)
    outcome_reason = models.CharField(max_length=300, blank=True)
    version = models.PositiveIntegerField(default=1)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    closed_by = models.CharField(max_length=160, blank=True)

    objects: ClassVar[Any] = OfAccountQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["contract"], condition=models.Q(state="open"), name="renewal_open_once")
        ]
        indexes = [models.Index(fields=["state", "due_on", "id"], name="renewal_due")]

    def __str__(self) -> str:
        return f"due {self.due_on}"


class RenewalSnapshot(TenantModel):
    """How a renewal stood at the end of a week; kept for ever, so that last quarter can be replayed."""

    renewal = models.ForeignKey(Renewal, on_delete=models.CASCADE, related_name="snapshots", db_index=False)
    week = models.DateField()  # its Monday
    due_on = models.DateField()
    amount = models.DecimalField(max_digits=16, decimal_places=2)
    currency = models.CharField(max_length=3)
    state = models.CharField(max_length=8)
    category = models.CharField(max_length=10, blank=True)
    likelihood = models.PositiveSmallIntegerField(null=True)
    auto_status = models.CharField(max_length=10, blank=True)
    status = models.CharField(max_length=10, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["renewal", "week"], name="renewal_snapshot_once")]
        indexes = [models.Index(fields=["week"], name="renewal_snapshot_week")]

    def __str__(self) -> str:
        return f"{self.renewal_id} {self.week}"


class RenewalCheckpoint(TenantModel):
    """One of the two fixed days before a renewal on which the automatic and the human status are compared.

    decision: what a leader decided when they disagreed, or when "watch" was no longer enough.
    """

    renewal = models.ForeignKey(Renewal, on_delete=models.CASCADE, related_name="checkpoints", db_index=False)
    number = models.PositiveSmallIntegerField()  # 1 or 2
    due_on = models.DateField()
    auto_status = models.CharField(max_length=10, blank=True)
    status = models.CharField(max_length=10, blank=True)
    escalated_at = models.DateTimeField(null=True)
    decision = models.CharField(max_length=10, blank=True)
    decision_note = models.CharField(max_length=300, blank=True)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=160, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["renewal", "number"], name="renewal_checkpoint_once")]

    def __str__(self) -> str:
        return f"{self.renewal_id} checkpoint {self.number}"
