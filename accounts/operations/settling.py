"""When something is closed: what becomes of the tasks that are still open there."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.core.exceptions import ObjectDoesNotExist
from django.db import transaction

from accounts import rules
from accounts.events import TaskChanged
from accounts.models import Account
from accounts.operations.past import remember, stored_state
from accounts.operations.tasks import close_task
from accounts.queries.leftover import open_tasks_of, parent_of
from core.actor import Actor
from core.audit import record
from core.errors import DomainError
from core.rules import require
from users.models import User

WAYS = {"keep": "Keep it open", "done": "It is done", "drop": "Drop it", "move": "Move it"}


@transaction.atomic
def settle_tasks(
    *, kind: str, parent_id: UUID, choices: Mapping[UUID, str], by: Actor, at: datetime, account_id: UUID | None = None
) -> dict[str, int]:
    """Keep, finish, drop or move the open tasks of an account, contract or renewal; returns how many of each.

    choices: task -> a name of WAYS; tasks that are not named stay. account_id: where those go that move; they belong
    to that account alone then. Emits TaskChanged. Raises DomainError, PermissionDenied, ObjectDoesNotExist.
    """
    parent = parent_of(kind, parent_id, by=by)
    if parent is None:
        raise ObjectDoesNotExist
    require(by, rules.KEEP_TASKS, parent.account)
    if unknown := set(choices.values()) - set(WAYS):
        raise DomainError(f"Choose one of: {', '.join(WAYS)}; not {', '.join(sorted(unknown))}.", field="choices")
    goal = _goal(account_id, parent.kind == "account" and parent.id or None, by) if "move" in choices.values() else None
    counts = dict.fromkeys(WAYS, 0)
    for task in list(open_tasks_of(parent, by=by).filter(pk__in=list(choices)).select_for_update(of=("self",))):
        how = choices[task.pk]
        counts[how] += 1
        if how in ("done", "drop"):
            close_task(task_id=task.pk, dropped=how == "drop", by=by, at=at)
        elif goal is not None and how == "move":
            _check_assignee(task.assignee_id, goal)
            before = stored_state("task", task)
            task.account, task.subject_kind, task.subject_id = goal, "", None
            task.version += 1
            task.save(update_fields=["account", "subject_kind", "subject_id", "version"])
            told = TaskChanged(None if task.private else goal.pk, task.pk, "moved", task.assignee_id)
            remember("task", task, before, record(told, by=by))
    return counts


def _goal(account_id: UUID | None, own: UUID | None, by: Actor) -> Account:
    found: Account | None = (
        Account.objects.visible_to(by).active().filter(pk=account_id).first() if account_id else None
    )
    if found is None:
        raise DomainError("Name the account that they go to.", field="to")
    if found.pk == own:
        raise DomainError("They are at this account already. Name another.", field="to")
    return found


def _check_assignee(user_id: UUID | None, goal: Account) -> None:
    person = User.objects.select_related("role").filter(pk=user_id).first() if user_id else None
    if person and not Account.objects.visible_to(person.as_actor()).filter(pk=goal.pk).exists():
        raise DomainError(f"{person} does not see “{goal.name}”. Give the task to somebody else first.", field="to")
