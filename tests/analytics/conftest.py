from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from pypdf import PdfReader

from accounts.models import Account
from analytics.models import Report
from analytics.operations import create_report
from core.actor import Actor
from kpis.models import Kpi, KpiValue, Upload
from kpis.operations import install_catalogue
from kpis.operations.health import rescore_accounts
from tests.world import World

AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
SYSTEM = Actor.system("tests")
VALUES = 40


@pytest.fixture(autouse=True)
def _media(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture(autouse=True)
def _november(time_machine: Any) -> None:
    time_machine.move_to(AT)


@pytest.fixture
def scored(world: World) -> World:
    """Initech with 40 KPIs of October: one from a file, one corrected by hand, the others sample data."""
    install_catalogue(at=AT, by=SYSTEM)
    upload = Upload.objects.create(
        file_name="november.xlsx", sha256="0" * 64, size=1, path="x", version=2, created_at=AT, created_by_label="Alice"
    )
    origins: list[dict[str, Any]] = [
        {"origin": "upload", "upload": upload, "sheet": "KPI Data", "address": "C17", "raw": "85 %"},
        {"origin": "edit", "by_label": "Mona", "reason": "typo"},
    ]
    for number, kpi in enumerate(_scored_kpis()[:VALUES]):
        low, high = float(kpi.anchors[0][0]), float(kpi.anchors[-1][0])
        KpiValue.objects.create(
            account=world.account,
            kpi=kpi,
            period=date(2026, 10, 1),
            value=Decimal(str(round(low + (high - low) * (0.2 + 0.6 * (number % 7) / 7), 4))),
            recorded_at=AT,
            **(origins[number] if number < 2 else {"origin": "sample"}),
        )
    rescore_accounts(account_ids=[world.account.pk], at=AT, by=SYSTEM)
    return world


def _scored_kpis() -> list[Kpi]:
    """Of each category some: every fourth KPI has no value."""
    scored = [kpi for kpi in Kpi.objects.order_by("position") if kpi.scored]
    return [kpi for number, kpi in enumerate(scored) if number % 4]


@pytest.fixture
def written(django_capture_on_commit_callbacks: Any) -> Callable[..., Report]:
    """written(account, by=user) -> the report, after the worker has dealt with it."""

    def ask(account: Account, *, by: Any) -> Report:
        with django_capture_on_commit_callbacks(execute=True):
            report = create_report(account_id=account.pk, on=AT.date(), by=by.as_actor(), at=AT)
        return Report.objects.select_related("job", "account").get(pk=report.pk)

    return ask


def pdf_of(report: Report) -> PdfReader:
    with default_storage.open(report.path) as file:
        return PdfReader(BytesIO(file.read()))


def words(page: Any) -> str:
    """The text of a page with every gap as one space."""
    return " ".join(page.extract_text().split())
