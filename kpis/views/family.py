"""The panel of a parent with its children, and of a child with its parent."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_GET

from accounts.models import Account
from accounts.serving import panel_answer
from core.http import Request
from kpis.queries.family import family, place_in_parent


@login_required
@require_GET
def panel(request: Request, account_id: UUID) -> HttpResponse:
    """Children with score, share and contribution; the parent with what this account gives to its figure. Empty for an
    account that stands alone."""
    account = get_object_or_404(Account.objects.visible_to(request.actor), pk=account_id)
    context = {
        "family": family(account, by=request.actor),
        "place": place_in_parent(account, by=request.actor),
        "alone": not request.htmx,
    }
    return panel_answer(request, account, "kpis/family.html", context)
