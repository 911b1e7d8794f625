"""Settings: how revenue is read, in which time zone and currency, and every earlier version of it."""

from typing import Any
from zoneinfo import available_timezones

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import now
from django.views.decorators.http import require_http_methods, require_POST

from accounts import rules
from accounts.operations.revenue_rules import REBUILD, set_revenue_rules, start_rebuilding_revenue
from accounts.queries.revenue_rules import CHOICES, LABELS, rules_in_force, told, versions
from accounts.serializers.revenue import RevenueRulesInput
from core.errors import Conflict, DomainError
from core.http import Request, permission_required
from core.models import Job
from core.money import CURRENCIES

PAGE = "accounts/revenue_rules.html"


@login_required
@require_http_methods(["GET", "POST"])
@permission_required(rules.SET_REVENUE_RULES)
def revenue_rules(request: Request) -> HttpResponse:
    """The rules in force as a form; what somebody else saved meanwhile stands beside each field as a choice."""
    if request.method == "GET":
        return _page(request, {}, {})
    given = RevenueRulesInput(data=request.POST.dict())
    if not given.is_valid():
        return _page(request, request.POST.dict(), {n: [str(e) for e in said] for n, said in given.errors.items()})
    kept = request.POST.getlist("theirs")
    changes = {name: value for name, value in given.validated_data.items() if name not in kept}
    version, reason = changes.pop("version"), changes.pop("reason", "")
    try:
        saved = set_revenue_rules(expected_version=version, changes=changes, reason=reason, by=request.actor, at=now())
    except Conflict:
        return _page(request, request.POST.dict(), {}, theirs=_theirs(changes, request), status=409)
    except DomainError as refusal:
        return _page(request, request.POST.dict(), {refusal.field or "": [str(refusal)]})
    same = saved.version == version
    messages.success(request, "Nothing was different." if same else f"Version {saved.version} is in force.")
    return redirect("accounts:revenue-rules")


@login_required
@require_POST
@permission_required(rules.SET_REVENUE_RULES)
def rebuild(request: Request) -> HttpResponse:
    """Read every account anew now."""
    start_rebuilding_revenue(by=request.actor)
    return redirect("accounts:revenue-rules")


def _theirs(mine: dict[str, Any], request: Request) -> dict[str, dict[str, Any]]:
    """Field -> what it says now and whether to keep that, where it is another than what was posted. Kept by default:
    what this person has not touched."""
    current = rules_in_force().given()
    return {
        name: {"text": told(name, value), "keep": request.POST.get(f"was-{name}") == request.POST.get(name)}
        for name, value in current.items()
        if name in mine and mine[name] != value
    }


def _page(
    request: Request,
    posted: dict[str, Any],
    errors: dict[str, list[str]],
    *,
    theirs: dict[str, dict[str, Any]] | None = None,
    status: int = 0,
) -> HttpResponse:
    in_force = rules_in_force()
    stored = in_force.given()
    fresh = not posted or theirs is not None  # the form goes on from what is in force now
    context = {
        "values": {**stored, **posted},
        "was": stored if fresh else {n: posted[f"was-{n}"] for n in stored if f"was-{n}" in posted},
        "version": in_force.version if fresh else posted.get("version"),
        "errors": errors,
        "refused": errors.get("", []) + errors.get("version", []),
        "theirs": theirs or {},
        "conflict": theirs is not None,
        "labels": LABELS,
        "choices": CHOICES,
        "zones": sorted(available_timezones()),
        "currencies": [(code, code) for code in CURRENCIES],
        "in_force": in_force,
        "versions": versions(),
        "job": Job.objects.filter(kind=REBUILD, finished_at=None).order_by("-created_at").first(),
        "last": Job.objects.filter(kind=REBUILD).exclude(finished_at=None).order_by("-finished_at").first(),
    }
    if request.htmx and not posted:
        return render(request, f"{PAGE}#progress", context)
    return render(request, PAGE, context, status=status or (422 if errors else 200))
