"""A stored report as a download; pages and the API share it."""

from django.core.files.storage import default_storage
from django.http import FileResponse

from analytics.models import Report
from core.errors import DomainError


class NotReady(DomainError):
    """The worker has not written the file yet, could not, or the file is gone."""


def pdf_answer(report: Report) -> FileResponse:
    """The stored file as a download; it never runs inside our own pages. Raises NotReady."""
    if report.state != "ready":
        words = (
            "This report could not be written." if report.state == "failed" else "This report is still being written."
        )
        raise NotReady(words)
    try:
        file = default_storage.open(report.path)
    except FileNotFoundError as error:
        raise NotReady("The file of this report is gone. Make a new one.") from error
    name = f"{report.account.name} health {report.as_of:%Y-%m-%d}.pdf"
    answer = FileResponse(file, as_attachment=True, filename=name, content_type="application/pdf")
    answer["Content-Security-Policy"] = "sandbox; default-src 'none'"
    answer["Cache-Control"] = "private, no-store"
    return answer
