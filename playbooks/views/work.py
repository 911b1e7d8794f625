"""The work list, and what one does with its steps."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.timezone import localdate, now
from django.views.decorators.http import require_GET, require_POST

from accounts.queries import last_seq
from core.errors import Conflict, DomainError
from core.http import Request, keyset_page, toast
from core.rules import allowed
from playbooks import operations, queries, rules
from playbooks.models import Step
from playbooks.serializers import StepCompletion
from users.models import User

VIEWS = {"mine": "Mine", "overdue": "Overdue", "unowned": "Nobody's", "all": "All"}
PAGE = 50


@login_required
@require_GET
def work(request: Request) -> HttpResponse:
    """The work list; which part of it, or whose, is in the URL."""
    day, owner = localdate(), _owner(request)
    view = request.GET.get("view", "")
    view = view if view in VIEWS and owner is None else ("mine" if owner is None else "")
    page = keyset_page(
        _part(request, view, owner),
        ["due_on", "id"],
        size=PAGE,
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
    )
    context = {
        "page": page,
        "groups": queries.by_due(page.rows, today=day),
        "view": view,
        "owner": owner,
        "here": f"owner={owner.pk}" if owner else f"view={view}",
        "counts": queries.work_counts(by=request.actor, today=day),
        "today": day,
        "may_complete": allowed(request.actor, rules.COMPLETE_STEP),
        "live_since": last_seq(),
    }
    return render(request, "playbooks/work.html#list" if request.htmx else "playbooks/work.html", context)


def _owner(request: Request) -> User | None:
    """The person whose work was asked for with ?owner=; 404 for nobody."""
    given = request.GET.get("owner", "")
    if not given:
        return None
    try:
        return get_object_or_404(User.objects.visible_to(request.actor), pk=UUID(given))
    except ValueError as error:
        raise Http404 from error


def _part(request: Request, view: str, owner: User | None) -> QuerySet[Step]:
    steps = queries.open_steps(by=request.actor)
    if owner is not None:
        return steps.filter(owner=owner)
    if view in ("mine", "overdue"):
        steps = steps.filter(owner_id=request.actor.user_id)
    if view == "overdue":
        steps = steps.filter(due_on__lt=localdate())
    return steps.filter(owner=None) if view == "unowned" else steps


@login_required
@require_POST
def complete_step(request: Request, step_id: UUID) -> HttpResponse:
    """Complete or skip a step from the work list, the run's page or the account's page."""
    step = get_object_or_404(Step.objects.visible_to(request.actor), pk=step_id)
    given = StepCompletion(data=request.POST)
    if not given.is_valid():
        words = str(next(iter(given.errors.values()))[0]) if "note" in given.errors else "Load this page again."
        return _refused(request, step, words, status=422)
    fields: dict[str, Any] = dict(given.validated_data)
    version = fields.pop("version")
    try:
        step = operations.complete_step(step_id=step.pk, expected_version=version, **fields, by=request.actor, at=now())
    except DomainError as refusal:
        return _refused(request, step, str(refusal), status=409 if isinstance(refusal, Conflict) else 422)
    done = f"“{step.name}” is {'skipped' if step.state == Step.State.SKIPPED else 'done'}."
    return _moved(request, step, done, undo_url=reverse("playbooks:reopen-step", args=[step.pk]))


@login_required
@require_POST
def reopen_step(request: Request, step_id: UUID) -> HttpResponse:
    """Take a completed step back; the undo of the toast posts here."""
    step = get_object_or_404(Step.objects.visible_to(request.actor), pk=step_id)
    try:
        operations.reopen_step(step_id=step.pk, by=request.actor)
    except DomainError as refusal:
        return _refused(request, step, str(refusal), status=422)
    return _moved(request, step, f"“{step.name}” is open again.")


def _moved(request: Request, step: Step, words: str, *, undo_url: str = "") -> HttpResponse:
    if not request.htmx:
        messages.success(request, words)
        return redirect("playbooks:run", step.run_id)
    return toast(HttpResponse(status=204), words, undo_url=undo_url, **_changed(step))


def _refused(request: Request, step: Step, words: str, *, status: int) -> HttpResponse:
    """Said in a toast, and the lists look again: what was refused is usually out of date there."""
    if not request.htmx:
        messages.error(request, words)
        return redirect("playbooks:run", step.run_id)
    return toast(HttpResponse(status=status), words, kind="error", **_changed(step))


def _changed(step: Step) -> dict[str, Any]:
    return {"run-changed": {"accounts": [str(step.account_id)]}}
