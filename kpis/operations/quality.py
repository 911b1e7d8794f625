"""The figures of data quality are added up in the worker and kept with their time."""

from datetime import datetime

from django.db import transaction

from core.actor import Actor
from core.jobs import start_job
from core.models import Job
from core.rules import require
from kpis import rules
from kpis.models import QualityReport
from kpis.queries.quality import Measuring
from tenants.context import take_lock

KEPT = 60  # reports, so that the page can show where the figures come from


@transaction.atomic
def measure_quality(*, at: datetime) -> QualityReport:
    """Add up the figures as of `at` and keep them; the oldest of many reports go."""
    take_lock("measuring quality")
    figures = Measuring(at.date()).figures()
    report: QualityReport = QualityReport.objects.create(made_at=at, figures=figures.as_json())
    old = QualityReport.objects.order_by("-made_at").values_list("pk", flat=True)[KEPT:]
    QualityReport.objects.filter(pk__in=list(old)).delete()
    return report


@transaction.atomic
def start_measuring(*, by: Actor) -> Job:
    """Have the worker add them up now; an open job is the answer. Raises PermissionDenied."""
    require(by, rules.UPLOAD)
    running = Job.objects.filter(kind="kpis.measure_now", finished_at=None).first()
    return running or start_job("kpis.measure_now", by=by, unit="accounts")
