"""What every page asks in the background: the command palette, and what has changed."""

import json
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from accounts import queries
from core.http import Request

MOST_FOUND = 8


@login_required
@require_GET
def search(request: Request) -> HttpResponse:
    """Options of the command palette: accounts by name or number. Opened directly it goes to the filtered list."""
    text = request.GET.get("q", "").replace("\x00", "").strip()[:100]
    if not request.htmx:
        return redirect(f"{reverse('kpis:portfolio')}?{urlencode({'q': text})}")
    found = queries.accounts_matching(text, by=request.actor).only("id", "name", "industry")
    return render(request, "accounts/search.html", {"accounts": found[:MOST_FOUND] if text else []})


@login_required
@require_GET
def live(request: Request) -> HttpResponse:
    """What happened since the page was made: 204, or the names of the page events to wake in HX-Trigger."""
    after = request.GET.get("after", "")
    known = after.isascii() and after.isdigit() and len(after) < 18
    changes = queries.changes_since(int(after), by=request.actor) if known else None
    answer = HttpResponse(status=204)
    if changes is not None and changes.events:
        wake = {name: {"accounts": accounts} for name, accounts in changes.events.items()}
        answer["HX-Trigger"] = json.dumps(wake)
    answer["PL-Cursor"] = str(changes.seq if changes else queries.last_seq())
    answer["Cache-Control"] = "no-store"
    return answer
