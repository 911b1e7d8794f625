"""What playbooks have changed: a playbook's effect with whom it was compared, and a run's measurements and result."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import now
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.errors import Conflict, DomainError
from core.http import Request
from core.rules import allowed, require
from playbooks import rules
from playbooks.measured import effects as queries
from playbooks.models import Measurement, Playbook, Run, RunResult
from playbooks.operations import effects as operations
from playbooks.operations import measuring
from playbooks.serializers import ResultSetting

SHOWN = 20


@login_required
@require_http_methods(["GET", "POST"])
def effect(request: Request, code: str) -> HttpResponse:
    """The newest estimate of a playbook; posted to, the worker makes a new one. Nothing is computed here."""
    playbook = get_object_or_404(Playbook, code=code)
    if request.method == "POST":
        require(request.actor, rules.EDIT)
        operations.start_estimate(playbook_id=playbook.pk, by=request.actor, at=now())
        return redirect("playbooks:effect", playbook.code)
    newest = queries.newest_estimate(playbook)
    found = queries.estimated(newest, by=request.actor) if newest else None
    results = queries.results_of(playbook, by=request.actor)
    context = {
        "playbook": playbook,
        "found": found,
        "pairs": found.pairs[:SHOWN] if found else [],
        "running": queries.running_estimate(playbook),
        "results": results,
        "flagged": [one for one in results if one.flagged],
        "may_estimate": allowed(request.actor, rules.EDIT),
    }
    return render(request, "playbooks/effect.html", context)


@login_required
@require_GET
def effect_state(request: Request, code: str) -> HttpResponse:
    """How far the estimate is, for the page that waits; when it has ended, that page."""
    playbook = get_object_or_404(Playbook, code=code)
    running = queries.running_estimate(playbook)
    if running is None or not request.htmx:
        return redirect("playbooks:effect", playbook.code)
    return render(request, "playbooks/effect.html#running", {"playbook": playbook, "running": running})


@login_required
@require_POST
def effect_cancel(request: Request, code: str) -> HttpResponse:
    """Ask the worker to stop the estimate that is under way."""
    playbook = get_object_or_404(Playbook, code=code)
    require(request.actor, rules.EDIT)
    running = queries.running_estimate(playbook)
    if running is not None:
        operations.cancel_estimate(estimate_id=running.pk, by=request.actor)
        messages.success(request, "The estimate stops. Nothing of it is kept.")
    return redirect("playbooks:effect", playbook.code)


@login_required
@require_http_methods(["GET", "POST"])
def run_effect(request: Request, run_id: UUID) -> HttpResponse:
    """What a run started from and what it came to; posted to, its result is recorded."""
    run = get_object_or_404(Run.objects.visible_to(request.actor).select_related("account", "playbook"), pk=run_id)
    if request.method == "GET":
        return _run_page(request, run)
    given = ResultSetting(data=request.POST)
    posted = {name: request.POST.get(name, "") for name in ("code", "reason")}
    if not given.is_valid():
        wrong = {name: [str(text) for text in texts] for name, texts in given.errors.items()}
        return _run_page(request, run, posted=posted, wrong=wrong, status=422)
    try:
        measuring.set_result(run_id=run.pk, **given.fields_given, by=request.actor, at=now())
    except DomainError as refusal:
        wrong = {refusal.field or "form": [str(refusal)]}
        status = 409 if isinstance(refusal, Conflict) else 422
        return _run_page(request, run, posted=posted, wrong=wrong, status=status)
    messages.success(request, "The result is recorded.")
    return redirect("playbooks:run-effect", run.pk)


def _run_page(
    request: Request,
    run: Run,
    *,
    posted: dict[str, str] | None = None,
    wrong: dict[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    result = RunResult.objects.filter(run=run).first()
    said = {"code": result.code, "reason": result.reason} if result else {"code": "", "reason": ""}
    context = {
        "run": run,
        "lines": queries.measurements_of(run),
        "moments": Measurement.Moment.choices,
        "result": result,
        "codes": RunResult.Code.choices,
        "posted": posted or said,
        "wrong": wrong or {},
        "version": result.version if result else 0,
        "may_decide": run.finished_at is not None and allowed(request.actor, rules.START, run),
    }
    return render(request, "playbooks/run_effect.html", context, status=status)
