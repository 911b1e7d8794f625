"""What `public` holds: who the tenants are, where they answer, and how their schemas are kept alike."""

from typing import Any, NoReturn

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Lower
from django_tenants.models import DomainMixin, TenantMixin
from uuid6 import uuid7

from tenants import names


class TenantsStay(RuntimeError):
    """A tenant's row was about to go while its schema stays behind. Deletion is a workflow of its own."""


class TenantQuerySet(models.QuerySet["Tenant"]):
    def delete(self) -> NoReturn:
        raise TenantsStay("tenants are not deleted by a queryset: their schemas would stay behind")

    _raw_delete = delete  # type: ignore[assignment]

    def served(self) -> "TenantQuerySet":
        """Tenants whose schema is expected to exist and to be kept up to date."""
        return self.exclude(state__in=[Tenant.State.PROVISIONING, Tenant.State.DELETED])


def _check_slug(slug: str) -> None:
    if not names.is_slug(slug):
        raise ValidationError("Use 1 to 40 lower-case letters, digits and hyphens, with no hyphen at an end.")


def _check_host(host: str) -> None:
    if not names.is_host(host):
        raise ValidationError("Use a lower-case host name without port.")


class Tenant(TenantMixin):
    """A company that uses Plumbline. Its data live in the schema `schema_name`, which never changes."""

    class State(models.TextChoices):
        PROVISIONING = "provisioning"
        ACTIVE = "active"
        QUARANTINED = "quarantined"  # a migration failed here; 503 until it is through
        SUSPENDED = "suspended"
        DELETED = "deleted"

    class Kind(models.TextChoices):
        CUSTOMER = "customer"
        OPERATOR = "operator"  # our own people; its host serves Django admin
        DEMO = "demo"

    auto_create_schema = False
    auto_drop_schema = False

    name = models.CharField(max_length=120)
    slug = models.CharField(max_length=40, unique=True, validators=[_check_slug])
    schema_name = models.CharField(
        max_length=42,
        unique=True,
        default=names.new_schema_name,
        editable=False,
        validators=[RegexValidator(names.SCHEMA_PATTERN)],
    )
    state = models.CharField(max_length=12, choices=State, default=State.PROVISIONING)
    state_before = models.CharField(max_length=12, choices=State, blank=True, editable=False)  # while quarantined
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.CUSTOMER)
    node = models.CharField(max_length=40, default="main")  # the database that holds the schema
    settings = models.JSONField(default=dict, blank=True)  # branding: {"logo": ..., "colour": ...}
    created_at = models.DateTimeField()

    objects = TenantQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(schema_name__regex=names.SCHEMA_PATTERN)
                & ~models.Q(schema_name__startswith=names.TEMPLATE_PREFIX),
                name="tenant_schema_name_is_ours",
            ),
            models.UniqueConstraint(fields=["kind"], condition=models.Q(kind="operator"), name="tenant_one_operator"),
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Only the row: the schema is made by tenants.operations.create_tenant, in the same transaction."""
        models.Model.save(self, *args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TenantsStay("a tenant is deleted by the deletion workflow, not by its row")

    # The library's own switches keep their state in one list shared by all threads.
    def __enter__(self) -> NoReturn:
        raise RuntimeError("`with tenant:` is not safe with threads: use tenant_scope(tenant)")

    def __exit__(self, *exc: object) -> None:
        return None

    def activate(self) -> NoReturn:
        raise RuntimeError("use tenant_scope(tenant)")

    @classmethod
    def deactivate(cls) -> NoReturn:
        raise RuntimeError("use tenant_scope(tenant)")

    def create_schema(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise RuntimeError("use tenants.operations.create_tenant")


class Domain(DomainMixin):
    """A host name that a tenant answers on."""

    domain = models.CharField(max_length=253, unique=True, validators=[_check_host])
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="domains")
    is_primary = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(domain=Lower("domain")) & ~models.Q(domain__contains=":"),
                name="domain_lower_case_without_port",
            )
        ]

    def __str__(self) -> str:
        return self.domain


class PendingSignup(models.Model):
    """A company that asked for a workspace and has not confirmed its e-mail yet. Pruned after `expires_at`."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    company = models.CharField(max_length=120)
    slug = models.CharField(max_length=40, validators=[_check_slug])
    person = models.CharField(max_length=120, blank=True)
    email = models.EmailField()
    password = models.CharField(max_length=128)  # hashed
    code_hash = models.CharField(max_length=128)
    attempts = models.PositiveSmallIntegerField(default=0)
    sent = models.PositiveSmallIntegerField(default=1)  # codes sent so far
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["expires_at"], name="pending_signup_expires")]

    def __str__(self) -> str:
        return f"{self.company} <{self.email}>"


class SchemaTemplate(models.Model):
    """The SQL that makes an empty tenant schema, for one state of the migrations (`fingerprint`)."""

    fingerprint = models.CharField(max_length=64, primary_key=True)
    schema_name = models.CharField(max_length=42, unique=True)
    sql = models.TextField()
    built_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.schema_name


class MigrationReport(models.Model):
    """One run of migrate_all over the tenants: counts, and a row per tenant that was not simply up to date."""

    fingerprint = models.CharField(max_length=64)
    started_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)
    unchanged = models.PositiveIntegerField(default=0)
    migrated = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.started_at:%Y-%m-%d %H:%M}: {self.migrated} migrated, {self.failed} failed"


class MigrationFailure(models.Model):
    """Why one tenant stayed behind in a run, and since when it is through after all."""

    report = models.ForeignKey(MigrationReport, on_delete=models.CASCADE, related_name="failures")
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="migration_failures")
    migration = models.CharField(max_length=200)  # "app.name" that failed, empty before the first one
    error = models.TextField()
    at = models.DateTimeField(auto_now_add=True)
    resolved_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.tenant_id}: {self.migration}"


class ScheduledRun(models.Model):
    """One slot of one scheduled task, and how far it has been started over the tenants."""

    task = models.CharField(max_length=120)
    slot = models.CharField(max_length=40)
    cursor = models.CharField(max_length=64, blank=True)  # sort key of the last tenant it was started for
    started = models.PositiveIntegerField(default=0)  # tenants so far
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["task", "slot"], name="scheduled_run_once")]
        indexes = [models.Index(fields=["created_at"], name="scheduled_run_created")]

    def __str__(self) -> str:
        return f"{self.task} {self.slot}"


class RefusedTask(models.Model):
    """A task that was not run because its tenant was not named, is gone or is not being served."""

    task = models.CharField(max_length=120)
    task_key = models.CharField(max_length=60)
    schema_name = models.CharField(max_length=63, blank=True)
    reason = models.CharField(max_length=200)
    at = models.DateTimeField(auto_now_add=True, db_index=True)

    def __str__(self) -> str:
        return f"{self.task}: {self.reason}"
