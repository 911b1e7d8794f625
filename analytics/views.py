from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import now
from django.views.decorators.http import require_GET, require_POST

from accounts.models import Account
from accounts.queries import last_seq
from analytics import operations, rules
from analytics.models import Report
from analytics.serving import pdf_answer
from core.http import Request, keyset_page
from core.rules import allowed


@login_required
@require_GET
def reports(request: Request) -> HttpResponse:
    """Every report of accounts one sees, newest first; `?account=` narrows it to one."""
    found = Report.objects.visible_to(request.actor).select_related("account", "job")
    account_id = request.GET.get("account", "")
    if account_id:
        found = found.filter(account_id=_uuid(account_id))
    page = keyset_page(
        found, ["-created_at", "id"], size=25, after=request.GET.get("after", ""), before=request.GET.get("before", "")
    )
    busy = any(report.finished_at is None and report.job and report.job.open for report in page.rows)
    context = {"page": page, "busy": busy, "account_id": account_id, "live_since": last_seq()}
    template = "analytics/reports.html"
    if request.htmx and request.htmx.target == "list":
        template += "#list"
    return render(request, template, context)


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise Http404 from error


@login_required
@require_POST
def create_report(request: Request, account_id: UUID) -> HttpResponse:
    account = get_object_or_404(Account.objects.visible_to(request.actor), pk=account_id)
    report = operations.create_report(account_id=account.pk, by=request.actor, at=now())
    return redirect("analytics:report", report.pk)


@login_required
@require_GET
def report(request: Request, report_id: UUID) -> HttpResponse:
    """One report: being written (it renews itself), ready to download, or failed with its reason."""
    found = get_object_or_404(Report.objects.visible_to(request.actor).select_related("account", "job"), pk=report_id)
    context = {"report": found, "may_create": allowed(request.actor, rules.CREATE_REPORT)}
    template = "analytics/report_page.html"
    if request.htmx and request.htmx.target == "report":
        template += "#report"
    return render(request, template, context)


@login_required
@require_GET
def download_report(request: Request, report_id: UUID) -> HttpResponseBase:
    found = get_object_or_404(Report.objects.visible_to(request.actor).select_related("account"), pk=report_id)
    if found.finished_at is None:
        return redirect("analytics:report", found.pk)
    return pdf_answer(found)


@login_required
@require_GET
def panel(request: Request, account_id: UUID) -> HttpResponse:
    """The account's reports, and the button for a new one, on its page."""
    account = get_object_or_404(Account.objects.visible_to(request.actor), pk=account_id)
    if not request.htmx:
        return redirect("accounts:account", account.pk)
    made = Report.objects.filter(account=account).select_related("job").order_by("-created_at")[:3]
    context = {"account": account, "reports": list(made), "may_create": allowed(request.actor, rules.CREATE_REPORT)}
    return render(request, "analytics/panel.html", context)
