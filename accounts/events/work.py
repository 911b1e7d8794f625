from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from core.audit import Event


@dataclass(frozen=True)
class ActivityChanged(Event):
    """A call, mail, meeting or note was written down, edited, removed or brought back. fields: what changed."""

    name = "accounts.activity_changed"
    activity_id: UUID
    kind: str
    what: str  # recorded, edited, removed, restored
    fields: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class TaskChanged(Event):
    """what: made, edited, given, done, reopened, dropped, snoozed, woken, moved. A private task names no account."""

    name = "accounts.task_changed"
    task_id: UUID
    what: str
    assignee_id: UUID | None = None
    fields: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class TaskTemplateChanged(Event):
    """what: made, edited, archived, applied (then `tasks` counts them)."""

    name = "accounts.task_template_changed"
    template_id: UUID
    what: str
    tasks: int = 0


@dataclass(frozen=True)
class CommentChanged(Event):
    """what: written, edited, removed. mentions: how many people are told. At a private task it names no account."""

    name = "accounts.comment_changed"
    comment_id: UUID
    subject_kind: str
    what: str
    mentions: int = 0


@dataclass(frozen=True)
class DocumentChanged(Event):
    """what: added, removed, restored, shared, revoked, downloaded (through a link)."""

    name = "accounts.document_changed"
    document_id: UUID
    what: str
    link_id: UUID | None = None


@dataclass(frozen=True)
class WorkSnoozed(Event):
    """Something of the work list was put away until a day, or woken (until is None)."""

    name = "accounts.work_snoozed"
    kind: str
    subject_id: UUID
    until: date | None
    reason: str = ""


@dataclass(frozen=True)
class DayOffChanged(Event):
    """A day became a day off, or works again (removed)."""

    name = "accounts.day_off_changed"
    on: str
    label: str
    removed: bool
