"""Reads of documents."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Prefetch, QuerySet

from accounts.models import Account, Activity, Contract, Document, Renewal, ShareDownload, ShareLink, Task
from accounts.queries.leftover import things_of


def documents_of(account_id: UUID) -> QuerySet[Document]:
    """The documents of an account, newest first, with their links. The caller has seen that the person may."""
    links = ShareLink.objects.filter(revoked_at=None).order_by("-created_at")
    kept = Document.objects.filter(account_id=account_id, removed_at=None)
    found: QuerySet[Document] = kept.prefetch_related(Prefetch("links", links)).order_by("-created_at", "-id")
    return found


def subjects(account: Account) -> list[tuple[str, str]]:
    """What a document of an account can belong to, for a choice: contracts, renewals, tasks, talks. Four queries."""
    tasks = Task.objects.filter(account=account, done_at=None, private=False).order_by("due_on", "id")[:50]
    talks = Activity.objects.filter(account=account, removed_at=None).order_by("-happened_at", "id")[:30]
    return [
        *things_of(account),
        *((f"task:{one.pk}", f"Task “{one.title}”") for one in tasks),
        *((f"activity:{one.pk}", f"{one.get_kind_display()} “{one.subject}”") for one in talks),
    ]


def subject_words(documents: Sequence[Document]) -> dict[UUID, tuple[str, str]]:
    """Document -> what it belongs to in words, and where that opens; nothing for private tasks. Up to four queries."""
    wanted: dict[str, dict[UUID, list[Document]]] = {}
    for one in documents:
        if one.subject_id:
            wanted.setdefault(one.subject_kind, {}).setdefault(one.subject_id, []).append(one)
    found: dict[UUID, tuple[str, str]] = {}
    for kind, (rows, words) in SUBJECTS.items():
        keys = wanted.get(kind, {})
        for row in rows().filter(pk__in=list(keys)) if keys else ():
            for document in keys[row.pk]:
                found[document.pk] = words(row)
    return found


SUBJECTS: dict[str, tuple[Callable[[], QuerySet[Any]], Callable[[Any], tuple[str, str]]]] = {
    "contract": (
        lambda: Contract.objects.all(),
        lambda row: (f"Contract “{row.name}”", f"/accounts/{row.account_id}/contracts/#c-{row.pk}"),
    ),
    "renewal": (
        lambda: Renewal.objects.select_related("contract"),
        lambda row: (f"Renewal of “{row.contract.name}”", f"/renewals/{row.pk}/"),
    ),
    "task": (
        lambda: Task.objects.filter(private=False),
        lambda row: (f"Task “{row.title}”", f"/tasks/{row.pk}/"),
    ),
    "activity": (
        lambda: Activity.objects.filter(removed_at=None),
        lambda row: (f"{row.get_kind_display()} “{row.subject}”", f"/accounts/{row.account_id}/?show=people"),
    ),
}


def documents_about(kind: str, subject_id: UUID) -> list[Document]:
    """The documents of one thing. The caller has seen that the person may see it."""
    found = Document.objects.filter(subject_kind=kind, subject_id=subject_id, removed_at=None)
    return list(found.order_by("-created_at", "-id")[:50])


def downloads_of(document_id: UUID) -> QuerySet[ShareDownload]:
    """Who fetched a document through its links, newest first."""
    found: QuerySet[ShareDownload] = ShareDownload.objects.filter(link__document_id=document_id)
    return found.select_related("link").order_by("-at")


def is_over(link: ShareLink, at: datetime) -> bool:
    """Whether a link leads nowhere any more."""
    used_up = link.most is not None and link.downloads >= link.most
    return bool(link.revoked_at) or used_up or link.expires_at <= at
