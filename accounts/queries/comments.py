"""Reads of threads."""

from uuid import UUID

from django.db.models import Q, QuerySet

from accounts.models import Account, Comment, Task
from core.actor import Actor


def thread(kind: str, subject_id: UUID) -> QuerySet[Comment]:
    """The comments at a record. The caller has made sure that the person sees the record."""
    found: QuerySet[Comment] = Comment.objects.filter(subject_kind=kind, subject_id=subject_id, removed_at=None)
    return found


def comments_seen(*, by: Actor) -> QuerySet[Comment]:
    """Comments at accounts and tasks that `by` sees."""
    accounts, tasks = Account.objects.visible_to(by).values("pk"), Task.objects.visible_to(by).values("pk")
    at_account = Q(subject_kind="account", subject_id__in=accounts)
    at_task = Q(subject_kind="task", subject_id__in=tasks)
    found: QuerySet[Comment] = Comment.objects.filter(at_account | at_task, removed_at=None)
    return found
