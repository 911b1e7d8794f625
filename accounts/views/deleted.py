"""What was deleted, by kind, and the way back."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.timezone import now
from django.views.decorators.http import require_GET, require_POST

from accounts.operations import archive_account
from accounts.operations.activities import remove_activity
from accounts.operations.documents import remove_document
from accounts.operations.people import archive_contact
from accounts.operations.records import archive_record
from accounts.operations.task_templates import archive_template
from accounts.operations.tasks import reopen_task
from accounts.operations.teams import archive_team
from accounts.operations.views import remove_view
from accounts.queries import deleted as queries
from accounts.views.roles import clean
from core.actor import Actor
from core.errors import DomainError
from core.http import Request, keyset_page

PAGE = 50
_RESTORE: dict[str, Callable[[UUID, Actor, datetime], Any]] = {
    "accounts": lambda pk, by, at: archive_account(account_id=pk, by=by, at=at, restore=True),
    "contacts": lambda pk, by, at: archive_contact(contact_id=pk, by=by, at=at, restore=True),
    "records": lambda pk, by, at: archive_record(record_id=pk, by=by, at=at, restore=True),
    "activities": lambda pk, by, at: remove_activity(activity_id=pk, by=by, at=at, restore=True),
    "documents": lambda pk, by, at: remove_document(document_id=pk, by=by, at=at, restore=True),
    "tasks": lambda pk, by, at: reopen_task(task_id=pk, by=by, at=at),
    "views": lambda pk, by, at: remove_view(view_id=pk, by=by, at=at, restore=True),
    "templates": lambda pk, by, at: archive_template(template_id=pk, by=by, at=at, restore=True),
    "teams": lambda pk, by, at: archive_team(team_id=pk, by=by, at=at, restore=True),
}


@login_required
@require_GET
def deleted(request: Request) -> HttpResponse:
    """One kind at a time (`?kind=`), what went last first."""
    kind = queries.KINDS.get(request.GET.get("kind", "accounts"), queries.KINDS["accounts"])
    q = clean(request.GET.get("q", ""))
    page = keyset_page(
        queries.deleted(kind, by=request.actor, q=q), ["-gone_at", "id"], size=PAGE,
        after=request.GET.get("after", ""), before=request.GET.get("before", ""),
    )  # fmt: skip
    kept = {"kind": kind.code, "q": q}
    context = {
        "kind": kind,
        "kinds": list(queries.KINDS.values()),
        "q": q,
        "lines": [(row, getattr(row, kind.named), kind.where(row), kind.url(row)) for row in page.rows],
        "older": f"?{urlencode({**kept, 'after': page.after})}" if page.after else "",
        "newer": f"?{urlencode({**kept, 'before': page.before})}" if page.before else "",
        "may_restore": queries.may_restore(kind, by=request.actor),
    }
    return render(request, "accounts/deleted.html", context)


@login_required
@require_POST
def restore(request: Request, kind: str, row_id: UUID) -> HttpResponse:
    """Bring one back."""
    known = queries.KINDS.get(kind)
    if known is None:
        raise Http404
    row = get_object_or_404(known.rows(request.actor), pk=row_id)
    try:
        _RESTORE[kind](row.pk, request.actor, now())
        messages.success(request, f"“{getattr(row, known.named)}” is back.")
    except DomainError as refusal:
        messages.error(request, str(refusal))
    return redirect(f"{reverse('accounts:deleted')}?{urlencode({'kind': kind})}")
