"""Saved views of the list of accounts, and the choice of its columns."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.timezone import now
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import rules as accounts_rules
from accounts.conditions import ConditionError, read, words
from accounts.models import SavedView
from accounts.operations.views import change_view, keep_columns, remove_view, save_view
from accounts.queries.views import views_of
from core.actor import Actor
from core.errors import DomainError
from core.http import Request, toast
from core.rules import allowed
from kpis.queries import columns
from kpis.views.looks import Looks, address, as_pins, as_view, of_view
from kpis.views.portfolio import LABELS, SORTED_BY, asked

MOST_FILTERS = 4  # said of a view in its line


@login_required
@require_GET
def view_list(request: Request) -> HttpResponse:
    """One's own views and the shared ones, with what each shows."""
    return render(request, "kpis/views.html", {"lines": _lines(request)})


def _lines(request: Request) -> list[dict[str, Any]]:
    mine = request.actor.user_id
    return [
        {"view": view, "url": address(of_view(view)), "mine": view.owner_id == mine, **_said(view, request.actor)}
        for view in views_of(by=request.actor)
        if view.name
    ]


def _said(view: SavedView, by: Actor) -> dict[str, Any]:
    """What a view shows, in words; `wrong` when its condition cannot be read any more."""
    wanted, wrong, parts = of_view(view), "", []
    for name, label in LABELS.items():
        value = getattr(wanted, name)
        if value and name == "where":
            try:
                parts.append(words(read(value, by=by)))
            except ConditionError as refusal:
                wrong = str(refusal)
        elif value:
            parts.append(f"{label}: {'chosen' if name == 'owner' else value}")
    if wanted.view:
        parts.insert(0, {"attention": "needs attention", "mine": "mine", "renewing": "renewing soon"}[wanted.view])
    sorted_by = SORTED_BY.get(wanted.sort.lstrip("-"), "")
    return {
        "says": "; ".join(parts) or "Every account",
        "wrong": wrong,
        "sorted_by": sorted_by,
        "columns": len(view.columns),
    }


@login_required
@require_http_methods(["GET", "POST"])
def view_save(request: Request) -> HttpResponse:
    """Keep the present address under a name."""
    wanted = asked(request).wanted()
    errors: dict[str, str] = {}
    if request.method == "POST":
        try:
            made = save_view(
                name=request.POST.get("name", ""),
                shared=request.POST.get("shared") == "on",
                **as_view(wanted),
                by=request.actor,
            )
        except DomainError as refusal:
            errors = {refusal.field or "": str(refusal)}
        else:
            messages.success(request, f"“{made.name}” is saved.")
            return _go(request, address(of_view(made)))
    context = {
        "query": request.GET.urlencode(),
        "typed": request.POST,
        "errors": errors,
        "wrong": errors.get(""),
        "may_share": _may_share(request),
        "back": address(wanted),
    }
    template = "kpis/view_save.html#dialog" if request.htmx else "kpis/view_save.html"
    return render(request, template, context, status=422 if errors else 200)


@login_required
@require_http_methods(["GET", "POST"])
def view_edit(request: Request, view_id: UUID) -> HttpResponse:
    """Rename a view of one's own, share it or keep it to oneself."""
    view = get_object_or_404(_mine(request), pk=view_id, removed_at=None)
    errors: dict[str, str] = {}
    if request.method == "POST":
        try:
            saved = change_view(
                view_id=view_id,
                expected_version=_version(request),
                name=request.POST.get("name", ""),
                shared=request.POST.get("shared") == "on",
                by=request.actor,
            )
        except DomainError as refusal:
            errors = {refusal.field or "": str(refusal)}
        else:
            messages.success(request, f"“{saved.name}” is saved.")
            return _go(request, reverse("kpis:views"))
    typed = request.POST or {"name": view.name, "shared": "on" if view.shared else ""}
    context = {
        "view": view,
        "typed": typed,
        "errors": errors,
        "wrong": errors.get(""),
        "may_share": _may_share(request) or view.shared,
    }
    template = "kpis/view_save.html#dialog" if request.htmx else "kpis/view_save.html"
    return render(request, template, context, status=422 if errors else 200)


@login_required
@require_POST
def view_look(request: Request, view_id: UUID) -> HttpResponse:
    """Give a view of one's own the look of the present address."""
    get_object_or_404(_mine(request), pk=view_id, removed_at=None)
    wanted = asked(request).wanted()
    try:
        saved = change_view(view_id=view_id, expected_version=_version(request), **as_view(wanted), by=request.actor)
    except DomainError as refusal:
        messages.error(request, str(refusal))
        return redirect(address(wanted))
    messages.success(request, f"“{saved.name}” shows this from now on.")
    return redirect(address(of_view(saved)))


