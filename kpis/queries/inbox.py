"""The inbox folder as its page shows it."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Max, OuterRef, Q, QuerySet, Subquery

from core.actor import Actor
from kpis.models import InboxFile, InboxLook, Source, Upload
from tenants.context import tenant_path


@dataclass(frozen=True)
class Inbox:
    """folder: below the product's media folder. looked_at None: nobody has looked yet. problem: why a look failed."""

    folder: str
    looked_at: datetime | None
    problem: str
    growing: int
    refused: int


@dataclass(frozen=True)
class SourceRow:
    """All picked-up files of one name."""

    file_name: str
    files: int
    newest: datetime
    imports_alone: bool
    decided_by: str
    waiting: int


def inbox() -> Inbox:
    """The last look and what waits or was refused; two queries."""
    look = InboxLook.objects.first()
    counts = InboxFile.objects.aggregate(
        growing=Count("id", filter=Q(done_at=None)), refused=Count("id", filter=Q(state=InboxFile.State.REFUSED))
    )
    return Inbox(tenant_path("inbox"), look.looked_at if look else None, look.problem if look else "", **counts)


def inbox_files(*, state: str = "") -> QuerySet[InboxFile]:
    """What was seen in the folder, for lists of newest first."""
    found: QuerySet[InboxFile] = InboxFile.objects.select_related("upload")
    return found.filter(state=state) if state else found


def sources(*, by: Actor) -> list[SourceRow]:
    """Names of files that were picked up, the newest first; at most a hundred."""
    source = Source.objects.filter(file_name=OuterRef("file_name"))
    picked = Upload.objects.visible_to(by).filter(picked_up=True).values("file_name")
    rows = picked.annotate(
        files=Count("id"),
        newest=Max("created_at"),
        waiting=Count("id", filter=Q(state=Upload.State.PROPOSED)),
        alone=Subquery(source.values("imports_alone")[:1]),
        who=Subquery(source.values("decided_by")[:1]),
    ).order_by("-newest")[:100]
    return [
        SourceRow(r["file_name"], r["files"], r["newest"], bool(r["alone"]), r["who"] or "", r["waiting"]) for r in rows
    ]
