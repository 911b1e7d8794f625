from collections.abc import Callable
from datetime import timedelta

from celery import shared_task
from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from accounts.mail import send_held_rows
from accounts.models import RecordImport
from accounts.operations.record_kinds import label_of
from accounts.operations.record_runs import bring_import, try_import, undo_import
from accounts.queries.imports import held_reasons
from core import jobs
from core.actor import Actor
from core.time import zone
from tenants.context import current_tenant
from users.mail import address
from users.models import User

LONG = timedelta(minutes=1)  # an import that took longer tells of its held rows without being asked


def _with(job_id: str, work: Callable[..., None]) -> None:
    with jobs.running(job_id) as job:
        if job is None:
            return
        # Whoever started it: the file does what that person may do, not more, and means the days of their clock.
        user = User.objects.select_related("role").filter(pk=job.created_by_id).first()
        by = user.as_actor() if user else Actor.system("imports")
        with timezone.override(zone(user.time_zone if user else "UTC")):
            work(batch=RecordImport.objects.get(pk=str(job.subject_id)), by=by, at=timezone.now(), job=job)


@shared_task(name="accounts.try_import")
def try_records(*, job_id: str, **_: object) -> None:
    _with(job_id, try_import)


@shared_task(name="accounts.bring_import")
def bring_records(*, job_id: str, **_: object) -> None:
    _with(job_id, bring_import)


@shared_task(name="accounts.undo_import")
def undo_records(*, job_id: str, **_: object) -> None:
    _with(job_id, undo_import)


@shared_task(name="accounts.mail_held_rows")
def mail_held_rows(*, import_id: str, **_: object) -> None:
    """After an import: tell its starter of the rows that wait, if they asked for it or it took long. Once."""
    with transaction.atomic():
        batch = RecordImport.objects.select_for_update(of=("self",)).select_related("job").get(pk=import_id)
        person = User.objects.filter(pk=batch.created_by_id, is_active=True).first()
        started = batch.job.started_at if batch.job else None
        long = bool(started and batch.finished_at and batch.finished_at - started > LONG)
        held = batch.summary.get("held", 0)
        if batch.mailed_at or person is None or not held or not (batch.mail_wanted or long):
            return
        tenant = current_tenant()
        path = reverse("accounts:held-file", urlconf=settings.TENANT_URLCONF, args=[batch.pk])
        send_held_rows(
            to=person.email, message_id=f"<import-{batch.pk}-{batch.job_id}@{tenant.host}>", file_name=batch.file_name,
            held=held, reasons=held_reasons(batch), name=person.name, kind=label_of(batch.kind).lower(),
            created=batch.summary["create"], updated=batch.summary["update"], link=address(tenant.host, path),
        )  # fmt: skip
        batch.mailed_at = timezone.now()
        batch.save(update_fields=["mailed_at"])
