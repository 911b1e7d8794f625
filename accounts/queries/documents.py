"""Reads of documents."""

from datetime import datetime
from uuid import UUID

from django.db.models import Prefetch, QuerySet

from accounts.models import Document, ShareDownload, ShareLink


def documents_of(account_id: UUID) -> QuerySet[Document]:
    """The documents of an account, newest first, with their links. The caller has seen that the person may."""
    links = ShareLink.objects.filter(revoked_at=None).order_by("-created_at")
    kept = Document.objects.filter(account_id=account_id, removed_at=None)
    found: QuerySet[Document] = kept.prefetch_related(Prefetch("links", links)).order_by("-created_at", "-id")
    return found


def downloads_of(document_id: UUID) -> QuerySet[ShareDownload]:
    """Who fetched a document through its links, newest first."""
    found: QuerySet[ShareDownload] = ShareDownload.objects.filter(link__document_id=document_id)
    return found.select_related("link").order_by("-at")


def is_over(link: ShareLink, at: datetime) -> bool:
    """Whether a link leads nowhere any more."""
    used_up = link.most is not None and link.downloads >= link.most
    return bool(link.revoked_at) or used_up or link.expires_at <= at
