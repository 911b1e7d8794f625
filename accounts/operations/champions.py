"""What follows when a champion leaves: somebody is asked the same day to find another."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from accounts.models import Account, ContactRole, Task
from accounts.operations.tasks import create_task
from core.actor import Actor

SUBJECT = "champion"  # subject_kind of the task; its subject_id is the role that ended


@transaction.atomic
def ask_for_champion(*, account_id: UUID, role_id: UUID, by: Actor, at: datetime) -> Task | None:
    """Give the account's owner a task for today to win a new champion, and tell them. None when there is no need.

    No need: another champion is there, the account is archived or the task was made before; so it may be repeated.
    An account that nobody here owns gets the task without a person. Emits as `create_task`. Raises DoesNotExist.
    """
    accounts = Account.objects.visible_to(by).select_related("owner")
    account = accounts.select_for_update(of=("self",)).get(pk=account_id)
    ended = ContactRole.objects.select_related("contact").get(pk=role_id)
    champions = account.contact_roles.filter(role=ContactRole.Role.CHAMPION, ends_on=None)
    made_before = Task.objects.filter(subject_kind=SUBJECT, subject_id=role_id)
    if account.archived_at or champions.exists() or made_before.exists():
        return None
    gone = f"{ended.contact.name} is champion no more since {ended.ends_on:%-d %b %Y}: {ended.end_reason}"
    return create_task(
        account_id=account.pk,
        title=f"Win a new champion at {account.name}"[:200],
        notes=f"{gone}\nAsk who speaks for us now, and look at the map of the people there.",
        assignee_id=account.owner_id if account.owner and account.owner.is_active else None,
        priority=Task.Priority.HIGH,
        due_on=at.date(),
        subject_kind=SUBJECT,
        subject_id=role_id,
        created_by_label="Plumbline",
        by=by,
        at=at,
    )
