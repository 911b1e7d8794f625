"""Django admin for the platform's operators, on their own host.

Signing in is allauth's page with its rate limits and second factor. What an operator changes goes into the
trail of the operators' tenant; Django's own log table and permission rows do not exist here.
"""

from collections.abc import Iterable, Sequence
from typing import Any, NoReturn

from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.decorators import method_decorator

from tenants.admin import DESCRIBED
from users import operations, trail
from users import queries as users
from users.admin import UserAdmin
from users.models import User

RECENT = 10


class OperatorSite(admin.AdminSite):
    site_title = site_header = "Plumbline operators"
    index_title = "Platform"
    site_url = None
    enable_nav_sidebar = False

    def has_permission(self, request: HttpRequest) -> bool:
        user = request.user
        return bool(user.is_authenticated and user.is_active and user.is_staff)

    @method_decorator(login_not_required)
    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Somebody who is signed in but no operator is refused, everybody else signs in first."""
        if request.user.is_authenticated and not self.has_permission(request):
            raise PermissionDenied("This host is for the operators of the platform.")
        return redirect_to_login(request.GET.get("next", reverse("admin:index")), reverse("account_login"))

    def index(self, request: HttpRequest, extra_context: Any = None) -> TemplateResponse:
        """What operators changed lately, from the trail: LogEntry is never asked."""
        changes = list(users.entries(users.EntryFilter(event="users.operator_changed")).order_by("-seq")[:RECENT])
        return super().index(request, {"recent": trail.lines(changes, {}), **(extra_context or {})})

    def logout(self, request: HttpRequest, extra_context: Any = None) -> NoReturn:
        raise Http404

    def password_change(self, request: HttpRequest, extra_context: Any = None) -> NoReturn:
        raise Http404


class OnRecord(admin.ModelAdmin):
    """A ModelAdmin whose changes are entries of the operators' trail instead of rows of LogEntry."""

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> None:  # type: ignore[override]
        self._record(request, obj, "added", ())

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> None:  # type: ignore[override]
        fields = [name for part in _parts(message) for name in part.get("changed", {}).get("fields", ())]
        self._record(request, obj, "changed", fields)

    def log_deletions(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:  # type: ignore[override]
        for row in queryset:
            self._record(request, row, "deleted", ())

    def _record(self, request: HttpRequest, obj: Model, what: str, fields: Sequence[str]) -> None:
        operations.record_operator_change(
            model=obj._meta.label_lower,
            row_id=str(obj.pk),
            what=what,
            fields=fields,
            by=request.actor,  # type: ignore[attr-defined]
        )

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> NoReturn:
        raise Http404


def _parts(message: Any) -> Iterable[dict[str, Any]]:
    return [part for part in message if isinstance(part, dict)] if isinstance(message, list) else []


def _register(site: OperatorSite, model: type[Model], described: type[admin.ModelAdmin]) -> None:
    """Register what an app describes, with the trail as its log."""
    site.register(model, type(described.__name__, (OnRecord, described), {}))


site = OperatorSite(name="admin")
_register(site, User, UserAdmin)
for _model, _described in DESCRIBED.items():
    _register(site, _model, _described)
