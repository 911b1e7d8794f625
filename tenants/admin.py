"""What operators see of the tenants: who they are, what they use, how their migrations went. Mostly to read.

Only descriptions: the operators' site (config) registers them with the trail as its log.
"""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django_celery_beat.models import PeriodicTask

from core.errors import DomainError
from core.templatetags.formats import ago
from tenants.measures import Measure, measure
from tenants.models import Domain, MigrationFailure, MigrationReport, PendingSignup, RefusedTask, ScheduledRun, Tenant
from tenants.operations import resume_tenant, suspend_tenant

UNKNOWN = "unknown"


class ReadOnly:
    """Mixin: rows are looked at, never added, changed or deleted here."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class MeasuredList(ChangeList):
    """Measures the tenants of the page at once, not one by one."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        rows = list(self.result_list)
        measured = measure([row.schema_name for row in rows])
        for row in rows:
            row.measure = measured[row.schema_name]
        self.result_list = rows


class DomainInline(ReadOnly, admin.TabularInline):
    model = Domain
    fields = readonly_fields = ("domain", "is_primary", "created_at")
    extra = 0


class TenantAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("name", "address", "kind", "state", "people", "accounts", "last_activity", "size", "created_at")
    list_filter = ("state", "kind", "node")
    list_per_page = 50
    search_fields = ("name", "slug", "schema_name", "domains__domain")
    ordering = ("-created_at",)
    actions = ("suspend", "resume")
    fields = (
        *("name", "slug", "kind", "state", "people", "accounts", "last_activity", "size"),
        *("schema_name", "node", "settings", "created_at"),
    )
    inlines = (DomainInline,)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return MeasuredList

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        tenant: Any = super().get_object(request, object_id, from_field)
        if tenant is not None:
            tenant.measure = measure([tenant.schema_name])[tenant.schema_name]
        return tenant

    def get_queryset(self, request: HttpRequest) -> QuerySet[Tenant]:
        return super().get_queryset(request).prefetch_related("domains")

    def has_operate_permission(self, request: HttpRequest) -> bool:
        return bool(self.has_view_permission(request))

    @admin.action(description="Suspend the chosen workspaces", permissions=["operate"])
    def suspend(self, request: HttpRequest, queryset: QuerySet[Tenant]) -> None:
        self._each(request, queryset, suspend_tenant, "suspended")

    @admin.action(description="Resume the chosen workspaces", permissions=["operate"])
    def resume(self, request: HttpRequest, queryset: QuerySet[Tenant]) -> None:
        self._each(request, queryset, resume_tenant, "resumed")

    def _each(self, request: HttpRequest, queryset: QuerySet[Tenant], operation: Any, done: str) -> None:
        for tenant in queryset:
            try:
                operation(tenant_id=tenant.pk, by=request.actor)  # type: ignore[attr-defined]
            except DomainError as refusal:
                self.message_user(request, str(refusal), messages.ERROR)
            else:
                self.message_user(request, f"{tenant.name} is {done}.")

    @admin.display(description="Address")
    def address(self, tenant: Tenant) -> SafeString:
        return format_html_join(", ", "{}", ((domain.domain,) for domain in tenant.domains.all()))

    @admin.display(description="Users")
    def people(self, tenant: Tenant) -> str:
        return _number(_measured(tenant).people)

    @admin.display(description="Accounts")
    def accounts(self, tenant: Tenant) -> str:
        return _number(_measured(tenant).accounts)

    @admin.display(description="Last activity")
    def last_activity(self, tenant: Tenant) -> str | SafeString:
        at = _measured(tenant).last_activity
        if at is None:
            return UNKNOWN
        return format_html('<time datetime="{}" title="{}">{}</time>', at.isoformat(), at, ago(at))

    @admin.display(description="Schema size")
    def size(self, tenant: Tenant) -> str:
        size = _measured(tenant).size
        return UNKNOWN if size is None else filesizeformat(size)


def _measured(tenant: Any) -> Measure:
    found: Measure = tenant.measure
    return found


def _number(count: int | None) -> str:
    return UNKNOWN if count is None else f"{count:,}"


class FailureInline(ReadOnly, admin.TabularInline):
    model = MigrationFailure
    fields = readonly_fields = ("tenant", "migration", "error", "at", "resolved_at")
    extra = 0


class MigrationReportAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("started_at", "finished_at", "migrated", "unchanged", "failed")
    ordering = ("-started_at",)
    inlines = (FailureInline,)


class RefusedTaskAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("at", "task", "schema_name", "reason")
    list_filter = ("task", "reason")
    ordering = ("-at",)


class ScheduledRunAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("task", "slot", "started", "created_at", "finished_at")
    list_filter = ("task",)
    ordering = ("-created_at",)


class PendingSignupAdmin(ReadOnly, admin.ModelAdmin):
    """Who asked for a workspace and has not confirmed; password and code stay out of sight."""

    list_display = ("company", "email", "created_at", "expires_at", "sent", "attempts")
    fields = ("company", "slug", "person", "email", "created_at", "expires_at", "sent", "attempts")
    ordering = ("-created_at",)


class DomainAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("domain", "tenant", "is_primary", "created_at")
    list_select_related = ("tenant",)
    search_fields = ("domain",)
    ordering = ("domain",)


class PlanAdmin(ReadOnly, admin.ModelAdmin):
    """The plans of beat. They are written by the code at its start, so changing one here would not last."""

    list_display = ("name", "task", "enabled", "scheduler", "last_run_at", "total_run_count")
    list_select_related = ("interval", "crontab", "solar", "clocked")
    ordering = ("name",)


DESCRIBED: dict[type[Model], type[admin.ModelAdmin]] = {
    Tenant: TenantAdmin,
    MigrationReport: MigrationReportAdmin,
    RefusedTask: RefusedTaskAdmin,
    ScheduledRun: ScheduledRunAdmin,
    PendingSignup: PendingSignupAdmin,
    Domain: DomainAdmin,
    PeriodicTask: PlanAdmin,
}
