from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.timezone import localdate, now
from django.views.decorators.http import require_GET, require_POST

from accounts.models import Account
from accounts.queries import last_seq
from core.errors import DomainError
from core.http import Request, keyset_page, toast
from core.rules import allowed
from kpis.models import AccountHealth
from playbooks import operations, queries, rules
from playbooks.models import Playbook, Run, Step, Trigger
from playbooks.serializers import RunStop, StepCompletion, TriggerSetting

WORK_VIEWS = ("mine", "all", "unowned", "overdue")


@login_required
@require_GET
def today(request: Request) -> HttpResponse:
    """The first page: the first steps until they are done, my work, and the accounts that need attention."""
    checklist = queries.checklist()
    steps = queries.open_steps(by=request.actor).filter(owner_id=request.actor.user_id).order_by("due_on", "id")
    needing = (
        AccountHealth.objects.visible_to(request.actor)
        .filter(account__archived_at=None, band__in=["red", "yellow"])
        .select_related("account")
        .order_by("attention", "account_id")
    )
    context = {
        "checklist": checklist,
        "checklist_open": not all(item.done for item in checklist),
        "checklist_done": sum(item.done for item in checklist),
        "steps": list(steps[:8]),
        "counts": queries.work_counts(by=request.actor, today=localdate()),
        "needing": list(needing[:8]),
        "has_sample": Account.objects.filter(sample=True).exists(),
        "today": localdate(),
        "may_complete": allowed(request.actor, rules.COMPLETE_STEP),
        "may_sample": allowed(request.actor, "kpis.sample_data"),
        "live_since": last_seq(),
    }
    return render(request, _template(request, "playbooks/today.html"), context)


@login_required
@require_GET
def work(request: Request) -> HttpResponse:
    """The work list; which part of it is in the URL."""
    view = request.GET.get("view", "mine")
    view = view if view in WORK_VIEWS else "mine"
    steps = queries.open_steps(by=request.actor)
    if view in ("mine", "overdue"):
        steps = steps.filter(owner_id=request.actor.user_id)
    if view == "overdue":
        steps = steps.filter(due_on__lt=localdate())
    if view == "unowned":
        steps = steps.filter(owner=None)
    page = keyset_page(
        steps, ["due_on", "id"], size=50, after=request.GET.get("after", ""), before=request.GET.get("before", "")
    )
    context = {
        "page": page,
        "view": view,
        "counts": queries.work_counts(by=request.actor, today=localdate()),
        "today": localdate(),
        "may_complete": allowed(request.actor, rules.COMPLETE_STEP),
        "live_since": last_seq(),
    }
    return render(request, _template(request, "playbooks/work.html"), context)


def _template(request: Request, page: str) -> str:
    """The page, or its list alone for a region that refreshes itself."""
    return f"{page}#list" if request.htmx and request.htmx.target == "list" else page


@login_required
@require_POST
def complete_step(request: Request, step_id: UUID) -> HttpResponse:
    """Complete or skip a step from the work list, the run's page or the account's page."""
    step = get_object_or_404(Step.objects.visible_to(request.actor), pk=step_id)
    given = StepCompletion(data=request.POST)
    refusal = ""
    if given.is_valid():
        fields: dict[str, Any] = dict(given.validated_data)
        version = fields.pop("version")
        try:
            step = operations.complete_step(
                step_id=step.pk, expected_version=version, **fields, by=request.actor, at=now()
            )
        except DomainError as error:
            refusal = str(error)
    else:
        refusal = "This form is out of date. Load the page again."
    if not request.htmx:
        return redirect("playbooks:run", step.run_id)
    if refusal:
        return toast(HttpResponse(status=204), refusal, kind="error")
    answer = toast(
        HttpResponse(status=204),
        f"“{step.name}” is {'skipped' if step.state == Step.State.SKIPPED else 'done'}.",
        undo_url=reverse("playbooks:reopen-step", args=[step.pk]),
        **{"run-changed": {"accounts": [str(step.account_id)]}},
    )
    return answer


@login_required
@require_POST
def reopen_step(request: Request, step_id: UUID) -> HttpResponse:
    step = get_object_or_404(Step.objects.visible_to(request.actor), pk=step_id)
    try:
        operations.reopen_step(step_id=step.pk, by=request.actor)
    except DomainError as refusal:
        return toast(HttpResponse(status=204), str(refusal), kind="error")
    if not request.htmx:
        return redirect("playbooks:run", step.run_id)
    changed: dict[str, Any] = {"run-changed": {"accounts": [str(step.account_id)]}}
    return toast(HttpResponse(status=204), f"“{step.name}” is open again.", **changed)


@login_required
@require_GET
def run(request: Request, run_id: UUID) -> HttpResponse:
    """One run: why it started, its steps by stage, what is done and who did it."""
    found = get_object_or_404(
        Run.objects.visible_to(request.actor)
        .select_related("account", "playbook", "trigger")
        .prefetch_related("steps__owner"),
        pk=run_id,
    )
    return _run_page(request, found)


