from zoneinfo import available_timezones

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from core.errors import DomainError
from core.http import Request, permission_required
from users import operations, rules
from users.serializers import ProfileInput, WorkspaceInput
from users.views.answers import Errors, errors_of, refusal, shown

THEMES = [("", "As the system"), ("light", "Light"), ("dark", "Dark")]
YEAR = 365 * 24 * 3600


@require_http_methods(["GET", "POST"])
def profile(request: Request) -> HttpResponse:
    """One's own name, time zone and theme."""
    if request.method == "GET":
        return _profile_page(request, {})
    given = ProfileInput(data=request.POST)
    errors = errors_of(given)
    if not errors:
        try:
            operations.edit_profile(**given.validated_data, by=request.actor)
        except DomainError as error:
            errors = refusal(error)
    if errors:
        return _profile_page(request, errors, status=422)
    messages.success(request, "Profile saved")
    response = redirect("users:settings")
    _keep_theme(response, request.POST.get("theme", ""))
    return response


def _profile_page(request: Request, errors: Errors, *, status: int = 200) -> HttpResponse:
    given = request.POST.dict() if request.method == "POST" else {}
    context = {
        "values": {"name": request.user.name, "time_zone": request.user.time_zone, **given},  # type: ignore[union-attr]
        **shown(errors),
        "zones": sorted(zone for zone in available_timezones() if "/" in zone or zone == "UTC"),
        "themes": THEMES,
    }
    return render(request, "users/profile.html", context, status=status)


def _keep_theme(response: HttpResponse, theme: str) -> None:
    """The same cookie that the theme menu writes; empty follows the system."""
    if theme in {"light", "dark"}:
        response.set_cookie("theme", theme, max_age=YEAR, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE)
    else:
        response.delete_cookie("theme")


@require_http_methods(["GET", "POST"])
@permission_required(rules.EDIT_WORKSPACE)
def workspace(request: Request) -> HttpResponse:
    """The company's name, and its address."""
    tenant = request.tenant  # type: ignore[attr-defined]
    errors: Errors = {}
    if request.method == "POST":
        given = WorkspaceInput(data=request.POST)
        errors = errors_of(given)
        if not errors:
            operations.rename_workspace(
                tenant_id=tenant.id, old=tenant.name, new=given.validated_data["name"], by=request.actor
            )
            messages.success(request, "Workspace saved")
            return redirect("users:workspace")
    values = {"name": request.POST.get("name", tenant.name)}
    context = {"values": values, **shown(errors), "address": request.build_absolute_uri("/")}
    return render(request, "users/workspace.html", context, status=422 if errors else 200)
