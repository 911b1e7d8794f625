"""The people of an account: a panel of its page, and the stakeholder map as a page of its own."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.timezone import now
from django.views.decorators.http import require_GET

from accounts import queries, rules
from accounts.models import Account
from accounts.queries.stakeholders import stakeholder_map
from accounts.serving import panel_answer
from accounts.views.account import header
from core.http import Request
from core.rules import allowed

SHOWN = 5  # people in the panel


@login_required
@require_GET
def people_panel(request: Request, account_id: UUID) -> HttpResponse:
    """The gaps, the warnings and who counts most."""
    account = get_object_or_404(Account.objects.visible_to(request.actor), pk=account_id)
    found = stakeholder_map(account.pk, at=now())
    first = sorted(found.people, key=lambda one: (-one.influence, one.contact.name.lower()))
    context = {"map": found, "first": first[:SHOWN], "may_edit": allowed(request.actor, rules.EDIT_CONTACT, account)}
    return panel_answer(request, account, "accounts/people_panel.html", context)


@login_required
@require_GET
def people(request: Request, account_id: UUID) -> HttpResponse:
    """The map: the tree of who reports to whom, a table beside it, gaps, warnings, and who is gone."""
    account = get_object_or_404(Account.objects.visible_to(request.actor).select_related("owner"), pk=account_id)
    context = {
        "map": stakeholder_map(account.pk, at=now()),
        "may_edit_people": allowed(request.actor, rules.EDIT_CONTACT, account) and account.archived_at is None,
        "live_since": queries.last_seq(),
    }
    if request.htmx:
        return render(request, "accounts/people.html#map", {"account": account, **context})
    return render(request, "accounts/people.html", {**header(request, account), "tab": "accounts:people", **context})
