"""The inbox: what one was told, read and unread, put away for a time."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.timezone import localdate, now
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.models import Notice
from accounts.operations import notices as operations
from accounts.queries.tasks import grouped, notices_in, notices_of
from accounts.serializers.work import TaskSnooze
from accounts.views.activities import posted, said
from core.errors import DomainError
from core.http import Request, keyset_page, toast

PAGE = 30
SHOWN = {"": "Unread", "snoozed": "Put away", "all": "All"}
MOVED: dict[str, Any] = {"notice-changed": {}, "task-changed": {}}


@login_required
@require_GET
def notices(request: Request) -> HttpResponse:
    """What I was told, newest first, repeats as one line; which part of it is in the address."""
    show, day = request.GET.get("show", ""), localdate()
    show = show if show in SHOWN else ""
    cursors = {name: request.GET.get(name, "") for name in ("after", "before")}
    page = keyset_page(notices_in(show, by=request.actor, on=day), ["-created_at", "id"], size=PAGE, **cursors)
    counts = {name: notices_in(name, by=request.actor, on=day).count() for name in ("", "snoozed")}
    context = {
        "page": page,
        "groups": grouped(page.rows),
        "show": show,
        "parts": [(name, label, counts.get(name)) for name, label in SHOWN.items()],
        "unread": counts[""],
        "today": day,
    }
    return render(request, "accounts/notices.html#list" if request.htmx else "accounts/notices.html", context)


@login_required
@require_POST
def read_notices(request: Request) -> HttpResponse:
    """Mark all that wait as read."""
    count = operations.read_notices(by=request.actor, at=now())
    messages.success(request, f"{count} marked as read." if count else "Nothing was unread.")
    return redirect("accounts:notices")


@login_required
@require_POST
def open_notice(request: Request, notice_id: UUID) -> HttpResponse:
    """Mark one and its repeats as read (`go`: and open what it speaks of; `unread`: the other way round)."""
    found = get_object_or_404(notices_of(by=request.actor), pk=notice_id)
    unread, go = request.POST.get("unread") == "1", request.POST.get("go") == "1"
    operations.read_notices(by=request.actor, at=now(), notice_id=found.pk, unread=unread, alike=not unread)
    if go:
        return redirect(found.url)
    if request.htmx:
        words = "Unread again." if unread else "Read."
        return toast(HttpResponse(), words, undo_url="" if unread else f"{request.path}unread/", **MOVED)
    return redirect("accounts:notices")


@login_required
@require_POST
def unread_notice(request: Request, notice_id: UUID) -> HttpResponse:
    """Mark one as unread again; the undo of the toast posts here."""
    found = get_object_or_404(notices_of(by=request.actor), pk=notice_id)
    operations.read_notices(by=request.actor, at=now(), notice_id=found.pk, unread=True)
    return toast(HttpResponse(), "Unread again.", **MOVED) if request.htmx else redirect("accounts:notices")


@login_required
@require_http_methods(["GET", "POST"])
def snooze_notice(request: Request, notice_id: UUID) -> HttpResponse:
    """Put one away until a day, in a dialog or on a page; `wake` brings it back."""
    found: Notice = get_object_or_404(notices_of(by=request.actor), pk=notice_id)
    if request.method == "GET":
        return _form(request, found, {}, {})
    wake = request.POST.get("wake") == "1"
    data = {"until": None, **posted(request, ("until", "reason"))}
    given = TaskSnooze(data=data)
    errors = {} if given.is_valid() else said(given)
    if data["until"] is None and not wake:
        errors["until"] = ["Choose a day to come."]
    if not errors:
        try:
            asked = {**given.validated_data, **({"until": None} if wake else {})}
            operations.snooze_notice(notice_id=found.pk, **asked, by=request.actor, at=now())
        except DomainError as refusal:
            errors = {refusal.field or "": [str(refusal)]}
    if errors:
        return _form(request, found, data, errors, status=422)
    words = "It is in the inbox again." if wake else "It comes back on its day."
    if request.htmx:
        return toast(HttpResponse(), words, closeDialog="1", **MOVED)
    messages.success(request, words)
    return redirect("accounts:notices")


def _form(
    request: Request, found: Notice, values: dict[str, Any], errors: dict[str, list[str]], *, status: int = 200
) -> HttpResponse:
    address = reverse("accounts:snooze-notice", args=[found.pk])
    item = {"title": found.text, "snoozed_until": found.snoozed_until, "snooze_reason": found.snooze_reason}
    context = {"item": item, "values": values, "errors": errors, "refused": errors.get("", []), "address": address}
    part = "#form" if status == 422 else "#dialog"
    return render(request, f"accounts/work_snooze.html{part if request.htmx else ''}", context, status=status)
