"""The mails of sign-up and invitation, as plain text. Who calls decides when; nothing here reads a table."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string


def address(host: str, path: str = "/") -> str:
    """Full address of a page on a host of ours: scheme and port are those of the public site."""
    public = urlsplit(settings.PUBLIC_ORIGIN)
    port = f":{public.port}" if public.port else ""
    return f"{public.scheme}://{host}{port}{path}"


def _send(subject: str, template: str, to: str, **context: object) -> None:
    """`subject` may hold a company's name: line breaks in it would become headers."""
    text = render_to_string(f"users/mail/{template}.txt", context)
    EmailMessage(" ".join(subject.split()), text.strip() + "\n", to=[to]).send()


def send_signup_code(*, to: str, company: str, code: str, minutes: int) -> None:
    _send(f"{code} is your Plumbline code", "signup_code", to, company=company, code=code, minutes=minutes)


def send_invitation(*, to: str, name: str, inviter: str, company: str, link: str, days: int) -> None:
    subject = f"{inviter} invites you to {company} on Plumbline"
    _send(subject, "invitation", to, name=name, inviter=inviter, company=company, link=link, days=days)


def send_workspaces(*, to: str, found: Sequence[tuple[str, str]], signup: str) -> None:
    """found: (company, address) pairs; none gives a mail that says so, to the owner of the address alone."""
    _send("Your Plumbline workspaces", "workspaces", to, found=found, signup=signup)
