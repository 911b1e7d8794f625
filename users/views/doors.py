"""The two ways in besides the login page: the end of sign-up, and an invitation."""

from django.contrib.auth import login, logout
from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import now
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods

from core.errors import DomainError
from core.http import Request
from users import operations, queries
from users.models import Ticket, User
from users.operations.tickets import TicketUsed
from users.serializers import JoinInput
from users.views.answers import errors_of, refusal, shown

BACKEND = "users.authentication.PasswordBackend"


def _log_in(request: Request, user: User) -> None:
    logout(request)  # whoever sat at this browser before
    login(request, user, backend=BACKEND)
    operations.record_login(user=user, by=user.as_actor())


@login_not_required
@never_cache
@require_GET
def enter(request: Request) -> HttpResponse:
    """From the public site into the new workspace: the ticket logs in once, within a minute."""
    try:
        user = operations.enter(token=request.GET.get("ticket", ""), at=now())
    except TicketUsed:
        if request.user.is_authenticated:
            return redirect("/")
        return redirect("account_login")
    _log_in(request, user)
    return redirect("/")


@login_not_required
@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def join(request: Request, token: str) -> HttpResponse:
    """Accept an invitation: name and password, and in."""
    ticket = queries.open_ticket(token, Ticket.Purpose.INVITATION, at=now())
    if ticket is None:
        return render(request, "users/join_over.html", status=410)
    context = {"person": ticket.user, "values": {"name": ticket.user.name}, "errors": {}}
    if request.method == "GET":
        return render(request, "users/join.html", context)
    given = JoinInput(data=request.POST)
    errors = errors_of(given)
    if not errors:
        try:
            user = operations.accept_invitation(token=token, **given.validated_data, at=now())
        except DomainError as error:
            errors = refusal(error)
        else:
            _log_in(request, user)
            return redirect("/")
    context |= {"values": {"name": request.POST.get("name", "")}, **shown(errors)}
    return render(request, "users/join.html", context, status=422)