@login_required
@require_POST
def view_remove(request: Request, view_id: UUID) -> HttpResponse:
    get_object_or_404(_mine(request), pk=view_id, removed_at=None)
    gone = remove_view(view_id=view_id, by=request.actor, at=now())
    undo = reverse("kpis:view-restore", args=[view_id])
    if request.htmx:
        answer = render(request, "kpis/views.html#list", {"lines": _lines(request)})
        return toast(answer, f"“{gone.name}” is removed.", undo_url=undo)
    messages.success(request, f"“{gone.name}” is removed.")
    return redirect("kpis:views")


@login_required
@require_POST
def view_restore(request: Request, view_id: UUID) -> HttpResponse:
    get_object_or_404(_mine(request), pk=view_id)
    try:
        back = remove_view(view_id=view_id, by=request.actor, at=now(), restore=True)
    except DomainError as refusal:
        return toast(HttpResponse(status=204), str(refusal), kind="error")
    messages.success(request, f"“{back.name}” is back.")
    return _go(request, reverse("kpis:views"))


def _mine(request: Request) -> Any:
    return SavedView.objects.filter(owner_id=request.actor.user_id).exclude(name="")


def _version(request: Request) -> int:
    text = request.POST.get("version", "")
    return int(text) if text.isdecimal() and len(text) < 9 else 0


def _may_share(request: Request) -> bool:
    return allowed(request.actor, accounts_rules.SHARE_VIEWS)


def _go(request: Request, url: str) -> HttpResponse:
    if request.htmx:
        return HttpResponse(status=204, headers={"HX-Redirect": url})
    return redirect(url)


# Columns --------------------------------------------------------------------------------------------------------


@login_required
@require_GET
def portfolio_columns(request: Request) -> HttpResponse:
    """Which columns and in which order: every step is an address, so it works by keyboard and without script."""
    wanted = asked(request).wanted()
    looks, known = Looks.of(wanted, by=request.actor), columns.every_column(by=request.actor)
    codes = _moved([one.code for one in looks.columns], request)
    density = wanted.density or looks.density or "normal"
    pins = _pinned(looks.pins, codes, request)
    codes.sort(key=lambda code: code not in pins)
    context = {
        "chosen": [
            (known[code], at in (0, len(pins)), at in (len(pins) - 1, len(codes) - 1), code in pins)
            for at, code in enumerate(codes)
            if code in known
        ],
        "others": [(code, one.label) for code, one in known.items() if code not in codes],
        "base": urlencode(_kept(request, codes, pins), safe=","),
        "kept": _kept(request, codes, pins),
        "widths": bool(looks.widths),
        "density": density,
        "densities": [("normal", "Comfortable"), ("dense", "Dense")],
        "shown_url": address(wanted, columns=",".join(codes)),
        "full": len(codes) >= 40,
    }
    template = "kpis/columns.html#dialog" if request.htmx else "kpis/columns.html"
    return render(request, template, context)


def _moved(codes: list[str], request: Request) -> list[str]:
    """The columns after what the address asks to do with one of them."""
    for verb in ("up", "down", "drop", "add"):
        code = request.GET.get(verb, "")
        if verb == "add" and code and code not in codes:
            codes = [*codes, code]
        elif code not in codes:
            continue
        elif verb == "drop" and len(codes) > 1:
            codes = [one for one in codes if one != code]
        elif verb in ("up", "down"):
            at = codes.index(code)
            to = max(0, min(len(codes) - 1, at + (-1 if verb == "up" else 1)))
            codes = codes[:at] + codes[at + 1 :]
            codes.insert(to, code)
    return codes


def _pinned(pins: list[str], codes: list[str], request: Request) -> list[str]:
    """The columns that stay in sight, after what the address asks to do with one of them."""
    code = request.GET.get("pin", "")
    if code in pins:
        pins = [one for one in pins if one != code]
    elif code in codes:
        pins = [*pins, code]
    return [one for one in codes if one in pins]


def _kept(request: Request, codes: list[str], pins: list[str]) -> dict[str, str]:
    verbs = ("up", "down", "drop", "add", "pin")
    left = {name: str(value) for name, value in request.GET.items() if name not in verbs}
    return {**left, "columns": ",".join(codes), "pins": as_pins(pins)}


@login_required
@require_POST
def portfolio_columns_keep(request: Request) -> HttpResponse:
    """From now on this person's list has these columns; `usual` gives it back the usual ones."""
    wanted = asked(request).wanted()
    usual = request.POST.get("usual") == "1"
    looks = Looks.of(wanted, by=request.actor)
    codes = [] if usual else [one.code for one in looks.columns]
    density = request.POST.get("density", looks.density)
    try:
        keep_columns(
            columns=[] if codes == list(columns.USUAL) else codes,
            pins=[] if usual else looks.pins,
            widths={} if usual else looks.widths,
            density="dense" if density == "dense" and not usual else "",
            by=request.actor,
        )
    except DomainError as refusal:
        messages.error(request, str(refusal))
        return _go(request, address(wanted))
    messages.success(request, "Your list looks as usual again." if usual else "Your list looks like this from now on.")
    return _go(request, address(wanted, columns="", pins="", widths="", density=""))
