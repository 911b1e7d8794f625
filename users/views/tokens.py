from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import now
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from core.errors import DomainError
from core.http import Request, keyset_page, permission_required
from users import operations, queries, rules
from users.serializers import TokenInput
from users.views.answers import errors_of, refusal, shown

PAGE = 50


@require_http_methods(["GET", "POST"])
@permission_required(rules.MANAGE_TOKENS)
@never_cache
def tokens(request: Request) -> HttpResponse:
    """One's tokens; those who manage people see everybody's. A new secret is shown in the answer, never again."""
    if request.method == "GET":
        return _page(request)
    given = TokenInput(data={**request.POST.dict(), "expires_on": request.POST.get("expires_on") or None})
    errors = errors_of(given)
    if errors:
        return _page(request, **shown(errors), status=422)
    try:
        made, secret = operations.create_token(
            **given.validated_data,
            hint=request.tenant.slug,  # type: ignore[attr-defined]
            by=request.actor,
            at=now(),
        )
    except DomainError as error:
        return _page(request, **shown(refusal(error)), status=422)
    return _page(request, made=made, secret=secret)


def _page(request: Request, *, status: int = 200, **context: Any) -> HttpResponse:
    page = keyset_page(
        queries.tokens(by=request.actor),
        ["-created_at", "id"],
        size=PAGE,
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
    )
    failed = request.method == "POST" and "secret" not in context
    at = now()
    values = request.POST.dict() if failed else {"expires_on": (at + timedelta(days=90)).date().isoformat()}
    shown = {"page": page, "values": values, "at": at}
    return render(request, "users/tokens.html", shown | context, status=status)


@require_POST
@permission_required(rules.MANAGE_TOKENS)
def revoke(request: Request, token_id: UUID) -> HttpResponse:
    token = get_object_or_404(queries.tokens(by=request.actor), pk=token_id)
    operations.revoke_token(token_id=token.pk, by=request.actor, at=now())
    messages.success(request, f"“{token.name}” no longer works")
    return redirect("users:tokens")
