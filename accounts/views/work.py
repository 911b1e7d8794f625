"""The work list: what needs somebody, and what one puts away."""

from dataclasses import replace
from datetime import date
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.timezone import localdate, now
from django.views.decorators.http import require_GET, require_http_methods

from accounts import rules
from accounts.models import Account
from accounts.operations.snoozing import snooze_work
from accounts.queries import last_seq
from accounts.queries.plans import plans_of
from accounts.queries.work import (
    PRIORITIES,
    RANKS,
    REASONS,
    VIEWS,
    Asked,
    Item,
    by_reason,
    led_by,
    one_item,
    source_of,
    sources,
    work_counts,
    work_page,
)
from accounts.serializers.work import WorkSnooze
from accounts.serving import panel_answer
from accounts.views.activities import posted, said
from core.errors import DomainError
from core.http import Request, toast
from core.rules import allowed
from users.models import User

PAGE, NEXT = 50, 3
MOVED: dict[str, Any] = {"task-changed": {}}
DONE: dict[str, Any] = {**MOVED, "closeDialog": {}}


@login_required
@require_GET
def work(request: Request) -> HttpResponse:
    """The work list; whose, and which part of it, is in the address."""
    day, team = localdate(), led_by(request.actor)
    asked, owner, account = asked_for(request)
    cursors = {name: request.GET.get(name, "") for name in ("after", "before")}
    page = work_page(asked, by=request.actor, on=day, team=team, size=PAGE, **cursors)
    counts = work_counts(asked, by=request.actor, on=day, team=team)
    context = {
        "page": page,
        "groups": by_reason(page.rows),
        "asked": asked,
        "owner": owner,
        "account": account,
        "kind_label": source.label if (source := source_of(asked.kind)) else "",
        "reason_label": REASONS[RANKS[asked.reason]][1] if asked.reason else "",
        "priority_label": PRIORITIES.get(asked.priority or 0, ""),
        "here": {name: _address(asked, **{name: None}) for name in ("kind", "reason", "priority", "owner", "account")},
        "whole": _address(asked),
        "views": _views(request, asked, bool(team), counts.views),
        "kinds": [(_address(asked, kind=one.kind), one, counts.kinds[one.kind]) for one in sources()
                  if one.kind in counts.kinds],
        "reasons": [(_address(asked, reason=code), code, label, counts.reasons[code])
                    for code, label in REASONS.values() if code in counts.reasons],
        "priorities": [(_address(asked, priority=number), number, label) for number, label in PRIORITIES.items()],
        "counts": counts,
        "today": day,
        "may": {one.kind for one in sources() if not one.permission or allowed(request.actor, one.permission)},
        "may_keep": allowed(request.actor, rules.KEEP_TASKS),
        "live_since": last_seq(),
    }  # fmt: skip
    return render(request, "accounts/work.html#list" if request.htmx else "accounts/work.html", context)


@login_required
@require_GET
def next_panel(request: Request, account_id: UUID) -> HttpResponse:
    """What this account needs next, whoever does it: the top of the work list for it alone."""
    account = get_object_or_404(Account.objects.visible_to(request.actor), pk=account_id)
    asked, day = Asked(view="all", account=account.pk), localdate()
    page = work_page(asked, by=request.actor, on=day, team=[], size=NEXT)
    context = {
        "items": page.rows,
        "more": page.after is not None,
        "today": day,
        "may": {one.kind for one in sources() if not one.permission or allowed(request.actor, one.permission)},
        "may_keep": allowed(request.actor, rules.KEEP_TASKS, account),
    }
    return panel_answer(request, account, "accounts/next_panel.html", context)


@login_required
@require_GET
def plan_panel(request: Request, account_id: UUID) -> HttpResponse:
    """How far the lists of tasks begun at this account have come."""
    account = get_object_or_404(Account.objects.visible_to(request.actor), pk=account_id)
    plans = plans_of(account, by=request.actor, on=localdate())
    may = allowed(request.actor, rules.KEEP_TASKS, account) and account.archived_at is None
    return panel_answer(request, account, "accounts/plan_panel.html", {"plans": plans, "may_keep": may})


