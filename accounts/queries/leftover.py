"""What a task belongs to besides its account, and the tasks that are still open when that is closed."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from accounts.models import Account, Contract, Renewal, Task
from accounts.queries.tasks import open_tasks
from core.actor import Actor


@dataclass(frozen=True)
class Parent:
    """Something that tasks belong to: how it is called, where it opens, and whether it is closed."""

    kind: str
    id: UUID
    account: Account
    label: str
    url: str
    closed: bool


def parent_of(kind: str, parent_id: UUID, *, by: Actor) -> Parent | None:
    """An account, a contract or a renewal that `by` sees; None for everything else."""
    if kind == "account":
        account = Account.objects.visible_to(by).filter(pk=parent_id).first()
        url = f"/accounts/{parent_id}/"
        return Parent(kind, parent_id, account, account.name, url, account.archived_at is not None) if account else None
    if kind == "contract":
        contract = Contract.objects.visible_to(by).select_related("account").filter(pk=parent_id).first()
        if contract is None:
            return None
        over = contract.state in (Contract.State.ENDED, Contract.State.RENEWED)
        url = f"/accounts/{contract.account_id}/contracts/#c-{parent_id}"
        return Parent(kind, parent_id, contract.account, contract.name, url, over)
    found = Renewal.objects.visible_to(by).select_related("account", "contract").filter(pk=parent_id).first()
    if kind != "renewal" or found is None:
        return None
    label = f"Renewal of {found.contract.name}"
    return Parent(kind, parent_id, found.account, label, f"/renewals/{parent_id}/", found.state != Renewal.State.OPEN)


def open_tasks_of(parent: Parent, *, by: Actor) -> QuerySet[Task]:
    """Its tasks that are not closed, as far as `by` sees them."""
    tasks = open_tasks(by=by).order_by("due_on", "priority", "id")
    if parent.kind == "account":
        return tasks.filter(account_id=parent.id)
    return tasks.filter(subject_kind=parent.kind, subject_id=parent.id)


def things_of(account: Account) -> list[tuple[str, str]]:
    """What a task at an account can belong to, for a choice: contracts and renewals that are not over. Two queries."""
    contracts: Any = Contract.objects.filter(account=account).exclude(state__in=("ended", "renewed")).order_by("name")
    renewals: Any = Renewal.objects.filter(account=account, state=Renewal.State.OPEN).select_related("contract")
    return [
        *((f"contract:{one.pk}", f"Contract “{one.name}”") for one in contracts[:50]),
        *((f"renewal:{one.pk}", f"Renewal of “{one.contract.name}”") for one in renewals.order_by("due_on")[:50]),
    ]
