"""Rows of activities and tasks."""

from datetime import datetime
from typing import Any

from django.db.models import Q
from django.utils.timezone import make_aware

from accounts import columns, rules
from accounts.models import Activity, Task
from accounts.operations.activities import edit_activity, record_activity, remove_activity
from accounts.operations.record_kinds.names import Held
from accounts.operations.record_kinds.people import ACCOUNT
from accounts.operations.record_kinds.shape import (
    Column,
    Kind,
    Run,
    Taken,
    moment,
    one_of,
    plain,
    unchanged,
    whole,
    yes,
)
from accounts.operations.tasks import close_task, create_task, edit_task, reopen_task
from core.actor import Actor
from users.models import User

_ACTIVITY = {
    "phone": "call", "phone call": "call", "email": "mail", "e-mail": "mail", "e mail": "mail", "visit": "meeting",
    "demo": "meeting", "comment": "note", "memo": "note",
}  # fmt: skip
_PRIORITY = {"urgent": 1, "important": 1, "medium": 2, "p1": 1, "p2": 2, "p3": 3}


def _person(text: str) -> User | None:
    """A user by e-mail or by exact name, if only one has it."""
    found = list(User.objects.filter(Q(email__iexact=text) | Q(name__iexact=text))[:2])
    return found[0] if len(found) == 1 else None


def _take_activity(fields: dict[str, Any], key: str, run: Run) -> Taken:
    account = run.names.account(fields["account"])
    when: datetime = make_aware(fields["happened_at"])  # the clock of the workspace
    given: dict[str, Any] = {name: fields[name] for name in ("body", "minutes") if name in fields}
    kind, subject = fields.get("kind", Activity.Kind.NOTE.value), fields["subject"][:200]
    there = account.activities.filter(kind=kind, subject=subject, happened_at=when, removed_at=None).first()
    if there:
        before: dict[str, Any] = {n: getattr(there, n) for n, value in given.items() if getattr(there, n) != value}
        done = edit_activity(activity_id=there.pk, expected_version=there.version, changes=given, by=run.by, at=run.at)
        return Taken("update" if before else "same", done.pk, before, done.version)
    made = record_activity(
        account_id=account.pk, kind=kind, subject=subject, happened_at=when, by=run.by, at=run.at, **given
    )
    if author := fields.get("author"):
        person = _person(author)
        made.by_id, made.by_label = (person.pk, str(person)[:160]) if person else (None, author[:160])
        made.save(update_fields=["by_id", "by_label"])
    return Taken("create", made.pk, version=made.version)


def _undo_activity(row: Any, *, by: Actor, at: Any, expected: int | None) -> int:
    found = Activity.objects.visible_to(by).get(pk=row.record_id)
    unchanged(found.version, expected, found.subject)
    if row.action == "create":
        return int(remove_activity(activity_id=found.pk, by=by, at=at).version)
    changed = edit_activity(activity_id=found.pk, expected_version=found.version, changes=row.before, by=by, at=at)
    return int(changed.version)


def _take_task(fields: dict[str, Any], key: str, run: Run) -> Taken:
    account = run.names.account(fields["account"]) if "account" in fields else None
    given: dict[str, Any] = {name: fields[name] for name in ("notes", "priority", "due_on") if name in fields}
    if owner := fields.get("owner"):
        person = _person(owner)
        if person is None or not person.is_active:
            raise Held(f"Nobody here has the e-mail {owner}.", field="owner")
        given["assignee_id"] = person.pk
    title = fields["title"][:200]
    there = Task.objects.visible_to(run.by).filter(account=account, title=title, dropped=False).order_by("-pk").first()
    before: dict[str, Any] = {}
    if there is None:
        task = create_task(title=title, account_id=account.pk if account else None, by=run.by, at=run.at, **given)
    else:
        before = {name: plain(getattr(there, name)) for name, value in given.items() if getattr(there, name) != value}
        task = edit_task(task_id=there.pk, expected_version=there.version, changes=given, by=run.by, at=run.at)
    if "done" in fields and fields["done"] != (task.done_at is not None):
        before["done"] = task.done_at is not None
        move = close_task if fields["done"] else reopen_task
        task = move(task_id=task.pk, by=run.by, at=run.at)
    if there is None:
        return Taken("create", task.pk, version=task.version)
    return Taken("update" if before else "same", task.pk, before, task.version)


def _undo_task(row: Any, *, by: Actor, at: Any, expected: int | None) -> int:
    task = Task.objects.visible_to(by).get(pk=row.record_id)
    unchanged(task.version, expected, task.title)
    if row.action == "create":
        open_again = reopen_task(task_id=task.pk, by=by, at=at) if task.done_at and not task.dropped else task
        return int(close_task(task_id=open_again.pk, by=by, at=at, dropped=True).version)
    if "done" in row.before:
        move = close_task if row.before["done"] else reopen_task
        task = move(task_id=task.pk, by=by, at=at)
    back = {
        name: Task._meta.get_field(name.removesuffix("_id")).to_python(value)  # type: ignore[union-attr]
        for name, value in row.before.items()
        if name != "done"
    }
    return int(edit_task(task_id=task.pk, expected_version=task.version, changes=back, by=by, at=at).version)


ACTIVITIES = Kind(
    "activities",
    "Activities",
    rules.LOG,
    {
        "account": ACCOUNT,
        "subject": Column("Subject", aliases=("subject", "title", "topic", "summary"), required=True, longest=200),
        "happened_at": Column("When", moment, ("when", "date", "happened at", "time", "on"), True, "moment"),
        "kind": Column("Kind", one_of(Activity.Kind.choices, _ACTIVITY), ("kind", "type", "activity"),
                       hint="call, mail, meeting or note"),
        "body": Column("Text", aliases=("text", "body", "notes", "note", "details"), longest=20_000),
        "minutes": Column("Minutes", whole(1440), ("minutes", "duration"), shape="number"),
        "author": Column("Author", aliases=("author", "by", "owner", "agent", "user", "csm"), longest=160,
                         hint="e-mail or name"),
    },
    ("subject",),
    _undo_activity,
    take=_take_activity,
)  # fmt: skip
TASKS = Kind(
    "tasks",
    "Tasks",
    rules.KEEP_TASKS,
    {
        "title": Column("Title", aliases=("title", "task", "subject", "to do", "todo"), required=True, longest=200),
        "account": Column(ACCOUNT.label, aliases=ACCOUNT.aliases),
        "owner": Column("Owner's e-mail", aliases=("owner", "assignee", "assigned to", "owner email", "csm")),
        "due_on": Column("Due", columns.read_day, ("due", "due date", "due on", "deadline"), shape="day"),
        "priority": Column("Priority", one_of(Task.Priority.choices, _PRIORITY), ("priority", "prio"),
                           hint="high, normal or low"),
        "notes": Column("Notes", aliases=("notes", "note", "description", "text"), longest=20_000),
        "done": Column("Done", yes, ("done", "completed", "closed", "status")),
    },
    ("title",),
    _undo_task,
    take=_take_task,
)  # fmt: skip
