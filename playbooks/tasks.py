from uuid import UUID

from celery import shared_task
from django.utils.timezone import now

from core.actor import Actor
from playbooks import operations


@shared_task(name="playbooks.evaluate_triggers")
def evaluate_triggers(*, account_id: str, score_id: str, old: int | None, new: int | None, **_: object) -> None:
    """After a change of health: start the playbooks that have a measured reason."""
    operations.evaluate_triggers(
        account_id=UUID(account_id), score_id=UUID(score_id), old=old, new=new, by=Actor.system("playbooks"), at=now()
    )
