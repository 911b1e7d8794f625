from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import localdate, now
from django.views.decorators.http import require_GET, require_POST

from accounts.models import Account
from accounts.queries import last_seq
from accounts.serving import panel_answer
from analytics import operations, queries, rules
from analytics.models import Report
from analytics.serving import NotReady, pdf_answer
from core.http import Request, keyset_page, permission_required
from core.rules import allowed

PAGE, PANEL_ROWS = 25, 3


@login_required
@require_GET
def reports(request: Request) -> HttpResponse:
    """Every report of accounts one sees, newest first; `?account=` narrows it to one."""
    account = _account(request)
    page = keyset_page(
        queries.reports_seen(by=request.actor, account_id=account.pk if account else None),
        ["-created_at", "id"],
        size=PAGE,
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
    )
    context = {
        "page": page,
        "account": account,
        "busy": any(report.state == "waiting" for report in page.rows),
        "live_since": last_seq(),
    }
    return render(request, "analytics/reports.html#list" if request.htmx else "analytics/reports.html", context)


def _account(request: Request) -> Account | None:
    """The account that was asked for with ?account=; 404 for one that is not there."""
    given = request.GET.get("account", "")
    if not given:
        return None
    try:
        return get_object_or_404(Account.objects.visible_to(request.actor), pk=UUID(given))
    except ValueError as error:
        raise Http404 from error


@login_required
@require_POST
@permission_required(rules.CREATE_REPORT)
def create_report(request: Request, account_id: UUID) -> HttpResponse:
    account = get_object_or_404(Account.objects.visible_to(request.actor), pk=account_id)
    report = operations.create_report(account_id=account.pk, on=localdate(), by=request.actor, at=now())
    return redirect("analytics:report", report.pk)


@login_required
@require_GET
def report(request: Request, report_id: UUID) -> HttpResponse:
    """One report: being written (it renews itself), ready to download, or failed with its reason."""
    found = _seen(request, report_id)
    context = {"report": found, "may_create": allowed(request.actor, rules.CREATE_REPORT)}
    template = "analytics/report_page.html"
    return render(request, f"{template}#report" if request.htmx else template, context)


def _seen(request: Request, report_id: UUID) -> Report:
    found: Report = get_object_or_404(queries.reports_seen(by=request.actor), pk=report_id)
    return found


@login_required
@require_GET
def download_report(request: Request, report_id: UUID) -> HttpResponseBase:
    found = _seen(request, report_id)
    try:
        return pdf_answer(found)
    except NotReady as refusal:
        messages.error(request, str(refusal))
        return redirect("analytics:report", found.pk)


@login_required
@require_GET
def panel(request: Request, account_id: UUID) -> HttpResponse:
    """The account's newest reports, and the button for another one, on its page."""
    account = get_object_or_404(Account.objects.visible_to(request.actor), pk=account_id)
    found = queries.reports_seen(by=request.actor, account_id=account.pk).order_by("-created_at", "id")
    made = list(found[: PANEL_ROWS + 1])
    context = {
        "reports": made[:PANEL_ROWS],
        "more": len(made) > PANEL_ROWS,
        "busy": any(report.state == "waiting" for report in made),
        "may_create": allowed(request.actor, rules.CREATE_REPORT),
    }
    return panel_answer(request, account, "analytics/panel.html", context)
