from uuid import UUID

from celery import shared_task
from django.utils.timezone import now

from accounts.operations import champions
from core.actor import Actor


@shared_task(name="accounts.ask_for_champion")
def ask_for_champion(*, account_id: str, role_id: str, **_: object) -> None:
    """After a champion has left: the account's owner has a task for today, once."""
    champions.ask_for_champion(
        account_id=UUID(account_id), role_id=UUID(role_id), by=Actor.system("accounts"), at=now()
    )
