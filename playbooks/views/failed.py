"""Steps that the engine gave up: what went wrong, put right, taken up again or left out."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import now
from django.views.decorators.http import require_GET, require_POST

from core.errors import Conflict, DomainError
from core.http import Request, keyset_page, permission_required
from core.rules import allowed
from playbooks import operations, queries, rules
from playbooks.models import Step

PAGE = 25


@login_required
@require_GET
def failed(request: Request) -> HttpResponse:
    """The steps that were given up on accounts one sees, each with its error."""
    return _page(request)


def _page(request: Request, *, wrong: dict[str, Any] | None = None, status: int = 200) -> HttpResponse:
    page = keyset_page(
        queries.failed_steps(by=request.actor),
        ["id"],
        size=PAGE,
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
    )
    context = {
        "page": page,
        "rows": [(step, _fields(step, wrong)) for step in page.rows],
        "may_edit": allowed(request.actor, rules.EDIT),
        "wrong": wrong or {},
    }
    return render(request, "playbooks/failed.html", context, status=status)


def _fields(step: Step, wrong: dict[str, Any] | None) -> list[dict[str, str]]:
    """The settings of a step that are plain words, as they are or as they were sent with an error."""
    sent = wrong["given"] if wrong and wrong["id"] == step.pk else {}
    error = wrong if sent or (wrong and wrong["id"] == step.pk) else None
    return [
        {
            "name": name,
            "label": {"url": "Address"}.get(name, name.replace("_", " ").capitalize()),
            "value": sent.get(name, value),
            "error": error["message"] if error and error["field"] == name else "",
        }
        for name, value in queries.words_of(step).items()
    ]


@login_required
@require_POST
@permission_required(rules.EDIT)
def resume_step(request: Request, step_id: UUID) -> HttpResponse:
    """Take a step up again with what was put right, or leave it out."""
    found = Step.objects.visible_to(request.actor).select_related("run__version", "account")
    step = get_object_or_404(found, pk=step_id)
    given = {name: request.POST[name].strip() for name in queries.words_of(step) if name in request.POST}
    version, skip = request.POST.get("version", ""), "skip" in request.POST
    try:
        if not version.isdecimal():
            raise DomainError("Load this page again.")
        operations.resume_step(
            step_id=step.pk,
            expected_version=int(version),
            settings={} if skip else given,
            skip=skip,
            by=request.actor,
            at=now(),
        )
    except DomainError as refusal:
        wrong = {"id": step.pk, "given": given, "field": refusal.field, "message": str(refusal)}
        return _page(request, wrong=wrong, status=409 if isinstance(refusal, Conflict) else 422)
    messages.success(request, f"“{step.name}” is {'left out' if skip else 'tried again'}.")
    return redirect("playbooks:failed")
