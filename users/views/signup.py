"""The public site: sign-up, confirmation, and finding one's workspace again.

There are no sessions here; what a step must remember is a signed token in the address.
"""

from typing import Any

from allauth.core import ratelimit
from celery import current_app
from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.timezone import now
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from kombu.exceptions import OperationalError

from core.actor import Actor
from core.errors import DomainError
from core.http import Request
from tenants.context import sign
from tenants.models import PendingSignup
from tenants.operations import AddressTaken, check_slug
from users import mail, operations, queries
from users.operations.signup import CODE_LIFE, SignupOver
from users.serializers import CodeInput, EmailInput, SignupInput
from users.views.answers import Errors, errors_of, refusal, shown

VISITOR = Actor(label="sign-up")
MINUTES = int(CODE_LIFE.total_seconds() // 60)


@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def signup(request: Request) -> HttpResponse:
    """Ask for a workspace. The answer is the same whether or not the e-mail is known anywhere."""
    if request.method == "GET":
        return _signup_form(request, {}, {})
    given = SignupInput(data=request.POST)
    errors = errors_of(given)
    if not errors:
        limited = ratelimit.consume_or_429(request, action="open_workspace", key=given.validated_data["email"].lower())
        if limited:
            return limited
        try:
            pending, code = operations.start_signup(**given.validated_data, at=now())
        except DomainError as error:
            errors = refusal(error)
        else:
            return _to_code(pending, code)
    return _signup_form(request, errors, request.POST.dict(), status=422)


def _signup_form(request: Request, errors: Errors, values: dict[str, str], *, status: int = 200) -> HttpResponse:
    context = {"values": values, "base_domain": settings.BASE_DOMAIN, **shown(errors)}
    return render(request, "public/signup.html", context, status=status)


def _to_code(pending: PendingSignup, code: str) -> HttpResponse:
    mail.send_signup_code(to=pending.email, company=pending.company, code=code, minutes=MINUTES)
    return redirect("signup-code", sign(str(pending.pk), "signup"))


@require_safe
def address(request: Request) -> HttpResponse:
    """The address field while somebody types: proposed from the company, or checked as it was typed."""
    slug, errors = request.GET.get("slug", "").strip().lower(), {}
    if request.GET.get("from") == "company":
        slug = operations.propose_slug(request.GET.get("company", ""))
    elif slug:
        try:
            check_slug(slug)
        except DomainError as error:
            errors = refusal(error)
    context = {"values": {"slug": slug}, "errors": errors, "base_domain": settings.BASE_DOMAIN}
    return render(request, "public/signup.html#address", context | {"free": bool(slug) and not errors})


@never_cache
@require_http_methods(["GET", "POST"])
def signup_code(request: Request, token: str) -> HttpResponse:
    """Enter the mailed code; the right one opens the workspace and leads into it."""
    pending = queries.pending_signup(token, at=now())
    if pending is None:
        return render(request, "public/signup_over.html", status=410)
    if request.method == "GET":
        return _code_form(request, token, pending, {})
    limited = ratelimit.consume_or_429(request, action="signup_code")
    if limited:
        return limited
    given = CodeInput(data=request.POST)
    errors = errors_of(given)
    if errors:
        return _code_form(request, token, pending, errors, status=422)
    return _open(request, token, pending, given.validated_data)


def _open(request: Request, token: str, pending: PendingSignup, given: dict[str, str]) -> HttpResponse:
    try:
        opened = operations.open_workspace(signup_id=pending.pk, **given, at=now(), by=VISITOR)
    except SignupOver:
        return render(request, "public/signup_over.html", status=410)
    except DomainError as error:
        taken = isinstance(error, AddressTaken) or error.field == "slug"
        return _code_form(request, token, pending, refusal(error), taken=taken, status=422)
    path = f"{reverse('users:enter', urlconf=settings.TENANT_URLCONF)}?ticket={opened.ticket}"
    return redirect(mail.address(opened.host, path))


def _code_form(
    request: Request, token: str, pending: PendingSignup, errors: Errors, *, taken: bool = False, status: int = 200
) -> HttpResponse:
    context: dict[str, Any] = {
        "token": token,
        "pending": pending,
        **shown(errors),
        "values": {"slug": request.POST.get("slug") or pending.slug, "code": request.POST.get("code", "")},
        "taken": taken,
        "sent_again": request.GET.get("sent") == "again",
        "minutes": MINUTES,
        "base_domain": settings.BASE_DOMAIN,
    }
    return render(request, "public/signup_code.html", context, status=status)


@require_POST
def resend(request: Request, token: str) -> HttpResponse:
    """Mail another code; the earlier one stops working."""
    pending = queries.pending_signup(token, at=now())
    if pending is None:
        return render(request, "public/signup_over.html", status=410)
    limited = ratelimit.consume_or_429(request, action="open_workspace", key=pending.email)
    if limited:
        return limited
    try:
        pending, code = operations.resend_code(signup_id=pending.pk, at=now())
    except SignupOver:
        return render(request, "public/signup_over.html", status=410)
    except DomainError as error:
        return _code_form(request, token, pending, refusal(error), status=422)
    mail.send_signup_code(to=pending.email, company=pending.company, code=code, minutes=MINUTES)
    return redirect(f"{reverse('signup-code', args=[token])}?sent=again")


@require_http_methods(["GET", "POST"])
def find_workspace(request: Request) -> HttpResponse:
    """Mail somebody the addresses of their workspaces; the page says the same for every e-mail."""
    if request.method == "GET":
        return render(request, "public/find.html", {"sent": request.GET.get("sent") == "1"})
    given = EmailInput(data=request.POST)
    errors = errors_of(given)
    if not errors:
        email = given.validated_data["email"].lower()
        limited = ratelimit.consume_or_429(request, action="find_workspace", key=email)
        if limited:
            return limited
        try:
            current_app.tasks["users.mail_workspaces"].apply_async(kwargs={"email": email})
        except OperationalError:
            errors = {"": ["Mail cannot be sent at the moment. Please try again in a few minutes."]}
        else:
            return redirect(f"{reverse('find-workspace')}?sent=1")
    return render(request, "public/find.html", {"values": request.POST.dict(), **shown(errors)}, status=422)
