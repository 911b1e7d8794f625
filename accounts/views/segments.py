"""Segments: the list, one with its members and its comings and goings, and the form with what it would hold."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.timezone import localdate, now
from django.views.decorators.http import require_GET, require_http_methods

from accounts import rules
from accounts.conditions import ConditionError, read, words
from accounts.models import Segment
from accounts.operations.segments import write_segment
from accounts.queries import segments as queries
from accounts.views.conflicts import edited_on, with_theirs
from core.errors import Conflict, DomainError
from core.http import Request, keyset_page, permission_required
from core.rules import allowed

PAGE = 25
STATES = {"in": "In it now", "left": "Left", "all": "Comings and goings"}


@login_required
@require_GET
def segment_list(request: Request) -> HttpResponse:
    context = {
        "rows": queries.segment_rows(by=request.actor, today=localdate()),
        "may_edit": allowed(request.actor, rules.EDIT_SEGMENTS),
    }
    return render(request, "accounts/segments.html", context)


@login_required
@require_GET
def segment(request: Request, segment_id: UUID) -> HttpResponse:
    """Who is in it, who left, and when; newest first."""
    found = get_object_or_404(Segment, pk=segment_id)
    state = request.GET.get("state", "in")
    state = state if state in STATES else "in"
    stays = queries.stays(found, by=request.actor, state="" if state == "all" else state)
    order = ["-left_at", "id"] if state == "left" else ["-entered_at", "id"]
    page = keyset_page(
        stays, order, size=PAGE, after=request.GET.get("after", ""), before=request.GET.get("before", "")
    )
    context = {
        "segment": found,
        "stays": page.rows,
        "count": stays.count(),
        "state": state,
        "tabs": [(f"?state={name}", label, name == state) for name, label in STATES.items()],
        "newer": f"?{urlencode({'state': state, 'before': page.before})}" if page.before else "",
        "older": f"?{urlencode({'state': state, 'after': page.after})}" if page.after else "",
        "list_url": f"{reverse('kpis:portfolio')}?{urlencode({'where': found.where})}",
        "today": localdate(),
        "may_edit": allowed(request.actor, rules.EDIT_SEGMENTS),
        **_said(found.where, request),
    }
    return render(request, "accounts/segment.html", context)


def _said(where: str, request: Request) -> dict[str, str]:
    try:
        return {"says": words(read(where, by=request.actor))}
    except ConditionError as wrong:
        return {"wrong": str(wrong)}


@login_required
@require_http_methods(["GET", "POST"])
@permission_required(rules.EDIT_SEGMENTS)
def segment_new(request: Request) -> HttpResponse:
    """Make a segment, also from the condition of a list (`?where=`)."""
    if request.method == "POST":
        return _save(request, None)
    return _form(request, None, {"where": request.GET.get("where", ""), "active": "on"}, {})


@login_required
@require_http_methods(["GET", "POST"])
@permission_required(rules.EDIT_SEGMENTS)
def segment_edit(request: Request, segment_id: UUID) -> HttpResponse:
    found = get_object_or_404(Segment, pk=segment_id)
    if request.method == "POST":
        return _save(request, found)
    typed = {name: getattr(found, name) for name in ("name", "description", "where", "version")}
    return _form(request, found, {**typed, "active": "on" if found.active else ""}, {})


def _save(request: Request, found: Segment | None) -> HttpResponse:
    version = request.POST.get("version", "")
    typed = with_theirs(request, request.POST.dict(), _stored(found) if found else {})
    if request.POST.get("do") == "look":
        return _form(request, found, request.POST.dict(), {})
    try:
        made = write_segment(
            segment_id=found.pk if found else None,
            name=typed.get("name", ""),
            description=typed.get("description", ""),
            where=typed.get("where", ""),
            active=found is None or request.POST.get("active") == "on",
            expected_version=int(version) if version.isdecimal() and len(version) < 9 else None,
            by=request.actor,
            at=now(),
        )
    except Conflict:
        if found is not None:
            found.refresh_from_db()
        return _form(request, found, typed, {}, 409, conflict=True)
    except DomainError as refusal:
        return _form(request, found, typed, {refusal.field or "": str(refusal)}, 422)
    messages.success(request, f"“{made.name}” is saved. Every account is being held against it.")
    return redirect("accounts:segment", made.pk)


def _stored(found: Segment) -> dict[str, str]:
    return {name: getattr(found, name) for name in ("name", "description", "where")}


def _form(
    request: Request, found: Segment | None, typed: dict[str, Any], errors: dict[str, str], status: int = 200, *,
    conflict: bool = False,
) -> HttpResponse:  # fmt: skip
    context = {
        "edited": edited_on(request, _stored(found), found.version, conflict=conflict) if found else None,
        "segment": found,
        "typed": typed,
        "errors": errors,
        "wrong": errors.get(""),
        "preview": queries.preview(typed.get("where", ""), by=request.actor, today=localdate()),
    }
    return render(request, "accounts/segment_form.html", context, status=status)


@login_required
@require_GET
def segment_preview(request: Request) -> HttpResponse:
    """While somebody writes the condition: how it reads and whom it holds."""
    preview = queries.preview(request.GET.get("where", ""), by=request.actor, today=localdate())
    return render(request, "accounts/segment_form.html#preview", {"preview": preview})
