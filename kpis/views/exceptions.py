"""Caps and floors on an account's page: the panel that lists them, setting one, taking it back, putting it back."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.timezone import now
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.models import Account
from accounts.serving import panel_answer
from core.errors import DomainError
from core.http import Request, permission_required, toast
from core.rules import allowed
from kpis import rules
from kpis.models import ScoreException
from kpis.operations import exceptions as operations
from kpis.queries.exceptions import exceptions_on
from kpis.serializers.exceptions import ExceptionInput

KINDS = [("cap", "Cap: not above"), ("floor", "Floor: not below")]


def _seen(request: Request, account_id: UUID) -> Account:
    found: Account = get_object_or_404(Account.objects.visible_to(request.actor), pk=account_id)
    return found


@login_required
@require_GET
def panel(request: Request, account_id: UUID) -> HttpResponse:
    """What people have set on this account: what holds, what is to come, and behind a fold what has ended."""
    account = _seen(request, account_id)
    found = exceptions_on(account, today=now().date(), by=request.actor)
    context = {
        "current": [one for one in found if one.state in ("holds", "coming")],
        "ended": [one for one in found if one.state not in ("holds", "coming")],
        "may_set": account.archived_at is None and allowed(request.actor, rules.SET_EXCEPTION, account),
    }
    return panel_answer(request, account, "kpis/exceptions.html#panel", context)


@login_required
@require_http_methods(["GET", "POST"])
@permission_required(rules.SET_EXCEPTION)
def set_exception(request: Request, account_id: UUID) -> HttpResponse:
    """Cap or lift the score: a dialog on the account's page, a page without script."""
    account = get_object_or_404(Account.objects.visible_to(request.actor).active(), pk=account_id)
    at = now()
    if request.method == "GET":
        return _form(request, account, {"kind": "cap", "starts_on": at.date().isoformat()})
    typed = {
        name: request.POST.get(name, "").strip() for name in ("kind", "limit", "reason", "starts_on", "expires_on")
    }
    given = ExceptionInput(
        data={name: value or (None if name.endswith("_on") else "") for name, value in typed.items()}
    )
    if not given.is_valid():
        return _form(request, account, typed, {name: [str(e) for e in es] for name, es in given.errors.items()}, 422)
    first = given.validated_data["starts_on"] or at.date()
    try:
        wanted = operations.Wanted(**{**given.validated_data, "starts_on": first})
        made = operations.set_exception(account_id=account.pk, wanted=wanted, by=request.actor, at=at)
    except DomainError as refusal:
        return _form(request, account, typed, {refusal.field or "": [str(refusal)]}, 422)
    words = f"{made.reason}: the {made.kind} at {typed['limit']} is set. The score follows."
    return _done(request, account, words, undo_url=_url("exception-withdraw", made), closeDialog=True)


@login_required
@require_POST
def withdraw_exception(request: Request, account_id: UUID, exception_id: UUID) -> HttpResponse:
    """Take it back from today on; the toast's undo puts it back."""
    found = _of(request, account_id, exception_id)
    try:
        operations.withdraw_exception(exception_id=found.pk, by=request.actor, at=now())
    except DomainError as refusal:
        return _refused(request, found.account, refusal)
    words = f"{found.reason}: the {found.kind} is withdrawn. The score follows."
    return _done(request, found.account, words, undo_url=_url("exception-restore", found))


@login_required
@require_POST
def restore_exception(request: Request, account_id: UUID, exception_id: UUID) -> HttpResponse:
    """Put a withdrawn one back: the same once more, from today on."""
    found = _of(request, account_id, exception_id)
    try:
        operations.restore_exception(exception_id=found.pk, by=request.actor, at=now())
    except DomainError as refusal:
        return _refused(request, found.account, refusal)
    return _done(request, found.account, f"{found.reason}: the {found.kind} holds again. The score follows.")


def _of(request: Request, account_id: UUID, exception_id: UUID) -> ScoreException:
    seen = ScoreException.objects.visible_to(request.actor).select_related("account")
    found: ScoreException = get_object_or_404(seen, pk=exception_id, account_id=account_id)
    return found


def _url(name: str, found: ScoreException) -> str:
    return reverse(f"kpis:{name}", args=[found.account_id, found.pk])


def _woken(account: Account) -> dict[str, Any]:
    """Page events: the panel shows it at once, the score when the worker has made it."""
    return {"exceptions-changed": {"accounts": [str(account.pk)]}}


def _done(request: Request, account: Account, words: str, *, undo_url: str = "", **events: Any) -> HttpResponse:
    if request.htmx:
        return toast(HttpResponse(status=204), words, undo_url=undo_url, **events, **_woken(account))
    messages.success(request, words)
    return redirect("accounts:account", account.pk)


def _refused(request: Request, account: Account, refusal: DomainError) -> HttpResponse:
    if request.htmx:
        return toast(HttpResponse(status=409), str(refusal), kind="error", **_woken(account))
    messages.error(request, str(refusal))
    return redirect("accounts:account", account.pk)


def _form(
    request: Request,
    account: Account,
    typed: dict[str, str],
    errors: dict[str, list[str]] | None = None,
    status: int = 200,
) -> HttpResponse:
    """The dialog when it is fetched, its form alone when it comes back with an error, the page without script."""
    context = {
        "account": account,
        "typed": typed,
        "errors": errors or {},
        "refused": (errors or {}).get("", []),
        "kinds": KINDS,
        "address": reverse("kpis:exception-set", args=[account.pk]),
    }
    part = ("#form" if request.method == "POST" else "#dialog") if request.htmx else ""
    return render(request, f"kpis/exceptions.html{part}", context, status=status)
