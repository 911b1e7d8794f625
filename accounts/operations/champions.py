"""What follows when a champion leaves: somebody is asked the same day to find another."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from accounts.models import Account, Contact, ContactRole, Notice, Task
from core.actor import Actor

SUBJECT = "champion"  # subject_kind of the task; its subject_id is the role that ended


@transaction.atomic
def ask_for_champion(*, account_id: UUID, role_id: UUID, by: Actor, at: datetime) -> Task | None:
    """Give the account's owner a task for today to win a new champion, and a notice. None when there is no need.

    No need: another champion is there, the account is archived or the task was made before; so it may be repeated.
    An account that nobody owns gets the task without a person. Raises DoesNotExist.
    """
    account = Account.objects.visible_to(by).select_for_update(of=("self",)).get(pk=account_id)
    ended = ContactRole.objects.select_related("contact").get(pk=role_id)
    champions = account.contact_roles.filter(role=ContactRole.Role.CHAMPION, ends_on=None)
    made_before = Task.objects.filter(subject_kind=SUBJECT, subject_id=role_id)
    if account.archived_at or champions.exists() or made_before.exists():
        return None
    task = Task.objects.create(
        account=account,
        title=f"Win a new champion at {account.name}"[:200],
        notes=_why(ended, ended.contact),
        assignee_id=account.owner_id,
        priority=Task.Priority.HIGH,
        due_on=at.date(),
        subject_kind=SUBJECT,
        subject_id=role_id,
        created_by_label="Plumbline",
    )
    if account.owner_id:
        Notice.objects.get_or_create(
            user_id=account.owner_id,
            key=f"champion-left:{role_id}",
            defaults={
                "kind": "champion_left",
                "text": f"The champion of {account.name} is gone"[:300],
                "url": f"/accounts/{account.pk}/people/",
                "account": account,
                "created_at": at,
            },
        )
    return task


def _why(ended: ContactRole, contact: Contact) -> str:
    return (
        f"{contact.name} is champion no more since {ended.ends_on:%-d %b %Y}: {ended.end_reason}\n"
        "Ask who speaks for us now, and look at the map of the people there."
    )
