"""The mails about customers' data, as plain text. Who calls decides when; nothing here reads a table."""

from collections.abc import Sequence

from django.core.mail import EmailMessage
from django.template.loader import render_to_string


def send_held_rows(
    *, to: str, message_id: str, file_name: str, held: int, reasons: Sequence[tuple[str, int]], **said: object
) -> None:
    """reasons: (why, how many rows), the most first. message_id: the same when it has to be sent again."""
    shown = list(reasons)[:10]
    context = {"file_name": file_name, "held": held, "reasons": shown, "more": held - sum(n for _, n in shown), **said}
    text = render_to_string("accounts/mail/held_rows.txt", context)
    subject = " ".join(f"{held:,} {'row waits' if held == 1 else 'rows wait'} for you: {file_name}".split())
    EmailMessage(subject, text.strip() + "\n", to=[to], headers={"Message-ID": message_id}).send()
