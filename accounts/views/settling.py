"""The question after something was closed: what becomes of its open tasks?"""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.timezone import localdate, now
from django.views.decorators.http import require_http_methods

from accounts import queries, rules
from accounts.operations.settling import WAYS, settle_tasks
from accounts.queries.leftover import Parent, open_tasks_of, parent_of
from core.errors import DomainError
from core.http import Request
from core.rules import allowed

MOST = 200


def closed(request: Request, kind: str, parent_id: UUID, answer: HttpResponseRedirect) -> HttpResponseRedirect:
    """Where to go after something was closed: to its open tasks if it has some, else as `answer` says."""
    parent = parent_of(kind, parent_id, by=request.actor)
    if parent is None or not parent.closed or not allowed(request.actor, rules.KEEP_TASKS, parent.account):
        return answer
    if not open_tasks_of(parent, by=request.actor).exists():
        return answer
    return redirect("accounts:left-tasks", kind, parent_id)


@login_required
@require_http_methods(["GET", "POST"])
def left_tasks(request: Request, kind: str, parent_id: UUID) -> HttpResponse:
    """The open tasks of something, each with what to do with it."""
    parent = parent_of(kind, parent_id, by=request.actor)
    if parent is None:
        raise Http404
    if request.method == "GET":
        return _page(request, parent, {}, {})
    tasks = list(open_tasks_of(parent, by=request.actor)[:MOST])
    choices = {task.pk: request.POST.get(f"task_{task.pk}", "keep") for task in tasks}
    name = " ".join(request.POST.get("to", "").replace("\0", "").split())
    goal = queries.named(name, by=request.actor) if name else None
    try:
        counts = settle_tasks(
            kind=kind, parent_id=parent_id, choices=choices, account_id=goal.pk if goal else None, by=request.actor,
            at=now(),
        )  # fmt: skip
    except DomainError as refusal:
        errors = {refusal.field or "": [str(refusal)]}
        return _page(
            request, parent, {**{str(key): how for key, how in choices.items()}, "to": name}, errors, status=422
        )
    words = {"keep": "kept open", "done": "done", "drop": "dropped", "move": "moved"}
    messages.success(request, f"Tasks: {', '.join(f'{n} {words[how]}' for how, n in counts.items() if n) or 'none'}.")
    return redirect(parent.url)


def _page(
    request: Request, parent: Parent, values: dict[str, Any], errors: dict[str, list[str]], *, status: int = 200
) -> HttpResponse:
    tasks = list(open_tasks_of(parent, by=request.actor)[:MOST])
    context = {
        "parent": parent,
        "rows": [(task, values.get(str(task.pk), "keep")) for task in tasks],
        "ways": list(WAYS.items()),
        "values": values,
        "errors": errors,
        "refused": errors.get("", []) + errors.get("choices", []),
        "today": localdate(),
        "may_keep": allowed(request.actor, rules.KEEP_TASKS, parent.account),
        "address": reverse("accounts:left-tasks", args=[parent.kind, parent.id]),
    }
    return render(request, "accounts/left_tasks.html", context, status=status)
