from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from core.errors import Conflict, DomainError
from core.http import Request, permission_required
from users import operations, queries, rules
from users.models import Role
from users.operations import Wanted


@require_http_methods(["GET", "POST"])
@permission_required(rules.MANAGE_USERS)
def roles(request: Request) -> HttpResponse:
    """Which role may do what: one table, one form."""
    if request.method == "GET":
        return _page(request)
    known = [role for role in queries.roles() if not role.is_admin]
    shown = {role.code for role in known} & set(request.POST.getlist("role"))
    wanted = {
        code: Wanted(frozenset(request.POST.getlist(f"may-{code}")), request.POST.get(f"all-{code}") == "on")
        for code in shown
    }
    try:
        changed = operations.edit_roles(wanted=wanted, seen=request.POST.get("seen", ""), by=request.actor)
    except Conflict as error:
        return _page(request, str(error), status=409)
    except DomainError as error:
        return _page(request, str(error), status=422)
    messages.success(request, "Roles saved" if changed else "Nothing to change")
    return redirect("users:roles")


def _page(request: Request, refused: str = "", *, status: int = 200) -> HttpResponse:
    known = queries.roles()
    context = {
        "roles": known,
        "groups": queries.permission_groups(),
        "granted": {role.code: role.granted() for role in known},
        "seen": queries.version_of(known),
        "refused": refused,
    }
    return render(request, "users/roles.html", context, status=status)


@require_POST
@permission_required(rules.MANAGE_USERS)
def restore(request: Request, role_id: UUID) -> HttpResponse:
    get_object_or_404(Role, pk=role_id)
    try:
        role = operations.restore_role(role_id=role_id, by=request.actor)
    except DomainError as error:
        return _page(request, str(error), status=422)
    messages.success(request, f"{role} is as it was delivered")
    return redirect("users:roles")
