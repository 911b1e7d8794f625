from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import now
from django.views.decorators.http import require_http_methods

from core.errors import DomainError
from core.http import Request, keyset_page, permission_required
from kpis import operations, rules
from kpis.models import InboxFile
from kpis.queries.inbox import inbox, inbox_files, sources

STATES = {"taken": "Picked up", "refused": "Refused", "known": "Known already", "growing": "Still growing"}


@login_required
@require_http_methods(["GET", "POST"])
@permission_required(rules.UPLOAD)
def inbox_page(request: Request) -> HttpResponse:
    """The inbox folder: when it was looked into, what was picked up, and which sources import by themselves."""
    error = ""
    if request.method == "POST":
        name, alone = request.POST.get("file_name", ""), request.POST.get("imports_alone") == "1"
        try:
            operations.set_source(file_name=name, imports_alone=alone, by=request.actor, at=now())
        except DomainError as refusal:
            error = str(refusal)
        else:
            return redirect("kpis:inbox")
    state = request.GET.get("state", "")
    state = state if state in InboxFile.State.values else ""
    page = keyset_page(
        inbox_files(state=state),
        ["-seen_at", "id"],
        size=25,
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
    )
    context = {
        "inbox": inbox(),
        "page": page,
        "state": state,
        "states": list(STATES.items()),
        "sources": sources(by=request.actor),
        "error": error,
        "sees_all": request.actor.sees_all,
    }
    return render(request, "kpis/inbox.html", context, status=422 if error else 200)
