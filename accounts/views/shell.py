"""What every page asks in the background: the command palette, and what has changed."""

import json

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts import queries
from accounts.queries import search as hits
from accounts.queries.places import places
from core.http import Request

MOST_FOUND = 8  # of each kind in the palette
MOST_ON_PAGE = 25
MOST_OF_KIND = 200


@login_required
@require_GET
def search(request: Request) -> HttpResponse:
    """To the command palette options, without a word what is at hand; opened directly all, `?kind=` one kind of it."""
    text = request.GET.get("q", "").replace("\x00", "").strip()[:100]
    if request.htmx and not text:
        pinned, recent = places(by=request.actor)
        return render(request, "accounts/search.html#places", {"pinned": pinned, "recent": recent})
    if request.htmx:
        found = hits.search(text, by=request.actor, most=MOST_FOUND)
        return render(request, "accounts/search.html#options", {"found": found, "text": text})
    kind = request.GET.get("kind", "")
    kind = kind if kind in hits.KINDS else ""
    found = hits.search(text, by=request.actor, most=MOST_OF_KIND if kind else MOST_ON_PAGE, kind=kind)
    context = {"found": found, "text": text, "kind": kind, "kinds": [(k, v[0]) for k, v in hits.KINDS.items()]}
    return render(request, "accounts/search.html", context)


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