def _run_page(request: Request, found: Run, *, error: str = "", status: int = 200) -> HttpResponse:
    steps = sorted(found.steps.all(), key=lambda step: step.position)
    context = {
        "run": found,
        "steps": steps,
        "done": sum(step.completed_at is not None for step in steps),
        "today": localdate(),
        "may_complete": allowed(request.actor, rules.COMPLETE_STEP),
        "may_stop": allowed(request.actor, rules.START),
        "stop_error": error,
        "live_since": last_seq(),
    }
    return render(request, _template(request, "playbooks/run.html"), context, status=status)


@login_required
@require_POST
def stop_run(request: Request, run_id: UUID) -> HttpResponse:
    found = get_object_or_404(Run.objects.visible_to(request.actor).select_related("account", "playbook"), pk=run_id)
    given = RunStop(data=request.POST)
    if not given.is_valid():
        return _run_page(request, found, error=str(given.errors["outcome"][0]), status=422)
    try:
        operations.stop_run(run_id=found.pk, **given.validated_data, by=request.actor, at=now())
    except DomainError as refusal:
        return _run_page(request, found, error=str(refusal), status=422)
    return redirect("playbooks:run", found.pk)


@login_required
@require_GET
def playbooks(request: Request) -> HttpResponse:
    """Every playbook with its steps, its triggers and how often it runs."""
    return _playbooks_page(request)


def _playbooks_page(
    request: Request, *, errors: dict[UUID, str] | None = None, posted: QueryDict | None = None, status: int = 200
) -> HttpResponse:
    context = {
        "playbooks": list(queries.playbooks_with_counts()),
        "may_edit": allowed(request.actor, rules.EDIT),
        "errors": errors or {},
        "posted": posted,
    }
    return render(request, "playbooks/playbooks.html", context, status=status)


@login_required
@require_POST
def set_trigger(request: Request, trigger_id: UUID) -> HttpResponse:
    trigger = get_object_or_404(Trigger, pk=trigger_id)
    given = TriggerSetting(data=request.POST)
    if not given.is_valid():
        message = "Write a number, for example 50."
        return _playbooks_page(request, errors={trigger.pk: message}, posted=request.POST, status=422)
    try:
        operations.set_trigger(trigger_id=trigger.pk, **given.validated_data, by=request.actor)
    except DomainError as refusal:
        return _playbooks_page(request, errors={trigger.pk: str(refusal)}, posted=request.POST, status=422)
    return redirect("playbooks:playbooks")


@login_required
@require_POST
def start_run(request: Request, account_id: UUID) -> HttpResponse:
    """Start a playbook by hand from the account's page."""
    account = get_object_or_404(Account.objects.visible_to(request.actor).active(), pk=account_id)
    playbook = get_object_or_404(Playbook, pk=request.POST.get("playbook_id") or None)
    try:
        made = operations.start_run(account_id=account.pk, playbook_id=playbook.pk, by=request.actor, at=now())
    except DomainError as refusal:
        if request.htmx:
            return toast(HttpResponse(status=204), str(refusal), kind="error")
        return _panel(request, account, error=str(refusal), status=422)
    if not request.htmx:
        return redirect("playbooks:run", made.pk)
    changed: dict[str, Any] = {"run-changed": {"accounts": [str(account.pk)]}}
    return toast(HttpResponse(status=204), f"“{playbook.name}” has started.", **changed)


@login_required
@require_GET
def panel(request: Request, account_id: UUID) -> HttpResponse:
    """Playbooks and open work on the account's page."""
    account = get_object_or_404(Account.objects.visible_to(request.actor), pk=account_id)
    if not request.htmx:
        return redirect("accounts:account", account.pk)
    return _panel(request, account)


def _panel(request: Request, account: Account, *, error: str = "", status: int = 200) -> HttpResponse:
    runs = list(queries.runs_of(account.pk)[:10])
    open_runs = [found for found in runs if found.state == Run.State.OPEN]
    busy = {found.playbook_id for found in open_runs}
    context = {
        "account": account,
        "open_runs": [(found, _progress(found)) for found in open_runs],
        "ended_runs": [found for found in runs if found.state != Run.State.OPEN][:3],
        "startable": [
            known for known in Playbook.objects.filter(active=True).order_by("position") if known.pk not in busy
        ],
        "may_start": allowed(request.actor, rules.START, account),
        "may_complete": allowed(request.actor, rules.COMPLETE_STEP),
        "today": localdate(),
        "error": error,
    }
    return render(request, "playbooks/panel.html", context, status=status)


def _progress(found: Run) -> dict[str, Any]:
    """Steps of a run as counts, and those that can be done now. Uses the prefetched steps."""
    steps = sorted(found.steps.all(), key=lambda step: step.position)
    return {
        "done": sum(step.completed_at is not None for step in steps),
        "total": len(steps),
        "open": [step for step in steps if step.state == Step.State.OPEN],
    }
