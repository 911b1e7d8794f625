"""A stored report as a download; pages and the API share it."""

from pathlib import Path

from django.conf import settings
from django.http import FileResponse

from analytics.models import Report
from core.errors import DomainError


class NotReady(DomainError):
    """The worker has not written the file yet."""


def pdf_answer(report: Report) -> FileResponse:
    """The stored file as a download; it never runs inside our own pages. Raises NotReady."""
    if report.finished_at is None:
        raise NotReady("This report is still being written.")
    file = (Path(settings.MEDIA_ROOT) / report.path).open("rb")
    name = f"{report.account.name} health {report.as_of:%Y-%m-%d}.pdf"
    answer = FileResponse(file, as_attachment=True, filename=name, content_type="application/pdf")
    answer["Content-Security-Policy"] = "sandbox; default-src 'none'"
    answer["Cache-Control"] = "private, no-store"
    return answer
