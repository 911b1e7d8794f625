"""The playbooks themselves and what starts them."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from core.errors import DomainError
from core.http import Request, permission_required, toast
from core.rules import allowed
from playbooks import operations, queries, rules
from playbooks.measured.effects import often_invalid
from playbooks.models import Trigger
from playbooks.serializers import TriggerSetting


@login_required
@require_GET
def playbooks(request: Request) -> HttpResponse:
    """Every playbook with its steps, its triggers and how often it runs."""
    context = {
        "playbooks": list(queries.playbooks_with_counts(by=request.actor)),
        "may_edit": allowed(request.actor, rules.EDIT),
        "invalid": often_invalid(by=request.actor),
    }
    return render(request, "playbooks/playbooks.html", context)


@login_required
@require_POST
@permission_required(rules.EDIT)
def set_trigger(request: Request, trigger_id: UUID) -> HttpResponse:
    """Threshold and on or off of one trigger; the form comes back with its error."""
    trigger = get_object_or_404(Trigger.objects.select_related("kpi", "playbook"), pk=trigger_id)
    given = TriggerSetting(data=request.POST)
    if not given.is_valid():
        return _form(request, trigger, "Write a number, for example 50.")
    try:
        trigger = operations.set_trigger(trigger_id=trigger.pk, **given.validated_data, by=request.actor)
    except DomainError as refusal:
        return _form(request, trigger, str(refusal))
    words = f"Saved: {trigger}, {'on' if trigger.active else 'off'}."
    if request.htmx:
        context = {"trigger": trigger, "may_edit": True}
        return toast(render(request, "playbooks/trigger.html", context), words)
    messages.success(request, words)
    return redirect("playbooks:playbooks")


def _form(request: Request, trigger: Trigger, error: str) -> HttpResponse:
    """The form as it was sent, with what is wrong about it; the whole page without script."""
    posted = {"threshold": request.POST.get("threshold", ""), "active": "active" in request.POST}
    context = {"trigger": trigger, "may_edit": True, "error": error, "posted": posted}
    if request.htmx:
        return render(request, "playbooks/trigger.html", context, status=422)
    page = {
        "playbooks": list(queries.playbooks_with_counts(by=request.actor)),
        "may_edit": True,
        "wrong": {trigger.pk: context},
    }
    return render(request, "playbooks/playbooks.html", page, status=422)
