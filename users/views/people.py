from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import now
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.errors import DomainError
from core.http import Request, keyset_page, permission_required
from users import operations, queries, rules
from users.models import User
from users.serializers import Invitation, RoleChange
from users.views.answers import answer, errors_of, refusal, shown

PAGE = 50
STATES = [("active", "Active"), ("invited", "Invited"), ("deactivated", "Deactivated")]


@require_safe
@permission_required(rules.MANAGE_USERS)
def people(request: Request) -> HttpResponse:
    """Everybody who can log in here, or could."""
    wanted = {name: request.GET.get(name, "").strip() for name in ("text", "role", "state")}
    found = queries.people(**wanted, by=request.actor)
    page = keyset_page(
        found, ["name", "id"], size=PAGE, after=request.GET.get("after", ""), before=request.GET.get("before", "")
    )
    context = {
        "page": page,
        "wanted": wanted,
        "filtered": any(wanted.values()),
        "roles": _role_options(),
        "states": STATES,
        "values": {},
        "errors": {},
    }
    return answer(request, "users/people.html", "rows", context)


def _role_options() -> list[tuple[str, str]]:
    return [(role.code, role.name) for role in queries.roles()]


@require_http_methods(["GET", "POST"])
@permission_required(rules.MANAGE_USERS)
def invite(request: Request) -> HttpResponse:
    """A page of its own without script, a dialog on the list of people otherwise."""
    if request.method == "GET":
        return _invite_form(request, {}, {"role": "csm"})
    given = Invitation(data=request.POST)
    errors = errors_of(given)
    if not errors:
        try:
            user = operations.invite_person(**given.validated_data, by=request.actor, at=now())
        except DomainError as error:
            errors = refusal(error)
        else:
            messages.success(request, f"An invitation is on its way to {user.email}")
            return _go(request, "/settings/people/")
    return _invite_form(request, errors, request.POST.dict(), status=422)


def _invite_form(request: Request, errors: Any, values: dict[str, str], *, status: int = 200) -> HttpResponse:
    context = {"values": values, "roles": _role_options(), **shown(errors)}
    return answer(request, "users/invite.html", "form", context, status=status)


def _go(request: Request, path: str) -> HttpResponse:
    """On to another page, also from a form that htmx has sent."""
    if not request.htmx:
        return redirect(path)
    response = HttpResponse(status=204)
    response["HX-Redirect"] = path
    return response


@require_safe
@permission_required(rules.MANAGE_USERS)
def person(request: Request, user_id: UUID) -> HttpResponse:
    return _person_page(request, user_id)


def _person_page(request: Request, user_id: UUID, refused: str = "") -> HttpResponse:
    visible = User.objects.visible_to(request.actor).select_related("role")
    found = get_object_or_404(visible, pk=user_id)
    context = {
        "person": found,
        "owned": queries.owned_by(found.pk),
        "roles": _role_options(),
        "tokens": [token for token in found.tokens.order_by("-created_at") if token.usable(now())],
        "refused": refused,
        "own": found.pk == request.actor.user_id,
    }
    return render(request, "users/person.html", context, status=422 if refused else 200)


@require_POST
@permission_required(rules.MANAGE_USERS)
def change_role(request: Request, user_id: UUID) -> HttpResponse:
    given = RoleChange(data=request.POST)
    if not given.is_valid():
        return _person_page(request, user_id, "Choose one of the roles.")
    try:
        user = operations.change_role(user_id=user_id, **given.validated_data, by=request.actor)
    except User.DoesNotExist:
        return _person_page(request, user_id)
    except DomainError as error:
        return _person_page(request, user_id, str(error))
    messages.success(request, f"{user} is {user.role} now")
    return redirect("users:person", user_id)


@require_POST
@permission_required(rules.MANAGE_USERS)
def change_state(request: Request, user_id: UUID, verb: str) -> HttpResponse:
    """verb: deactivate, reactivate or invite-again."""
    verbs = {
        "deactivate": lambda: operations.deactivate_person(user_id=user_id, by=request.actor, at=now()),
        "reactivate": lambda: operations.reactivate_person(user_id=user_id, by=request.actor),
        "invite-again": lambda: operations.renew_invitation(user_id=user_id, by=request.actor, at=now()),
    }
    said = {
        "deactivate": "{} can no longer sign in",
        "reactivate": "{} can sign in again",
        "invite-again": "A new invitation is on its way to {}",
    }
    try:
        user = verbs[verb]()
    except User.DoesNotExist:
        return _person_page(request, user_id)
    except DomainError as error:
        return _person_page(request, user_id, str(error))
    messages.success(request, said[verb].format(user))
    return redirect("users:person", user_id)
