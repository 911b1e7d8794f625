"""Outcomes on an account's page: what happened, who says so, and a form to say it."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.timezone import localdate, now
from django.views.decorators.http import require_http_methods, require_POST

from accounts import operations, queries, rules
from accounts.models import Account, Outcome
from accounts.serializers import OutcomeInput
from accounts.serving import panel_answer
from core.errors import DomainError
from core.http import Request, toast
from core.rules import allowed, require

PANEL = "accounts/outcomes.html"
FIELDS = ("kind", "on", "amount", "reason", "set_stage")


@login_required
@require_http_methods(["GET", "POST"])
def outcomes(request: Request, account_id: UUID) -> HttpResponse:
    """The panel; posted to, it records an outcome."""
    found = get_object_or_404(Account.objects.visible_to(request.actor), pk=account_id)
    if request.method == "GET":
        return _panel(request, found)
    require(request.actor, rules.RECORD_OUTCOME, found)
    posted = {name: request.POST[name] for name in FIELDS if request.POST.get(name, "").strip()}
    given = OutcomeInput(data=posted)
    if not given.is_valid():
        errors = {name: [str(error) for error in said] for name, said in given.errors.items()}
        return _panel(request, found, posted=posted, errors=errors, status=422)
    try:
        made = operations.record_outcome(account_id=found.pk, **given.validated_data, by=request.actor, at=now())
    except DomainError as refusal:
        return _panel(request, found, posted=posted, errors={refusal.field or "": [str(refusal)]}, status=422)
    return _done(request, found, f"“{made.get_kind_display()}” is recorded.")


@login_required
@require_POST
def withdraw_outcome(request: Request, account_id: UUID, outcome_id: UUID) -> HttpResponse:
    found = get_object_or_404(Account.objects.visible_to(request.actor), pk=account_id)
    get_object_or_404(Outcome.objects.filter(account=found), pk=outcome_id)
    operations.withdraw_outcome(outcome_id=outcome_id, by=request.actor, at=now())
    return _done(request, found, "The outcome is taken back. It counts no more; the timeline keeps it.")


def _done(request: Request, found: Account, said: str) -> HttpResponse:
    if not request.htmx:
        messages.success(request, said)
        return redirect("accounts:account", found.pk)
    return toast(_panel(request, found, done=True), said)


def _panel(
    request: Request,
    found: Account,
    *,
    posted: dict[str, Any] | None = None,
    errors: dict[str, list[str]] | None = None,
    status: int = 200,
    done: bool = False,
) -> HttpResponse:
    """done: something was just saved, and the keyboard goes on where the form is opened."""
    may_set_stage = allowed(request.actor, rules.EDIT, found) and found.stage != Account.Stage.CHURNED
    context = {
        "done": done,
        "outcomes": queries.outcomes_of(found.pk),
        "kinds": Outcome.Kind.choices,
        "may_record": allowed(request.actor, rules.RECORD_OUTCOME, found),
        "may_set_stage": may_set_stage,
        "values": {"on": localdate().isoformat(), **(posted or {})},
        "errors": errors or {},
        "refused": (errors or {}).get("", []) + (errors or {}).get("set_stage", []),
    }
    return panel_answer(request, found, PANEL, context, status=status)
