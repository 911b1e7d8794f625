"""The account page."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import localdate, now
from django.views.decorators.http import require_GET, require_POST

from accounts import operations, panels, queries, rules
from accounts.models import Account
from accounts.operations.places import saw
from accounts.queries.custom import own_values
from accounts.views.settling import closed
from core.http import Request
from core.rules import allowed


@login_required
@require_GET
def account(request: Request, account_id: UUID) -> HttpResponse:
    """The frame of the account page; panels load themselves (config.wiring.PANELS). To htmx the head alone."""
    found = get_object_or_404(Account.objects.visible_to(request.actor).select_related("owner"), pk=account_id)
    if request.htmx:
        return render(request, "accounts/account.html#header", header(request, found))
    if found.archived_at is None:
        saw(account=found, by=request.actor, at=now())
    context = {
        **header(request, found),
        "main_panels": panels.panels("main"),
        "side_panels": panels.panels("side"),
        "live_since": queries.last_seq(),
    }
    return render(request, "accounts/account.html", context)


def header(request: Request, found: Account) -> dict[str, Any]:
    """What accounts/header.html shows: facts, chips, tabs, and the buttons that this person may press."""
    archived = found.archived_at is not None
    return {
        "account": found,
        "renewal_days": (found.renewal_on - localdate()).days if found.renewal_on else None,
        "own": [one for one in own_values(found, by=request.actor) if one.value is not None],
        "tabs": panels.tabs(),
        "chips": panels.chips(found.pk),
        "actions": panels.actions(by=request.actor, archived=archived),
        "may_edit": allowed(request.actor, rules.EDIT, found),
        "may_archive": allowed(request.actor, rules.ARCHIVE, found),
    }


@login_required
@require_POST
def archive_account(request: Request, account_id: UUID) -> HttpResponse:
    found = get_object_or_404(Account.objects.visible_to(request.actor), pk=account_id)
    restore = request.POST.get("restore") == "1"
    operations.archive_account(account_id=found.pk, by=request.actor, at=now(), restore=restore)
    if restore:
        messages.success(request, f"“{found.name}” is back.")
    else:
        messages.success(request, f"“{found.name}” is archived. Nothing is lost, and you can bring it back here.")
    return closed(request, "account", found.pk, redirect("accounts:account", found.pk))
