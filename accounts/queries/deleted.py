"""What was deleted, archived or dropped and can be brought back, as far as somebody sees it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import F, Q, QuerySet
from django.urls import reverse

from accounts import rules
from accounts.models import Account, Activity, Contact, CustomRecord, Document, SavedView, Task, TaskTemplate, Team
from accounts.queries.search import words_of
from core.actor import Actor
from core.rules import allowed


@dataclass(frozen=True)
class Kind:
    """One kind of record. rows: those that are gone; gone: the column that says when; named: the one with the name.

    permission: whoever holds it may bring one back ('' = whoever sees it). where: what it belongs to, in words.
    """

    code: str
    label: str
    icon: str
    rows: Callable[[Actor], QuerySet[Any]]
    gone: str
    named: str
    permission: str
    url: Callable[[Any], str] = lambda row: ""
    where: Callable[[Any], str] = lambda row: ""


def _of_account(row: Any) -> str:
    return row.account.name if row.account_id else ""


def _at_account(model: Any, gone: str) -> Callable[[Actor], QuerySet[Any]]:
    """Rows of accounts that are not archived themselves: these come back with their account."""

    def rows(by: Actor) -> QuerySet[Any]:
        found = model.objects.visible_to(by).exclude(**{gone: None}).select_related("account")
        return found.filter(Q(account=None) | Q(account__archived_at=None))

    return rows


def _dropped(by: Actor) -> QuerySet[Any]:
    return _at_account(Task, "done_at")(by).filter(dropped=True)


def _views(by: Actor) -> QuerySet[Any]:
    found: QuerySet[Any] = SavedView.objects.filter(owner_id=by.user_id).exclude(removed_at=None).exclude(name="")
    return found


def _kept_by(model: Any, permission: str) -> Callable[[Actor], QuerySet[Any]]:
    def rows(by: Actor) -> QuerySet[Any]:
        gone = model.objects.exclude(archived_at=None)
        return gone if allowed(by, permission) else gone.none()

    return rows


KINDS: dict[str, Kind] = {
    kind.code: kind
    for kind in (
        Kind(
            "accounts", "Accounts", "building-2",
            lambda by: Account.objects.visible_to(by).exclude(archived_at=None), "archived_at", "name", rules.ARCHIVE,
            lambda row: reverse("accounts:account", args=[row.pk]),
        ),
        Kind(
            "contacts", "People", "users",
            lambda by: Contact.objects.visible_to(by).exclude(archived_at=None).filter(merged_into=None),
            "archived_at", "name", rules.EDIT_CONTACT, lambda row: reverse("accounts:contact", args=[row.pk]),
        ),
        Kind(
            "records", "Own records", "layers", _at_account(CustomRecord, "archived_at"), "archived_at", "name",
            rules.EDIT, lambda row: reverse("accounts:record", args=[row.object.code, row.pk]), _of_account,
        ),
        Kind(
            "activities", "Calls, mails and notes", "activity", _at_account(Activity, "removed_at"), "removed_at",
            "subject", rules.LOG, where=_of_account,
        ),
        Kind(
            "documents", "Documents", "paperclip", _at_account(Document, "removed_at"), "removed_at", "name",
            rules.KEEP_DOCUMENTS, where=_of_account,
        ),
        Kind(
            "tasks", "Dropped tasks", "circle-check", _dropped, "done_at", "title", rules.KEEP_TASKS,
            lambda row: reverse("accounts:task", args=[row.pk]), _of_account,
        ),
        Kind("views", "Your saved views", "list-filter", _views, "removed_at", "name", ""),
        Kind(
            "templates", "Task templates", "list-checks", _kept_by(TaskTemplate, rules.KEEP_TEMPLATES), "archived_at",
            "name", rules.KEEP_TEMPLATES,
        ),
        Kind("teams", "Teams", "users", _kept_by(Team, rules.EDIT_TEAMS), "archived_at", "name", rules.EDIT_TEAMS),
    )
}  # fmt: skip


def deleted(kind: Kind, *, by: Actor, q: str = "") -> QuerySet[Any]:
    """Those that `by` sees, with gone_at; the caller orders and pages them."""
    found = kind.rows(by).annotate(gone_at=F(kind.gone))
    for word in words_of(q):
        found = found.filter(**{f"{kind.named}__icontains": word})
    return found.select_related("account", "object") if kind.code == "records" else found


def may_restore(kind: Kind, *, by: Actor) -> bool:
    return not kind.permission or allowed(by, kind.permission)
