from typing import Any, ClassVar, Self

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models.functions import Lower, Upper

from accounts.models.accounts import Account, OfAccountQuerySet
from core.actor import Actor
from core.models import GuardedQuerySet, TenantModel


class ContactQuerySet(GuardedQuerySet):
    def visible_to(self, by: Actor) -> Self:
        """Everybody, or the people at accounts that `by` sees, now or once; and those who are nowhere yet."""
        if by.sees_all:
            return self
        seen = ContactRole.objects.filter(account__in=Account.objects.visible_to(by)).values("contact_id")
        anywhere = ContactRole.objects.filter(contact=models.OuterRef("pk"))
        return self.filter(models.Q(pk__in=seen) | ~models.Exists(anywhere))


class Contact(TenantModel):
    """A person at a customer. `version` counts edits, so that two editors notice each other."""

    name = models.CharField(max_length=160)
    email = models.EmailField(blank=True)
    phone = models.CharField(max_length=40, blank=True)
    title = models.CharField(max_length=120, blank=True)
    note = models.TextField(blank=True)
    custom = models.JSONField(default=dict, blank=True)  # what the tenant added: code of a CustomField -> value
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)
    archived_at = models.DateTimeField(null=True, blank=True)
    merged_into = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, related_name="+", db_index=False)

    objects: ClassVar[Any] = ContactQuerySet.as_manager()

    class Meta:
        indexes = [
            GinIndex(OpClass(Upper("name"), name="gin_trgm_ops"), name="contact_name_trgm"),
            GinIndex(OpClass(Upper("email"), name="gin_trgm_ops"), name="contact_email_trgm"),
            models.Index(fields=["email"], name="contact_email"),
            models.Index(Lower("name"), "id", name="contact_name_order"),
        ]

    def __str__(self) -> str:
        return self.name


class ContactRole(TenantModel):
    """What a person is at an account from a day to a day. A move to another company ends it; it stays as history.

    influence: 1 to 3. stance: -2 (against us) to 2 (for us), None unknown. reports_to: another role at the account.
    ends_on: the first day on which it holds no more.
    """

    class Role(models.TextChoices):
        CHAMPION = "champion", "Champion"
        ECONOMIC_BUYER = "economic_buyer", "Economic buyer"
        SPONSOR = "sponsor", "Sponsor"
        ADMIN = "admin", "Admin"
        USER = "user", "User"

    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="roles")
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="contact_roles")
    role = models.CharField(max_length=16, choices=Role.choices, default=Role.USER)
    influence = models.PositiveSmallIntegerField(default=1)
    stance = models.SmallIntegerField(null=True, blank=True)
    reports_to = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, blank=True, related_name="reports")
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True)
    end_reason = models.CharField(max_length=200, blank=True)

    objects: ClassVar[Any] = OfAccountQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["contact", "account", "role"], condition=models.Q(ends_on=None), name="contact_role_open_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.contact_id}: {self.role}"
