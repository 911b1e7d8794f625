"""Tasks: made, given to somebody, put off, done, dropped; and the reminder that fires once."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.timezone import localdate

from accounts import rules
from accounts.events import TaskChanged
from accounts.models import Account, Task
from accounts.operations.notices import check_snooze, tell
from accounts.operations.past import remember, stored_state
from accounts.queries.leftover import things_of
from core.actor import Actor
from core.audit import record
from core.errors import Conflict, DomainError
from core.models import Entry
from core.rules import require
from users.models import User

EDITABLE = ("title", "notes", "assignee_id", "priority", "due_on", "remind_on", "private")


@transaction.atomic
def create_task(*, title: str, by: Actor, at: datetime, account_id: UUID | None = None, **values: Any) -> Task:
    """Make a task; values: the other names of EDITABLE. Without `assignee_id` it is one's own.

    about: "contract:<id>" or "renewal:<id>" of the account, when it belongs to that.

    Emits TaskChanged; tells the assignee if that is somebody else. Raises DomainError, PermissionDenied,
    Account.DoesNotExist.
    """
    account = Account.objects.visible_to(by).get(pk=account_id) if account_id else None
    require(by, rules.KEEP_TASKS, account)
    made = Task(account=account, assignee_id=by.user_id, title=title)
    made.created_at, made.created_by_id, made.created_by_label = at, by.user_id, by.label[:160]
    about = values.pop("about", "")
    for name, value in values.items():
        setattr(made, name, value)
    if about:
        _set_about(made, about)
    _check(made)
    made.save(force_insert=True)
    _record(made, "made", by)
    _tell_assignee(made, by, at)
    return made


@transaction.atomic
def edit_task(*, task_id: UUID, expected_version: int, changes: Mapping[str, Any], by: Actor, at: datetime) -> Task:
    """Change a task; whoever gets it newly is told once. A new day to remind lets the reminder fire again.

    Emits TaskChanged. Raises Conflict, DomainError, PermissionDenied, Task.DoesNotExist.
    """
    task = _locked(task_id, by)
    if task.version != expected_version:
        raise Conflict("Somebody changed this task meanwhile. Look at it as it is now, then save again.")
    if changes.get("private") and not task.private and task.created_by_id != by.user_id:
        raise DomainError("Only who made a task can make it private.", field="private")
    belonged = (task.subject_kind, task.subject_id)
    if "about" in changes:
        _set_about(task, changes["about"])
    changed = [name for name in EDITABLE if name in changes and getattr(task, name) != changes[name]]
    if (task.subject_kind, task.subject_id) != belonged:
        changed.append("about")
    if not changed:
        return task
    was_private = task.private
    for name in changed:
        if name != "about":
            setattr(task, name, changes[name])
    _check(task)
    if "remind_on" in changed:
        task.reminded_at = None
    stored = stored_state("task", task)
    task.version += 1
    task.save()
    what = "given" if "assignee_id" in changed else "edited"
    remember("task", task, stored, _record(task, what, by, changed, hidden=was_private))
    if "assignee_id" in changed:
        _tell_assignee(task, by, at)
    return task


@transaction.atomic
def close_task(*, task_id: UUID, by: Actor, at: datetime, dropped: bool = False) -> Task:
    """Say that a task is done, or that it will not be; a second time nothing happens. Emits TaskChanged."""
    task = _locked(task_id, by)
    if task.done_at is None:
        task.done_at, task.done_by, task.dropped = at, by.label[:160], dropped
        task.snoozed_until, task.snooze_reason = None, ""
        _save(task, "dropped" if dropped else "done", by)
    return task


@transaction.atomic
def reopen_task(*, task_id: UUID, by: Actor, at: datetime) -> Task:
    """Open a closed task again; a second time nothing happens. Emits TaskChanged."""
    task = _locked(task_id, by)
    if task.done_at is not None:
        task.done_at, task.done_by, task.dropped = None, "", False
        _save(task, "reopened", by)
    return task


@transaction.atomic
def snooze_task(*, task_id: UUID, until: date | None, by: Actor, at: datetime, reason: str = "") -> Task:
    """Put a task away until a day to come, with the reason; None wakes it. Emits TaskChanged.

    Raises DomainError, PermissionDenied, Task.DoesNotExist.
    """
    task = _locked(task_id, by)
    if task.done_at is not None:
        raise DomainError("This task is closed.")
    check_snooze(until=until, reason=reason, on=localdate(at))
    task.snoozed_until, task.snooze_reason = until, reason.strip()[:200] if until else ""
    _save(task, "snoozed" if until else "woken", by)
    return task


def remind(*, on: date, by: Actor, at: datetime) -> int:
    """Send the reminders that are due on a day; each fires once. Returns how many."""
    due = Task.objects.filter(done_at=None, remind_on__lte=on, reminded_at=None).exclude(assignee=None)
    with transaction.atomic():
        found = list(due.exclude(snoozed_until__gt=on).select_for_update(skip_locked=True))
        for task in found:
            # The account's name is for the page: whoever has the task may have lost sight of the account.
            text, key = f"Reminder: {task.title}", f"task:{task.pk}:remind:{task.remind_on}"
            tell(people=[task.assignee_id], kind="reminder", text=text, url=address_of(task), key=key, at=at)
            task.reminded_at = at
        Task.objects.bulk_update(found, ["reminded_at"], batch_size=500)
    return len(found)


def address_of(task: Task) -> str:
    return f"/tasks/{task.pk}/"


def _locked(task_id: UUID, by: Actor) -> Task:
    task: Task = Task.objects.visible_to(by).select_for_update(of=("self",)).get(pk=task_id)
    require(by, rules.KEEP_TASKS, task)
    return task


def _save(task: Task, what: str, by: Actor) -> None:
    before = stored_state("task", task)
    task.version += 1
    task.save()
    remember("task", task, before, _record(task, what, by))


def _record(task: Task, what: str, by: Actor, fields: list[str] | None = None, *, hidden: bool = False) -> Entry:
    account = None if task.private or hidden else task.account_id
    return record(TaskChanged(account, task.pk, what, task.assignee_id, fields or []), by=by)


def _tell_assignee(task: Task, by: Actor, at: datetime) -> None:
    if task.assignee_id is None or task.assignee_id == by.user_id:
        return
    who = "Plumbline" if by.is_system else by.label
    text, key = f"{who} gave you a task: {task.title}", f"task:{task.pk}:given:{task.version}"
    tell(people=[task.assignee_id], kind="task", text=text, url=address_of(task), key=key, at=at)


def _set_about(task: Task, about: str) -> None:
    """What it belongs to besides its account; "" is nothing."""
    kind, _, key = about.partition(":")
    if about and about not in {known for known, _ in (things_of(task.account) if task.account else [])}:
        raise DomainError("There is no such open contract or renewal at this account.", field="about")
    task.subject_kind, task.subject_id = (kind, UUID(key)) if about else ("", None)


def _check(task: Task) -> None:
    task.title = task.title.strip()[:200]
    if not task.title:
        raise DomainError("Say what is to do.", field="title")
    if task.priority not in Task.Priority.values:
        raise DomainError("Choose a priority.", field="priority")
    if task.assignee_id is None:
        return
    person = User.objects.filter(pk=task.assignee_id, is_active=True).select_related("role").first()
    if person is None:
        raise DomainError("This person is not here any more.", field="assignee_id")
    if task.account_id and not Account.objects.visible_to(person.as_actor()).filter(pk=task.account_id).exists():
        raise DomainError(f"{person} does not see this account. Give it to somebody who does.", field="assignee_id")
