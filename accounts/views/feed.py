"""The feed: what happened to one's accounts."""

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.timezone import localdate
from django.views.decorators.http import require_GET

from accounts.queries import feed as queries
from core.http import Request, keyset_page

PAGE = 60  # entries; repeats of them are one line


@login_required
@require_GET
def feed(request: Request) -> HttpResponse:
    """`?whose=mine` or all that one sees; without it one's own, if there are any."""
    asked = request.GET.get("whose", "")
    owns = queries.owns_any(request.actor)
    whose = asked if asked in ("mine", "all") else "mine" if owns else "all"
    entries = queries.feed_entries(by=request.actor, mine=whose == "mine")
    turned = {name: request.GET.get(name, "") for name in ("after", "before")}
    page = keyset_page(entries, ["-seq"], size=PAGE, **turned)
    context = {
        "items": queries.feed(page.rows),
        "page": page,
        "whose": whose,
        "owns": owns,
        "sees_all": request.actor.sees_all,
        "today": localdate(),
    }
    return render(request, "accounts/feed.html", context)
