"""A panel of the account page as an answer; every app that has panels answers through here."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render

from accounts import panels
from accounts.models import Account
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
