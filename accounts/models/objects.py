from typing import Any, ClassVar, Self

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower, Upper

from accounts.models.accounts import Account
from core.actor import Actor
from core.models import GuardedQuerySet, TenantModel
from core.rules import ADMIN


class CustomObjectQuerySet(GuardedQuerySet):
    def visible_to(self, by: Actor) -> Self:
        """Those that the role of `by` may know of; who keeps them (Admins) knows all."""
        if by.is_system or by.role == ADMIN:
            return self
        return self.filter(Q(view_roles=[]) | Q(view_roles__contains=[by.role]))


class CustomObject(TenantModel):
    """A kind of record that the tenant made for itself, such as a project; each record belongs to an account.

    code: how addresses, conditions and files call it; it never changes. Its fields are the CustomFields whose record
    is "object:<code>". view_roles, edit_roles: role codes; empty = every role that may do so with accounts.
    """

    code = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=60)
    plural = models.CharField(max_length=60)
    description = models.CharField(max_length=300, blank=True)
    view_roles = models.JSONField(default=list)
    edit_roles = models.JSONField(default=list)
    active = models.BooleanField(default=True)
    version = models.PositiveIntegerField(default=1)

    objects: ClassVar[Any] = CustomObjectQuerySet.as_manager()

    class Meta:
        ordering = ["plural"]

    def __str__(self) -> str:
        return self.name


class CustomRecordQuerySet(GuardedQuerySet):
    def visible_to(self, by: Actor) -> Self:
        """Records at accounts that `by` sees, of objects in use that their role may know of."""
        seen = self.filter(object__in=CustomObject.objects.visible_to(by).filter(active=True))
        return seen if by.sees_all else seen.filter(account__in=Account.objects.visible_to(by))

    def active(self) -> Self:
        return self.filter(archived_at=None)


class CustomRecord(TenantModel):
    """One record of a tenant's own object at an account. custom: code of a field -> value, as at accounts."""

    object = models.ForeignKey(CustomObject, on_delete=models.PROTECT, related_name="records", db_index=False)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="records", db_index=False)
    name = models.CharField(max_length=200)
    custom = models.JSONField(default=dict, blank=True)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=160)
    archived_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[Any] = CustomRecordQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["account", "object"], name="record_of_account"),
            models.Index("object", Lower("name"), "id", name="record_name_order"),
            GinIndex(OpClass(Upper("name"), name="gin_trgm_ops"), name="record_name_trgm"),
        ]

    def __str__(self) -> str:
        return self.name


class PastChange(TenantModel):
    """What an edit of a person or a task changed. The trail says only which fields, as it can never be made to forget;
    this can. changes: field -> [old, new] as plain values. record_kind: contact, task."""

    record_kind = models.CharField(max_length=12)
    record_id = models.UUIDField()
    changes = models.JSONField()
    at = models.DateTimeField()
    who = models.CharField(max_length=160)

    class Meta:
        indexes = [models.Index(fields=["record_id", "at"], name="past_change_of_record")]

    def __str__(self) -> str:
        return f"{self.record_kind} {self.record_id}"
