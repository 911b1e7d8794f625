from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models

from accounts.models.accounts import Account, OfAccountQuerySet
from core.actor import Actor
from core.models import GuardedQuerySet, Job, TenantModel


class SavedViewQuerySet(GuardedQuerySet):
    def visible_to(self, by: Actor) -> Self:
        """One's own and the shared ones."""
        return self.filter(models.Q(shared=True) | models.Q(owner_id=by.user_id))


class SavedView(TenantModel):
    """A way to look at the list of accounts: what is shown, in which order, in which columns.

    filters: the fields of the address, name -> text. columns: codes in order; empty means the usual ones. The view
    without a name is how its owner's list looks when nothing else is asked for.
    """

    name = models.CharField(max_length=80, blank=True)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="views")
    shared = models.BooleanField(default=False)
    filters = models.JSONField(default=dict)
    sort = models.CharField(max_length=80, blank=True)
    columns = models.JSONField(default=list)
    density = models.CharField(max_length=12, blank=True)
    pins = models.JSONField(default=list)  # codes of the columns that stay in sight
    widths = models.JSONField(default=dict)  # code of a column, or "name" -> pixels
    group = models.CharField(max_length=80, blank=True)  # code of the field that the list is grouped by
    version = models.PositiveIntegerField(default=1)
    removed_at = models.DateTimeField(null=True)

    objects: ClassVar[Any] = SavedViewQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "name"], condition=models.Q(removed_at=None), name="saved_view_once"
            )
        ]

    def __str__(self) -> str:
        return self.name


class Segment(TenantModel):
    """A condition whose accounts are kept with the days they came and went."""

    name = models.CharField(max_length=80, unique=True)
    description = models.CharField(max_length=300, blank=True)
    where = models.TextField()
    active = models.BooleanField(default=True)
    version = models.PositiveIntegerField(default=1)
    evaluated_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=160)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Membership(TenantModel):
    """One stay of an account in a segment."""

    segment = models.ForeignKey(Segment, on_delete=models.CASCADE, related_name="memberships", db_index=False)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="memberships")
    entered_at = models.DateTimeField()
    left_at = models.DateTimeField(null=True)

    objects: ClassVar[Any] = OfAccountQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["segment", "account"], condition=models.Q(left_at=None), name="membership_open_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.account_id} in {self.segment_id}"


class BulkChange(TenantModel):
    """One change of many accounts, done by the worker row by row and taken back as one.

    changes: {field: new value as text}. where: the condition the accounts were chosen by, or empty for a list.
    """

    changes = models.JSONField()
    where = models.TextField(blank=True)
    total = models.PositiveIntegerField()
    done = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    job = models.ForeignKey(Job, on_delete=models.SET_NULL, null=True, related_name="+", db_index=False)
    created_at = models.DateTimeField()
    created_by_id = models.UUIDField(null=True)
    created_by = models.CharField(max_length=160)
    finished_at = models.DateTimeField(null=True)
    undone_at = models.DateTimeField(null=True)
    undone_by = models.CharField(max_length=160, blank=True)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.total} accounts"


class BulkRow(TenantModel):
    """What a bulk change did to one account. before: {field: old value as text}; error: why it was left alone.

    after, expected_version: of a change whose rows differ: {field: new value as text}, and the account as it was seen.
    """

    change = models.ForeignKey(BulkChange, on_delete=models.CASCADE, related_name="rows", db_index=False)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+", db_index=False)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    expected_version = models.PositiveIntegerField(null=True)
    after_version = models.PositiveIntegerField(null=True)
    error = models.CharField(max_length=300, blank=True)
    undone = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["change", "account"], name="bulk_row_once")]

    def __str__(self) -> str:
        return f"{self.change_id} {self.account_id}"


class CustomField(TenantModel):
    """A field that the tenant added to its records; the values lie in their `custom` under the code.

    record: what has it: account, contact, contract, or "object:<code>" of the tenant's own object. kind: text, choice,
    number, date, "yes or no". view_roles, edit_roles: role codes; empty = every role.
    """

    record = models.CharField(max_length=50, default="account")
    code = models.SlugField(max_length=60, db_index=False)
    label = models.CharField(max_length=80)
    kind = models.CharField(max_length=12)
    unit = models.CharField(max_length=24, blank=True)
    choices = models.JSONField(default=list)
    required = models.BooleanField(default=False)
    in_reports = models.BooleanField(default=False)  # stands in health reports
    view_roles = models.JSONField(default=list)
    edit_roles = models.JSONField(default=list)
    position = models.PositiveSmallIntegerField(default=0)
    active = models.BooleanField(default=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["position", "label"]
        constraints = [models.UniqueConstraint(fields=["record", "code"], name="custom_field_once")]

    def __str__(self) -> str:
        return self.label
