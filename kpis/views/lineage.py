from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from accounts.models import Account
from accounts.views.account import header
from core.http import Request
from kpis.models import KpiValue
from kpis.queries.lineage import lineage


@login_required
@require_GET
def value_lineage(request: Request, account_id: UUID, value_id: UUID) -> HttpResponse:
    """Where a value went: every score it is part of, and every report made from one of those."""
    account = get_object_or_404(Account.objects.visible_to(request.actor).select_related("owner"), pk=account_id)
    values = KpiValue.objects.visible_to(request.actor).select_related("kpi", "upload")
    value = get_object_or_404(values, pk=value_id, account=account)
    context = {**header(request, account), "tab": "kpis:evidence", "lineage": lineage(value, by=request.actor)}
    return render(request, "kpis/lineage.html", context)
