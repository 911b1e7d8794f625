"""An account as it stood on a past day; its way through the stages; the archive."""

from datetime import date
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.db.models.functions import Lower
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.timezone import localdate
from django.views.decorators.http import require_GET

from accounts import rules
from accounts.models import Account
from accounts.queries import as_of as queries
from accounts.serving import panel_answer
from accounts.views.account import header
from core.http import Request, keyset_page
from core.rules import allowed

ARCHIVE_PAGE = 50


@login_required
@require_GET
def as_of(request: Request, account_id: UUID) -> HttpResponse:
    """Every field on the day `?on=`, who changed it last before, and what differs from now."""
    account = get_object_or_404(Account.objects.visible_to(request.actor).select_related("owner"), pk=account_id)
    today, began, text = localdate(), localdate(account.created_at), request.GET.get("on", "").strip()
    errors: list[str] = []
    try:
        on = date.fromisoformat(text) if text else max(queries.day_before(today), began)
    except ValueError:
        on, errors = today, ["Enter a day, like 2026-11-20."]
    if on > today:
        errors = ["That day has not come yet."]
    early = not errors and on < began
    lines = [] if errors or early else queries.account_as_of(account, on=on, by=request.actor)
    context = {
        **header(request, account),
        "tab": "accounts:as-of",
        "on": on,
        "typed": text or on.isoformat(),
        "errors": errors,
        "early": early,
        "began": began,
        "lines": lines,
        "differing": sum(line.differs for line in lines),
        "unknown": sum(not line.known for line in lines),
    }
    return render(request, "accounts/as_of.html", context, status=422 if errors else 200)


@login_required
@require_GET
def journey_panel(request: Request, account_id: UUID) -> HttpResponse:
    """The stages with the days in each, and key events on the way."""
    account = get_object_or_404(Account.objects.visible_to(request.actor), pk=account_id)
    way = queries.journey(account, today=localdate())
    return panel_answer(request, account, "accounts/journey.html", {"journey": way, "today": localdate()})


@login_required
@require_GET
def archived(request: Request) -> HttpResponse:
    """Accounts in the archive, by name, to be looked at and brought back."""
    words = request.GET.get("q", "").split()[:5]
    found = Account.objects.visible_to(request.actor).exclude(archived_at=None).annotate(sort_name=Lower("name"))
    for word in words:
        found = found.filter(name__icontains=word)
    page = keyset_page(
        found.select_related("owner"), ["sort_name", "id"], size=ARCHIVE_PAGE,
        after=request.GET.get("after", ""), before=request.GET.get("before", ""),
    )  # fmt: skip
    context = {"page": page, "q": request.GET.get("q", ""), "may_archive": allowed(request.actor, rules.ARCHIVE)}
    return render(request, "accounts/archived.html", context)
