"""The back-test of a version: its record on a page, and the way to start and stop one."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.timezone import now
from django.views.decorators.http import require_http_methods, require_POST

from core.errors import DomainError
from core.http import Request
from core.rules import allowed, require
from kpis import rules
from kpis.models import BackTest, ScorecardVersion
from kpis.operations import back_tests as operations
from kpis.queries import back_tests as queries
from kpis.queries.back_tests import LOOKED_BACK, READINGS, kpi_names, previous_of

PAGE = "kpis/back_test.html"


def _found(version_id: UUID) -> ScorecardVersion:
    found: ScorecardVersion = get_object_or_404(ScorecardVersion.objects.select_related("scorecard"), pk=version_id)
    return found


@login_required
@require_http_methods(["GET", "POST"])
def back_test(request: Request, version_id: UUID) -> HttpResponse:
    """The newest record of exactly this text; posted to, it starts a test. `?reading=` known or true."""
    version = _found(version_id)
    if request.method == "POST":
        require(request.actor, rules.EDIT_SCORECARD)
        try:
            operations.start_back_test(version_id=version.pk, by=request.actor, at=now())
        except DomainError as refusal:
            return _page(request, version, error=str(refusal), status=422)
        return redirect("kpis:back-test", version.pk)
    return _page(request, version)


@login_required
@require_http_methods(["GET"])
def back_test_state(request: Request, version_id: UUID) -> HttpResponse:
    """How far the test is, for the page that waits; when it has ended, that page (`?on=version`: the version's)."""
    version, on = _found(version_id), request.GET.get("on", "")
    running = queries.running_test(version)
    if running is None or not request.htmx:
        return redirect("kpis:scorecard-version" if on == "version" else "kpis:back-test", version.pk)
    return render(request, "kpis/back_test_progress.html", {"version": version, "running": running, "where": on})


@login_required
@require_POST
def back_test_cancel(request: Request, version_id: UUID) -> HttpResponse:
    """Ask the worker to stop the test that is under way."""
    version = _found(version_id)
    require(request.actor, rules.EDIT_SCORECARD)
    running = queries.running_test(version)
    if running is not None:
        operations.cancel_back_test(back_test_id=running.pk, by=request.actor)
        messages.success(request, "The back-test stops. Nothing of it is kept.")
    return redirect("kpis:back-test", version.pk)


def _page(request: Request, version: ScorecardVersion, *, error: str = "", status: int = 200) -> HttpResponse:
    asked, kept = request.GET.get("reading", ""), queries.record_of(version)
    found = queries.record(kept, by=request.actor, reading=asked) if kept and queries.readable(kept) else None
    context: dict[str, Any] = {
        "version": version,
        "card": version.scorecard,
        "record": kept,
        "found": found,
        "running": queries.running_test(version),
        "stopped": queries.stopped_test(version),
        "earlier": _earlier(version, kept),
        "readings": [(name, label) for name, (label, _) in READINGS.items()],
        "looked_back": LOOKED_BACK,
        "left_out": _names(found.result["left_out"]) if found else [],
        "previous": previous_of(version),
        "address": reverse("kpis:back-test", args=[version.pk]),
        "may_test": allowed(request.actor, rules.EDIT_SCORECARD),
        "error": error,
    }
    return render(request, PAGE, context, status=status)


def _names(codes: list[str]) -> list[str]:
    names = kpi_names(codes)
    return [names.get(code, code) for code in codes]


def _earlier(version: ScorecardVersion, kept: BackTest | None) -> list[BackTest]:
    """Older records of this text, which stay: a test may be repeated and nothing is overwritten."""
    done = queries.tests_of(version).filter(finished_at__isnull=False)
    return list(done.exclude(pk=kept.pk)[:5]) if kept else []
