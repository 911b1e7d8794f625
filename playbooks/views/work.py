"""What one does with the steps of playbooks; they stand on the work list."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.timezone import now
from django.views.decorators.http import require_POST

from core.errors import Conflict, DomainError
from core.http import Request, toast
from playbooks import operations
from playbooks.models import Step
from playbooks.serializers import StepCompletion, StepDecision


@login_required
@require_POST
def complete_step(request: Request, step_id: UUID) -> HttpResponse:
    """Complete or skip a step from the work list, the run's page or the account's page."""
    step = get_object_or_404(Step.objects.visible_to(request.actor), pk=step_id)
    given = StepCompletion(data=request.POST)
    if not given.is_valid():
        words = str(next(iter(given.errors.values()))[0]) if "note" in given.errors else "Load this page again."
        return _refused(request, step, words, status=422)
    said: dict[str, Any] = {**given.validated_data, "answers": request.POST}
    version = said.pop("version")
    try:
        step = operations.complete_step(step_id=step.pk, expected_version=version, **said, by=request.actor, at=now())
    except DomainError as refusal:
        return _refused(request, step, str(refusal), status=409 if isinstance(refusal, Conflict) else 422)
    done = f"“{step.name}” is {'skipped' if step.state == Step.State.SKIPPED else 'done'}."
    return _moved(request, step, done, undo_url=reverse("playbooks:reopen-step", args=[step.pk]))


@login_required
@require_POST
def decide_step(request: Request, step_id: UUID) -> HttpResponse:
    """Say yes or no to a step that asks."""
    step = get_object_or_404(Step.objects.visible_to(request.actor), pk=step_id)
    given = StepDecision(data=request.POST)
    if "agrees" not in request.POST or not given.is_valid():  # to a form, what was not sent is a no
        return _refused(request, step, "Say yes or no, with a note of at most 1,000 characters.", status=422)
    try:
        step = operations.decide_step(step_id=step.pk, **given.validated_data, by=request.actor, at=now())
    except DomainError as refusal:
        return _refused(request, step, str(refusal), status=422)
    return _moved(request, step, f"You said {'yes' if given.validated_data['agrees'] else 'no'} to “{step.name}”.")


@login_required
@require_POST
def reopen_step(request: Request, step_id: UUID) -> HttpResponse:
    """Take a completed step back; the undo of the toast posts here."""
    step = get_object_or_404(Step.objects.visible_to(request.actor), pk=step_id)
    try:
        operations.reopen_step(step_id=step.pk, by=request.actor, at=now())
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
