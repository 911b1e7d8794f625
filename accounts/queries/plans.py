"""How far the lists of tasks that were begun at an account have come."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db.models import Count, Max, Min, Q

from accounts.models import Account, Task, TaskTemplate
from core.actor import Actor


@dataclass(frozen=True)
class Plan:
    """One template that was applied: tasks done, dropped and in all; next_on: the first open task's day."""

    template_id: UUID
    name: str
    done: int
    dropped: int
    all: int
    next_on: date | None
    last_on: date | None
    overdue: int

    @property
    def share(self) -> int:
        """Done of those that were not dropped, in whole per cent."""
        counted = self.all - self.dropped
        return round(100 * self.done / counted) if counted else 0


def plans_of(account: Account, *, by: Actor, on: date) -> list[Plan]:
    """The plans of an account, what is open first. Two queries."""
    mine = Task.objects.visible_to(by).filter(account=account, subject_kind="task_template")
    rows = mine.values("subject_id").annotate(
        done=Count("id", filter=Q(done_at__isnull=False, dropped=False)),
        gone=Count("id", filter=Q(dropped=True)),
        whole=Count("id"),
        next_on=Min("due_on", filter=Q(done_at=None)),
        last_on=Max("due_on"),
        late=Count("id", filter=Q(done_at=None, due_on__lt=on)),
    )
    found = list(rows)
    names = dict(TaskTemplate.objects.filter(pk__in=[row["subject_id"] for row in found]).values_list("pk", "name"))
    plans = [
        Plan(row["subject_id"], names.get(row["subject_id"], "A list that is gone"), row["done"], row["gone"],
             row["whole"], row["next_on"], row["last_on"], row["late"])
        for row in found
    ]  # fmt: skip
    return sorted(plans, key=lambda plan: (plan.next_on is None, plan.next_on or date.max, plan.name))
