"""Threads of comments."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.timezone import now
from django.views.decorators.http import require_http_methods, require_POST

from accounts import rules
from accounts.models import Account, Comment, Task
from accounts.operations import comments as operations
from accounts.queries.comments import comments_seen, thread
from accounts.queries.tasks import people_who_see
from accounts.serving import panel_answer
from core.errors import DomainError
from core.http import Request, toast
from core.rules import allowed, require

SHOWN = 50


@login_required
@require_http_methods(["GET", "POST"])
def account_comments(request: Request, account_id: UUID) -> HttpResponse:
    """The thread of an account: a panel; posted to, it writes a comment."""
    account = get_object_or_404(Account.objects.visible_to(request.actor), pk=account_id)
    if request.method == "GET":
        return _panel(request, account)
    require(request.actor, rules.COMMENT)
    body = request.POST.get("body", "")
    try:
        made = operations.write_comment(
            subject_kind="account", subject_id=account.pk, body=body, by=request.actor, at=now()
        )
    except DomainError as refusal:
        return _panel(request, account, body=body, problem=str(refusal), status=422)
    return _answer(request, account, _written(made))


@login_required
@require_POST
def task_comments(request: Request, task_id: UUID) -> HttpResponse:
    """Write a comment at a task."""
    task = get_object_or_404(Task.objects.visible_to(request.actor), pk=task_id)
    require(request.actor, rules.COMMENT)
    try:
        made = operations.write_comment(
            subject_kind="task", subject_id=task.pk, body=request.POST.get("body", ""), by=request.actor, at=now()
        )
    except DomainError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _written(made))
    return redirect("accounts:task", task.pk)


@login_required
@require_POST
def remove_comment(request: Request, comment_id: UUID) -> HttpResponse:
    """Take one's own comment away; `?restore=1` brings it back."""
    restore = request.GET.get("restore") == "1"
    seen = Comment.objects.filter(pk=comment_id) if restore else comments_seen(by=request.actor).filter(pk=comment_id)
    get_object_or_404(seen)
    found = operations.remove_comment(comment_id=comment_id, by=request.actor, at=now(), restore=restore)
    text = "The comment is back." if restore else "The comment is removed."
    undo = "" if restore else f"{reverse('accounts:remove-comment', args=[found.pk])}?restore=1"
    if request.htmx:
        events: dict[str, Any] = {"comment-changed": {}}
        return toast(HttpResponse(), text, undo_url=undo, **events)
    messages.success(request, text)
    kind = "account" if found.subject_kind == "account" else "task"
    return redirect(f"accounts:{kind}", found.subject_id)


def _written(made: Comment) -> str:
    told = len([one for one in made.mentions if one != made.by_id])
    return f"The comment is written; {told} {'person is' if told == 1 else 'people are'} told." if told else "Written."


def _answer(request: Request, account: Account, text: str) -> HttpResponse:
    if not request.htmx:
        messages.success(request, text)
        return redirect("accounts:account", account.pk)
    return toast(_panel(request, account), text)


def _panel(request: Request, account: Account, *, body: str = "", problem: str = "", status: int = 200) -> HttpResponse:
    newest = list(thread("account", account.pk).order_by("-created_at", "-id")[: SHOWN + 1])
    context = {
        "comments": newest[:SHOWN][::-1],
        "older": len(newest) > SHOWN,
        "names": [str(one) for one in people_who_see(account)[:8]],
        "subject_kind": "account",
        "subject_id": account.pk,
        "me": request.actor.user_id,
        "may_comment": allowed(request.actor, rules.COMMENT),
        "body": body,
        "problem": problem,
    }
    return panel_answer(request, account, "accounts/comments_panel.html", context, status=status)
