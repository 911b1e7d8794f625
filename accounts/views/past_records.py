"""People, contracts, tasks and own records as they stood on a past day."""

from datetime import date
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.exceptions import ObjectDoesNotExist
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.timezone import localdate
from django.views.decorators.http import require_GET

from accounts.queries import past as queries
from accounts.queries.as_of import day_before
from core.http import Request


@login_required
@require_GET
def past(request: Request, kind: str, record_id: UUID) -> HttpResponse:
    """Every field at the end of the day `?on=`, who changed it last before, and what differs from now."""
    try:
        one = queries.subject(kind, record_id, by=request.actor)
    except (KeyError, ObjectDoesNotExist):
        raise Http404 from None
    today, began, text = localdate(), localdate(one.began), request.GET.get("on", "").strip()
    errors: list[str] = []
    try:
        on = date.fromisoformat(text) if text else max(day_before(today), began)
    except ValueError:
        on, errors = today, ["Enter a day, like 2026-11-20."]
    if on > today:
        errors = ["That day has not come yet."]
    early = not errors and on < began
    shown = not errors and not early
    lines = queries.lines_at(one, on=on, by=request.actor) if shown else []
    context = {
        "one": one,
        "on": on,
        "typed": text or on.isoformat(),
        "errors": errors,
        "early": early,
        "began": began,
        "lines": lines,
        "facts": queries.facts_at(one, on=on, by=request.actor) if shown else [],
        "differing": sum(line.differs for line in lines),
        "unknown": sum(not line.known for line in lines),
    }
    return render(request, "accounts/past.html", context, status=422 if errors else 200)