@login_required
@require_http_methods(["GET", "POST"])
def snooze(request: Request, kind: str, item_id: UUID) -> HttpResponse:
    """Put one thing away until a day, in a dialog or on a page; `wake` brings it back."""
    found = one_item(kind, item_id, by=request.actor, on=localdate())
    if found is None:
        raise Http404
    if request.method == "GET":
        return _snooze_form(request, found, {"seen": _iso(found.snoozed_until)}, {})
    wake = request.POST.get("wake") == "1"
    data = {"until": None, "seen": "", **posted(request, ("until", "reason", "seen"))}
    given = WorkSnooze(data={**data, "kind": kind, "id": item_id, "seen": data["seen"] or None})
    errors = {} if given.is_valid() else said(given)
    if data["until"] is None and not wake:
        errors["until"] = ["Choose a day to come."]
    if errors:
        return _snooze_form(request, found, data, errors, status=422)
    asked = given.validated_data
    try:
        snooze_work(
            kind=kind, item_id=item_id, until=None if wake else asked["until"], reason=asked.get("reason", ""),
            seen=asked["seen"], by=request.actor, at=now(),
        )  # fmt: skip
    except DomainError as refusal:
        found = one_item(kind, item_id, by=request.actor, on=localdate()) or found
        data["seen"] = _iso(found.snoozed_until)
        return _snooze_form(request, found, data, {refusal.field or "": [str(refusal)]}, status=422)
    until: date | None = None if wake else asked["until"]
    words = f"It comes back on {until:%-d %B}." if until else "It is on the list again."
    if not request.htmx:
        messages.success(request, words)
        return redirect("accounts:work")
    undo = "" if wake else reverse("accounts:wake-work", args=[kind, item_id])
    return toast(HttpResponse(), words, undo_url=undo, **DONE)


@login_required
@require_http_methods(["POST"])
def wake(request: Request, kind: str, item_id: UUID) -> HttpResponse:
    """Bring back what was put away; the undo of the toast posts here."""
    if one_item(kind, item_id, by=request.actor, on=localdate()) is None:
        raise Http404
    try:
        snooze_work(kind=kind, item_id=item_id, until=None, by=request.actor, at=now())
    except DomainError as refusal:
        if not request.htmx:
            messages.error(request, str(refusal))
            return redirect("accounts:work")
        return toast(HttpResponse(status=422), str(refusal), kind="error", **MOVED)
    if not request.htmx:
        messages.success(request, "It is on the list again.")
        return redirect("accounts:work")
    return toast(HttpResponse(), "It is on the list again.", **MOVED)


def asked_for(request: Request) -> tuple[Asked, User | None, Account | None]:
    """What the address asks for; 404 for a person or an account that is not there."""
    given = request.GET
    view, reason, priority = given.get("view", ""), given.get("reason", ""), given.get("priority", "")
    if view == "overdue":  # a short way to one's own that is late
        view, reason = "mine", "overdue"
    owner = _row(User.objects.visible_to(request.actor), given.get("owner", ""))
    account = _row(Account.objects.visible_to(request.actor), given.get("account", ""))
    asked = Asked(
        view=view if view in VIEWS else "all" if owner or account else "mine",
        kind=given["kind"] if source_of(given.get("kind", "")) else "",
        reason=reason if reason in RANKS else "",
        priority=int(priority) if priority in {str(one) for one in PRIORITIES} else None,
        owner=owner.pk if owner else None,
        account=account.pk if account else None,
    )
    return asked, owner, account


def _row(rows: Any, given: str) -> Any:
    if not given:
        return None
    try:
        return get_object_or_404(rows, pk=UUID(given))
    except ValueError as error:
        raise Http404 from error


def _views(request: Request, asked: Asked, leads: bool, counts: dict[str, int]) -> list[tuple[str, str, str, int]]:
    shown = [name for name in VIEWS if (name != "team" or leads) and (name != "unowned" or request.actor.sees_all)]
    return [(_address(replace(asked, owner=None), view=name), name, VIEWS[name], counts[name]) for name in shown]


def _address(asked: Asked, **other: Any) -> str:
    """The address of the list with some of what is asked changed."""
    names = ("view", "kind", "reason", "priority", "owner", "account")
    values = {name: getattr(asked, name) for name in names} | other
    return f"?{urlencode({name: str(value) for name, value in values.items() if value})}"


def _iso(day: date | None) -> str:
    return day.isoformat() if day else ""


def _snooze_form(
    request: Request, found: Item, values: dict[str, Any], errors: dict[str, list[str]], *, status: int = 200
) -> HttpResponse:
    context = {
        "item": found,
        "values": values,
        "errors": errors,
        "refused": errors.get("", []) + errors.get("seen", []),
        "address": reverse("accounts:snooze-work", args=[found.kind, found.id]),
        "today": localdate(),
    }
    part = "#form" if status == 422 else "#dialog"
    return render(request, f"accounts/work_snooze.html{part if request.htmx else ''}", context, status=status)
