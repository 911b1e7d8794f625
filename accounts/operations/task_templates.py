"""Lists of tasks that begin on a day."""

from collections.abc import Container, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from accounts import rules
from accounts.events import TaskTemplateChanged
from accounts.events.work import DayOffChanged
from accounts.models import DayOff, Task, TaskTemplate
from accounts.operations.tasks import create_task
from core.actor import Actor
from core.audit import record
from core.errors import Conflict, DomainError
from core.rules import require

MOST = 50  # tasks of a template
SATURDAY = 5


@transaction.atomic
def save_template(
    *, name: str, items: Sequence[dict[str, Any]], by: Actor, template_id: UUID | None = None,
    expected_version: int | None = None,
) -> TaskTemplate:  # fmt: skip
    """Make a template, or change one. items: {"title", "notes", "days" after the start, "priority", "weekdays"}.

    Emits TaskTemplateChanged. Raises Conflict, DomainError, PermissionDenied, TaskTemplate.DoesNotExist.
    """
    require(by, rules.KEEP_TEMPLATES)
    found = TaskTemplate.objects.select_for_update().get(pk=template_id) if template_id else TaskTemplate(version=0)
    if template_id and found.version != expected_version:
        raise Conflict("Somebody changed this template meanwhile. Look at it as it is now, then save again.")
    found.name, found.items = name.strip()[:120], [_item(item) for item in items]
    if not found.name:
        raise DomainError("Give the template a name.", field="name")
    if not 1 <= len(found.items) <= MOST:
        raise DomainError(f"A template has 1 to {MOST} tasks.", field="items")
    found.version += 1
    try:
        with transaction.atomic():
            found.save()
    except IntegrityError as error:
        raise DomainError("Another template has this name.", field="name") from error
    record(TaskTemplateChanged(None, found.pk, "edited" if template_id else "made"), by=by)
    return found


@transaction.atomic
def archive_template(*, template_id: UUID, by: Actor, at: datetime, restore: bool = False) -> TaskTemplate:
    """Offer a template no more, or again; tasks that were made from it stay."""
    require(by, rules.KEEP_TEMPLATES)
    found: TaskTemplate = TaskTemplate.objects.select_for_update().get(pk=template_id)
    if (found.archived_at is None) != restore:
        found.archived_at = None if restore else at
        found.version += 1
        found.save(update_fields=["archived_at", "version"])
        record(TaskTemplateChanged(None, found.pk, "restored" if restore else "archived"), by=by)
    return found


@transaction.atomic
def apply_template(
    *, template_id: UUID, account_id: UUID, starts_on: date, by: Actor, at: datetime, assignee_id: UUID | None = None
) -> list[Task]:
    """Make the tasks of a template at an account, each due that many days after the start.

    assignee_id: None is oneself. Emits TaskChanged for each and TaskTemplateChanged. Raises DomainError,
    PermissionDenied, TaskTemplate.DoesNotExist, Account.DoesNotExist.
    """
    template = TaskTemplate.objects.get(pk=template_id, archived_at=None)
    days = planned_days(template, starts_on)
    made = [
        create_task(
            account_id=account_id,
            title=item["title"],
            notes=item["notes"],
            priority=item["priority"],
            due_on=due_on,
            assignee_id=assignee_id or by.user_id,
            subject_kind="task_template",
            subject_id=template.pk,
            by=by,
            at=at,
        )
        for item, due_on in zip(template.items, days, strict=True)
    ]
    record(TaskTemplateChanged(account_id, template.pk, "applied", len(made)), by=by)
    return made


def planned_days(template: TaskTemplate, starts_on: date) -> list[date]:
    """On which day each task of a template falls due when it begins on a day. One query."""
    off = set(DayOff.objects.filter(on__gte=starts_on).values_list("on", flat=True))
    return [due_day(starts_on, item["days"], weekdays=item["weekdays"], off=off) for item in template.items]


@transaction.atomic
def keep_day_off(*, on: date, by: Actor, name: str = "", remove: bool = False) -> None:
    """Say that nobody works on a day, or take that back. Emits DayOffChanged. Raises DomainError, PermissionDenied."""
    require(by, rules.KEEP_TEMPLATES)
    there = DayOff.objects.filter(on=on)
    if remove:
        gone, _ = there.delete()
    elif there.exists():
        raise DomainError("That day is on the list already.", field="on")
    else:
        DayOff.objects.create(on=on, name=name.strip()[:80])
        gone = 1
    if gone:
        record(DayOffChanged(None, on.isoformat(), name.strip()[:80], remove), by=by)


def due_day(start: date, days: int, *, weekdays: bool, off: Container[date] = ()) -> date:
    """`days` after `start`; with weekdays Saturdays, Sundays and the days `off` are neither counted nor chosen."""
    if not weekdays:
        return start + timedelta(days=days)

    def works(day: date) -> bool:
        return day.weekday() < SATURDAY and day not in off

    day = start
    while not works(day):
        day += timedelta(days=1)
    for _ in range(days):
        day += timedelta(days=1)
        while not works(day):
            day += timedelta(days=1)
    return day


def _item(given: dict[str, Any]) -> dict[str, Any]:
    title, days = str(given.get("title", "")).strip()[:200], given.get("days", 0)
    if not title:
        raise DomainError("Every task of a template says what is to do.", field="items")
    if not isinstance(days, int) or not 0 <= days <= 1000:
        raise DomainError(f"“{title}”: the days after the start are a number from 0 to 1,000.", field="items")
    priority = given.get("priority", Task.Priority.NORMAL.value)
    if priority not in Task.Priority.values:
        raise DomainError(f"“{title}”: choose a priority.", field="items")
    notes, weekdays = str(given.get("notes", "")), bool(given.get("weekdays", False))
    return {"title": title, "notes": notes, "days": days, "priority": priority, "weekdays": weekdays}
