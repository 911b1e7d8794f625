"""Answers that pages and the API share: a panel of the account page (of every app), a document as a download."""

from typing import Any

from django.core.files.storage import default_storage
from django.http import FileResponse, HttpResponse
from django.shortcuts import render

from accounts import panels
from accounts.models import Account, Document
from core.errors import DomainError
from core.http import Request


def panel_answer(
    request: Request, account: Account, template: str, context: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    """The panel alone to htmx; a page of its own to a browser without script.

    `template` renders the panel's card from `context` and `account`. The page is called as config.wiring.PANELS has it.
    """
    context = {"account": account, **context}
    if request.htmx:
        return render(request, template, context, status=status)
    match = request.resolver_match
    page = {"panel_template": template, "panel_title": panels.title_of(match.view_name if match else "")}
    return render(request, "accounts/panel.html", {**page, **context}, status=status)


def document_answer(document: Document) -> FileResponse:
    """The stored file as a download; whatever it holds, it never runs inside our own pages. Raises DomainError."""
    try:
        file = default_storage.open(document.path)
    except FileNotFoundError as error:
        raise DomainError("The file of this document is gone.") from error
    answer = FileResponse(file, as_attachment=True, filename=document.name, content_type="application/octet-stream")
    answer["Content-Security-Policy"] = "sandbox; default-src 'none'"
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Cache-Control"] = "private, no-store"
    answer["Referrer-Policy"] = "no-referrer"
    return answer
