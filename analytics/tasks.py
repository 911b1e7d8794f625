from pathlib import Path
from typing import Any

from celery import shared_task
from django.conf import settings
from django.template.loader import render_to_string
from django.utils.timezone import now

from analytics import operations, queries
from analytics.charts import bar, trend_chart
from analytics.models import Report
from analytics.pdf import render_pdf
from core import jobs
from core.actor import Actor
from tenants.context import current_tenant


@shared_task(name="analytics.render_report", soft_time_limit=60, time_limit=75)
def render_report(*, job_id: str, **_: object) -> None:
    """Render a report's PDF. Reads stored rows, writes one file; killed at any line it starts again."""
    with jobs.running(job_id) as job:
        if job is None:
            return
        report = Report.objects.select_related("account__owner").get(pk=job.subject_id)
        html = render_to_string("analytics/report.html", report_context(report))
        pdf, pages = render_pdf(html, (Path(settings.BASE_DIR) / "templates/analytics/report.css").read_text())
        stored = operations.store_report(
            report_id=report.pk, pdf=pdf, pages=pages, by=Actor.system("reports"), at=now()
        )
        job.done = job.total = pages
        job.result = {"report_id": str(stored.pk), "pages": pages}


def report_context(report: Report) -> dict[str, Any]:
    """What the report's template prints: the gathered rows and their drawings."""
    data = queries.health_report(report.account)
    tenant = current_tenant()
    return {
        "report": report,
        "data": data,
        "account": report.account,
        "workspace": tenant.name if tenant else "",
        "trend": trend_chart(data.trend) if any(point.score is not None for point in data.trend) else "",
        "categories": [
            (line, bar(None if line.score is None else float(line.score), line.band)) for line in data.categories
        ],
        "made_at": report.created_at,
    }


def _bar(line: queries.CategoryLine) -> str:
    return bar(None if line.score is None else float(line.score), line.band)
