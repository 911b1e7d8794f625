"""Writes: ask for a report, and put the finished file away."""

import hashlib
from datetime import datetime
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import transaction

from accounts.models import Account
from analytics import rules
from analytics.events import ReportCreated
from analytics.models import Report
from core.actor import Actor
from core.audit import record
from core.jobs import start_job
from core.rules import require
from tenants.context import tenant_path


@transaction.atomic
def create_report(*, account_id: UUID, by: Actor, at: datetime) -> Report:
    """Ask a worker for the health report of one account as of now. Raises Account.DoesNotExist, PermissionDenied."""
    account = Account.objects.visible_to(by).get(pk=account_id)
    require(by, rules.CREATE_REPORT, account)
    report = Report(
        account=account, as_of=at.date(), created_by_id=by.user_id, created_by_label=by.label, created_at=at
    )
    report.job = start_job("analytics.render_report", by=by, subject_id=report.pk, unit="pages")
    report.save(force_insert=True)
    return report


@transaction.atomic
def store_report(*, report_id: UUID, pdf: bytes, pages: int, by: Actor, at: datetime) -> Report:
    """Put the rendered file away and record it; safe to repeat. Emits ReportCreated once."""
    report = Report.objects.select_for_update(of=("self",)).get(pk=report_id)
    if report.finished_at:
        return report
    report.path = tenant_path("reports", f"{report.pk}.pdf")
    target = Path(settings.MEDIA_ROOT) / report.path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(pdf)
    report.sha256, report.size, report.pages = hashlib.sha256(pdf).hexdigest(), len(pdf), pages
    report.finished_at = at
    report.save(update_fields=["path", "sha256", "size", "pages", "finished_at"])
    record(ReportCreated(report.account_id, report.pk, report.kind, report.sha256), by=by)
    return report
