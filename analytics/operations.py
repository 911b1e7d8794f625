"""Writes: ask for a report, put the finished file away, clear away what nobody can reach any more."""

import hashlib
from datetime import date, datetime
from uuid import UUID

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction

from accounts.models import Account
from analytics import rules
from analytics.events import ReportCreated
from analytics.models import Report
from core.actor import Actor
from core.audit import record
from core.jobs import start_job
from core.models import Job
from core.rules import require
from tenants.context import tenant_path

FOLDER = "reports"


@transaction.atomic
def create_report(*, account_id: UUID, on: date, by: Actor, at: datetime) -> Report:
    """Ask a worker for the health report of one account; `on` is today where the person is.

    Asked twice before it is written, it is one report. Raises Account.DoesNotExist, PermissionDenied.
    """
    account = Account.objects.visible_to(by).select_for_update(of=("self",)).get(pk=account_id)
    require(by, rules.CREATE_REPORT, account)
    waiting = Report.objects.filter(account=account, finished_at=None, job__state__in=Job.OPEN)
    found = waiting.filter(created_by_id=by.user_id).select_related("job").first()
    if found is not None:
        return found
    report = Report(account=account, as_of=on, created_by_id=by.user_id, created_by_label=by.label, created_at=at)
    report.job = start_job("analytics.render_report", by=by, subject_id=report.pk, unit="pages")
    report.save(force_insert=True)
    return report


@transaction.atomic
def store_report(
    *, report_id: UUID, pdf: bytes, pages: int, on: date, score_id: UUID | None, by: Actor, at: datetime
) -> Report:
    """Put the rendered file away and record it; safe to repeat. Emits ReportCreated once.

    on: the day its figures speak of. score_id: the health score they were read from.
    """
    report = Report.objects.visible_to(by).select_for_update(of=("self",)).get(pk=report_id)
    if report.finished_at:
        return report
    name = tenant_path(FOLDER, f"{report.pk}.pdf")
    default_storage.delete(name)  # of a worker that was killed before it could say so
    report.path = default_storage.save(name, ContentFile(pdf))
    report.sha256, report.size, report.pages = hashlib.sha256(pdf).hexdigest(), len(pdf), pages
    report.as_of, report.finished_at, report.score_id = on, at, score_id
    report.save(update_fields=["path", "sha256", "size", "pages", "as_of", "finished_at", "score_id"])
    record(ReportCreated(report.account_id, report.pk, report.kind, report.sha256), by=by)
    return report


def sweep_reports(*, by: Actor) -> int:
    """Delete files whose report is gone, as after the sample data was removed; returns how many. Idempotent."""
    folder = tenant_path(FOLDER)
    if not default_storage.exists(folder):
        return 0
    _, files = default_storage.listdir(folder)
    known = {f"{report_id}.pdf" for report_id in Report.objects.visible_to(by).values_list("pk", flat=True)}
    stray = sorted(set(files) - known)
    for name in stray:
        default_storage.delete(tenant_path(FOLDER, name))
    return len(stray)
