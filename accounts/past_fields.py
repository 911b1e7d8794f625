"""Which columns of a record its view "as of" a past day shows, and how they are called. Pure."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

# column -> label and how it is said: text, day, yes, person, account, or the name of a list of choices
Columns = dict[str, tuple[str, str]]
CONTACT: Columns = {
    "name": ("Name", "text"),
    "email": ("E-mail", "text"),
    "phone": ("Phone", "text"),
    "title": ("What they do", "text"),
    "note": ("Note", "text"),
    "archived_at": ("Archived", "there"),
}
CONTRACT: Columns = {
    "name": ("Name", "text"),
    "number": ("Number", "text"),
    "state": ("State", "choice"),
    "currency": ("Currency", "text"),
    "starts_on": ("Starts", "day"),
    "ends_on": ("Last day", "day"),
    "notice_days": ("Days of notice", "text"),
    "auto_renews": ("Renews by itself", "yes"),
    "cancelled_on": ("Cancelled on", "day"),
    "unpaid_since": ("Unpaid since", "day"),
    "end_reason": ("Why it ended", "text"),
}
TASK: Columns = {
    "title": ("What is to do", "text"),
    "notes": ("Notes", "text"),
    "assignee_id": ("Who", "person"),
    "account_id": ("Account", "account"),
    "priority": ("Priority", "choice"),
    "due_on": ("Due", "day"),
    "remind_on": ("Reminder", "day"),
    "private": ("Private", "yes"),
    "snoozed_until": ("Put away until", "day"),
    "done_at": ("Closed", "there"),
    "dropped": ("Closed without being done", "yes"),
}
RECORD: Columns = {"name": ("Name", "text"), "archived_at": ("Deleted", "there")}
OF: dict[str, Columns] = {"contact": CONTACT, "contract": CONTRACT, "task": TASK, "record": RECORD}


def plain(value: Any) -> Any:
    """A value as it is kept: nothing as None, whether something happened as yes or no by "there" below."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value) if isinstance(value, UUID | Decimal) else value


def state(kind: str, record: Any) -> dict[str, Any]:
    """Everything that the view shows of a record, as plain values; its own fields as custom.<code>."""
    said = {name: plain(getattr(record, name)) for name in OF[kind]}
    said |= {name: said[name] is not None for name, (_, how) in OF[kind].items() if how == "there"}
    own = getattr(record, "custom", None) or {}
    return said | {f"custom.{code}": value for code, value in own.items()}
