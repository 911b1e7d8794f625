"""Reads of tasks and notices."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils.timezone import localdate

from accounts.models import Account, Notice, Task, TaskTemplate
from core.actor import Actor
from users.models import User

VIEWS = {
    "mine": "Mine",
    "overdue": "Overdue",
    "snoozed": "Snoozed",
    "given": "Given by me",
    "all": "All",
    "done": "Closed",
}
FAR = date(9999, 12, 31)


def open_tasks(*, by: Actor) -> QuerySet[Task]:
    """Tasks that are not closed, as far as `by` sees them."""
    found: QuerySet[Task] = Task.objects.visible_to(by).filter(done_at=None).select_related("account", "assignee")
    return found


def awake(tasks: QuerySet[Task], on: date) -> QuerySet[Task]:
    """Those that are not put off beyond a day."""
    return tasks.filter(Q(snoozed_until=None) | Q(snoozed_until__lte=on))


def my_tasks(*, by: Actor, on: date) -> QuerySet[Task]:
    """What waits for `by` on a day, overdue first, then by due date; without a date last."""
    return awake(open_tasks(by=by).filter(assignee_id=by.user_id), on)


def tasks_in(view: str, *, by: Actor, on: date) -> QuerySet[Task]:
    """The tasks of one view of the list."""
    if view == "done":
        closed: QuerySet[Task] = Task.objects.visible_to(by).exclude(done_at=None)
        return closed.select_related("account", "assignee")
    tasks = open_tasks(by=by)
    if view == "snoozed":
        return tasks.filter(snoozed_until__gt=on, assignee_id=by.user_id)
    if view == "given":
        return tasks.filter(created_by_id=by.user_id).exclude(assignee_id=by.user_id)
    if view == "all":
        return tasks
    mine = my_tasks(by=by, on=on)
    return mine.filter(due_on__lt=on) if view == "overdue" else mine


def tasks_of(account_id: UUID, *, by: Actor) -> QuerySet[Task]:
    """The open tasks of an account, as far as `by` sees them; a private one only for its two people."""
    return open_tasks(by=by).filter(account_id=account_id).order_by("due_on", "priority", "id")


def templates() -> QuerySet[TaskTemplate]:
    """Templates that are offered, by name."""
    found: QuerySet[TaskTemplate] = TaskTemplate.objects.filter(archived_at=None).order_by("name")
    return found


def people_who_see(account: Account | None) -> QuerySet[User]:
    """Active people who may know of an account; of no account in particular: everybody."""
    found: QuerySet[User] = User.objects.filter(is_active=True).select_related("role").order_by("name", "email")
    if account is None:
        return found
    return found.filter(Q(role__sees_all=True) | Q(pk=account.owner_id))


def notices_of(*, by: Actor) -> QuerySet[Notice]:
    """One's own notices; not those at an account that one does not see any more."""
    mine: QuerySet[Notice] = Notice.objects.filter(user=by.user_id)
    if by.sees_all:
        return mine
    return mine.filter(Q(account=None) | Q(account__in=Account.objects.visible_to(by)))


def unread_of(*, by: Actor, on: date) -> QuerySet[Notice]:
    """One's own notices that wait: not read, and not put away beyond a day."""
    waiting = notices_of(by=by).filter(read_at=None)
    return waiting.filter(Q(snoozed_until=None) | Q(snoozed_until__lte=on))


def notices_in(show: str, *, by: Actor, on: date) -> QuerySet[Notice]:
    """The inbox: "" what waits, "snoozed" what is put away, "all" everything."""
    if show == "all":
        return notices_of(by=by)
    if show == "snoozed":
        return notices_of(by=by).filter(snoozed_until__gt=on)
    return unread_of(by=by, on=on)


@dataclass(frozen=True)
class NoticeGroup:
    """News of one kind about one thing, newest first; most have one."""

    notices: list[Notice]

    @property
    def newest(self) -> Notice:
        return self.notices[0]

    @property
    def older(self) -> list[Notice]:
        return self.notices[1:]

    @property
    def unread(self) -> bool:
        return any(one.read_at is None for one in self.notices)


def grouped(notices: Iterable[Notice]) -> list[NoticeGroup]:
    """Repeats of a page as one line, where the newest of them stands."""
    groups: dict[tuple[str, str], list[Notice]] = {}
    for one in notices:
        groups.setdefault((one.kind, one.url.partition("#")[0]), []).append(one)
    return [NoticeGroup(found) for found in groups.values()]


def unread(*, by: Actor, on: date | None = None) -> int:
    """How many notices wait for `by`."""
    return unread_of(by=by, on=on or localdate()).count()
