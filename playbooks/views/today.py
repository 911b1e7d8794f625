from django.contrib.auth.decorators import login_required
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.timezone import localdate
from django.views.decorators.http import require_GET

from accounts.models import Account
from accounts.queries import last_seq
from accounts.queries.work import Asked, led_by, sources, work_counts, work_page
from accounts.rules import KEEP_TASKS
from core.http import Request
from core.rules import allowed
from kpis.models import AccountHealth
from kpis.rules import SAMPLE_DATA
from playbooks import queries

SHOWN = 8


@login_required
@require_GET
def today(request: Request) -> HttpResponse:
    """The first page: the first steps until they are done, my work, and the accounts that need attention."""
    day = localdate()
    checklist = [one for one in queries.checklist() if not one.permission or allowed(request.actor, one.permission)]
    team = led_by(request.actor)
    mine = work_page(Asked(), by=request.actor, on=day, team=team, size=SHOWN)
    needing = (
        AccountHealth.objects.visible_to(request.actor)
        .filter(Q(band="red") | Q(arrow__lt=0), account__archived_at=None)
        .select_related("account")
        .order_by("attention", "account_id")
    )
    context = {
        "checklist": checklist,
        "checklist_open": not all(item.done for item in checklist),
        "checklist_done": sum(item.done for item in checklist),
        "items": mine.rows,
        "more": mine.after is not None,
        "counts": work_counts(Asked(), by=request.actor, on=day, team=team),
        "may": {one.kind for one in sources() if not one.permission or allowed(request.actor, one.permission)},
        "may_keep": allowed(request.actor, KEEP_TASKS),
        "needing": list(needing[:SHOWN]),
        "has_sample": Account.objects.filter(sample=True).exists(),
        "may_sample": allowed(request.actor, SAMPLE_DATA),
        "today": day,
        "live_since": last_seq(),
    }
    return render(request, "playbooks/today.html#list" if request.htmx else "playbooks/today.html", context)
