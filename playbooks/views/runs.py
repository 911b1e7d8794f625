"""Runs: the list, one of them, starting and stopping, and the panel on the account's page."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.timezone import localdate, now
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.models import Account
from accounts.queries import last_seq
from accounts.serving import panel_answer
from core.errors import DomainError
from core.http import Request, keyset_page, permission_required, toast
from core.rules import allowed
from playbooks import operations, queries, rules
from playbooks.models import Playbook, Run, Step
from playbooks.serializers import RunStart, RunStop

STATES = {"open": "Running", "done": "Done", "stopped": "Ended early"}
PAGE = 25


@login_required
@require_GET
def runs(request: Request) -> HttpResponse:
    """Playbooks at work on the accounts one sees; state and playbook are in the URL."""
    state = request.GET.get("state", "open")
    state = state if state in STATES else ""
    code = request.GET.get("playbook", "")
    playbook = get_object_or_404(Playbook, code=code) if code else None
    page = keyset_page(
        queries.runs_seen(by=request.actor, state=state, playbook=code),
        ["-started_at", "id"],
        size=PAGE,
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
    )
    context = {
        "page": page,
        "state": state,
        "states": list(STATES.items()),
        "playbook": playbook,
        "live_since": last_seq(),
    }
    return render(request, "playbooks/runs.html#list" if request.htmx else "playbooks/runs.html", context)


@login_required
@require_GET
def run(request: Request, run_id: UUID) -> HttpResponse:
    """One run: why it started, its steps by stage, what is done and who did it."""
    return _page(request, _seen(request, run_id))


def _seen(request: Request, run_id: UUID) -> Run:
    found = Run.objects.visible_to(request.actor).select_related("account", "playbook", "version")
    seen: Run = get_object_or_404(found.prefetch_related("steps__owner"), pk=run_id)
    return seen


def _page(request: Request, found: Run, *, error: str = "", outcome: str = "", status: int = 200) -> HttpResponse:
    steps = sorted(found.steps.all(), key=lambda step: step.position)
    context = {
        "run": found,
        "steps": steps,
        "done": sum(step.completed_at is not None for step in steps),
        "total": len(steps),
        "today": localdate(),
        "may_complete": allowed(request.actor, rules.COMPLETE_STEP),
        "asked": {step.pk for step in steps if queries.may_decide(step, found, by=request.actor)},
        "asks": {step.pk: queries.questions_of(step, found) for step in steps if step.kind == "form"},
        "may_stop": allowed(request.actor, rules.START),
        "stop_error": error,
        "outcome": outcome,
        "live_since": last_seq(),
    }
    return render(request, "playbooks/run.html#list" if request.htmx else "playbooks/run.html", context, status=status)


@login_required
@require_POST
@permission_required(rules.START)
def stop_run(request: Request, run_id: UUID) -> HttpResponse:
    found = _seen(request, run_id)
    given = RunStop(data=request.POST)
    outcome = request.POST.get("outcome", "")
    if not given.is_valid():
        return _page(request, found, error=str(given.errors["outcome"][0]), outcome=outcome, status=422)
    try:
        operations.stop_run(run_id=found.pk, **given.validated_data, by=request.actor, at=now())
    except DomainError as refusal:
        return _page(request, _seen(request, run_id), error=str(refusal), outcome=outcome, status=422)
    messages.success(request, f"“{found.playbook.name}” has ended.")
    return redirect("playbooks:run", found.pk)


@login_required
@require_http_methods(["GET", "POST"])
@permission_required(rules.START)
def start_run(request: Request, account_id: UUID) -> HttpResponse:
    """Choose a playbook and start it by hand: a dialog on the account's page, a page without script."""
    account = get_object_or_404(Account.objects.visible_to(request.actor).active(), pk=account_id)
    if request.method == "GET":
        return _start_form(request, account)
    given = RunStart(data={"account_id": account.pk, "playbook_id": request.POST.get("playbook_id", "")})
    if not given.is_valid():
        return _start_form(request, account, error="Choose a playbook.", status=422)
    try:
        made = operations.start_run(**given.validated_data, by=request.actor, at=now())
    except Playbook.DoesNotExist as error:
        raise Http404 from error
    except DomainError as refusal:
        return _start_form(request, account, error=str(refusal), status=422)
    words = f"“{made.playbook.name}” has started."
    if not request.htmx:
        messages.success(request, words)
        return redirect("playbooks:run", made.pk)
    changed: dict[str, Any] = {"run-changed": {"accounts": [str(account.pk)]}}
    return toast(HttpResponse(status=204), words, closeDialog=True, **changed)


def _start_form(request: Request, account: Account, *, error: str = "", status: int = 200) -> HttpResponse:
    """The dialog when it is fetched, its form alone when it comes back with an error, the page without script."""
    context = {
        "account": account,
        "choices": queries.startable(account.pk),
        "chosen": request.POST.get("playbook_id", ""),
        "error": error,
        "address": reverse("playbooks:start-run", args=[account.pk]),
    }
    part = ("#form" if request.method == "POST" else "#dialog") if request.htmx else ""
    return render(request, f"playbooks/start.html{part}", context, status=status)


@login_required
@require_GET
def panel(request: Request, account_id: UUID) -> HttpResponse:
    """Playbooks and open work on the account's page."""
    account = get_object_or_404(Account.objects.visible_to(request.actor), pk=account_id)
    found = list(queries.runs_of(account.pk)[:10])
    context = {
        "running": [(run, _progress(run)) for run in found if run.state == Run.State.OPEN],
        "ended": [run for run in found if run.state != Run.State.OPEN][:3],
        "may_start": account.archived_at is None and allowed(request.actor, rules.START, account),
        "may_complete": allowed(request.actor, rules.COMPLETE_STEP),
        "today": localdate(),
    }
    return panel_answer(request, account, "playbooks/panel.html", context)


def _progress(found: Run) -> dict[str, Any]:
    """Steps of a run as counts, and those that can be done now. Uses the prefetched steps."""
    steps = sorted(found.steps.all(), key=lambda step: step.position)
    return {
        "done": sum(step.completed_at is not None for step in steps),
        "total": len(steps),
        "open": [step for step in steps if step.state == Step.State.OPEN],
    }
