"""The local mailbox: in development every mail is a file, and this page shows the newest. Never in production."""

import email
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import default
from email.utils import parsedate_to_datetime
from pathlib import Path

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.cache import never_cache

SHOWN = 50
_BETWEEN = b"\n" + b"-" * 79 + b"\n"  # what Django's file backend writes after each message
_CODE = re.compile(r"^ {4}(\d{6})$", re.MULTILINE)
_LINK = re.compile(r"https?://[^\s<>\"']+")


@dataclass(frozen=True)
class Letter:
    """One mail as the page shows it; `code` is the six digits on a line of their own, if there are any."""

    to: str
    subject: str
    at: datetime | None
    text: SafeString
    code: str


def letters(folder: Path) -> list[Letter]:
    """The newest SHOWN mails of the folder, newest first. A file that is being written is read as far as it is."""
    files = sorted(folder.glob("*.log"), key=lambda file: file.stat().st_mtime, reverse=True)[:SHOWN]
    found = [letter for file in files for letter in reversed(list(_letters_in(file)))]
    return found[:SHOWN]


def _letters_in(file: Path) -> Iterator[Letter]:
    for raw in file.read_bytes().split(_BETWEEN):
        if raw.strip():
            yield _letter(email.message_from_bytes(raw.lstrip(b"\n"), _class=EmailMessage, policy=default))


def _letter(message: EmailMessage) -> Letter:
    body = message.get_body(("plain",))
    text = body.get_content() if body else ""
    code = _CODE.search(text)
    return Letter(
        to=str(message["To"] or ""),
        subject=str(message["Subject"] or ""),
        at=_date(message),
        text=_with_links(text.strip()),
        code=code[1] if code else "",
    )


def _date(message: EmailMessage) -> datetime | None:
    """When it was written; mails say UTC as -0000, which Python reads as no zone at all."""
    if not message["Date"]:
        return None
    at = parsedate_to_datetime(str(message["Date"]))
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _with_links(text: str) -> SafeString:
    """Escaped text in which addresses can be clicked."""
    parts, end = [], 0
    for link in _LINK.finditer(text):
        address = escape(link[0])
        parts += [escape(text[end : link.start()]), f'<a class="link" href="{address}">{address}</a>']
        end = link.end()
    return mark_safe("".join([*parts, escape(text[end:])]))  # noqa: S308 -- every part is escaped above


@never_cache
def mailbox(request: HttpRequest) -> HttpResponse:
    if not settings.DEVELOPMENT:
        raise Http404
    wanted = request.GET.get("to", "").strip().lower()
    found = [letter for letter in letters(Path(settings.EMAIL_FILE_PATH)) if wanted in letter.to.lower()]
    return render(request, "public/mailbox.html", {"letters": found, "to": wanted})
