from pathlib import Path
from typing import Any

from celery import shared_task
from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.timezone import now

from accounts.queries.as_of import journey
from analytics import operations, queries
from analytics.charts import bar, trend_chart
from analytics.models import Report
from analytics.pdf import render_pdf
from core import jobs
from core.actor import Actor
from core.time import zone
from tenants.context import current_tenant
from users.models import User

SHEET = Path(settings.BASE_DIR) / "templates/analytics/report.css"


@shared_task(name="analytics.render_report", soft_time_limit=60, time_limit=75)
def render_report(*, job_id: str, **_: object) -> None:
    """Render a report's PDF. Reads stored rows, writes one file; killed at any line it starts again."""
    with jobs.running(job_id) as job:
        if job is None:
            return
        report = Report.objects.select_related("account__owner").filter(pk=job.subject_id).first()
        if report is None:
            job.message = "The account is gone, and its report with it."
            return
        with timezone.override(_zone(report)):
            at = now()
            with queries.snapshot():
                context = report_context(report, at=at)
                html = render_to_string("analytics/report.html", context)
            pdf, pages = render_pdf(html, SHEET.read_text())
            operations.store_report(
                report_id=report.pk,
                pdf=pdf,
                pages=pages,
                on=timezone.localdate(at),
                score_id=context["data"].score and context["data"].score.pk,
                by=Actor.system("reports"),
                at=now(),
            )
        job.done = job.total = pages
        job.result = {"report_id": str(report.pk), "pages": pages}


def _zone(report: Report) -> Any:
    """The time zone of whoever asked; printed with every time of the report."""
    asked = User.objects.filter(pk=report.created_by_id).first()
    return zone(asked.time_zone) if asked else None


def report_context(report: Report, *, at: Any) -> dict[str, Any]:
    """What the report's template prints: the gathered rows, their drawings, and when they were read."""
    data = queries.health_report(report.account)
    renewal = report.account.renewal_on
    return {
        "report": report,
        "data": data,
        "account": report.account,
        "workspace": getattr(current_tenant(), "name", ""),
        "renewal_days": (renewal - timezone.localdate(at)).days if renewal else None,
        "trend": trend_chart(data.trend) if any(point.score is not None for point in data.trend) else "",
        "categories": [
            (line, bar(None if line.score is None else float(line.score), line.band)) for line in data.categories
        ],
        "journey": journey(report.account, today=timezone.localdate(at)),
        "at": at,
    }


@shared_task(name="analytics.sweep_reports")
def sweep_reports(**_: object) -> None:
    """After accounts are deleted for good: their reports' files go too."""
    operations.sweep_reports(by=Actor.system("reports"))
