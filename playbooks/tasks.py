from uuid import UUID

from celery import shared_task
from django.utils.timezone import now

from core.actor import Actor
from playbooks import operations, queries
from playbooks.models import Trigger


@shared_task(name="playbooks.evaluate_triggers")
def evaluate_triggers(*, account_id: str, score_id: str, old: int | None, new: int | None, **_: object) -> None:
    """After a change of health: start the playbooks that have a measured reason."""
    operations.evaluate_triggers(
        account_id=UUID(account_id), score_id=UUID(score_id), old=old, new=new, by=Actor.system("playbooks"), at=now()
    )


@shared_task(name="playbooks.evaluate_values")
def evaluate_values(*, account_id: str | None, account_ids: list[str] | None = None, **_: object) -> None:
    """After new values: start the playbooks that watch a single KPI. Health may not have moved at all."""
    if not queries.watching([Trigger.Metric.KPI_BELOW, Trigger.Metric.KPI_ABOVE]):
        return
    for found in [account_id] if account_id else account_ids or []:
        operations.evaluate_account(account_id=UUID(found), by=Actor.system("playbooks"), at=now())


@shared_task(name="playbooks.evaluate_renewals")
def evaluate_renewals(**_: object) -> None:
    """Every day: a renewal comes nearer although nothing else changes."""
    for account_id in queries.renewals_at_risk(on=now().date()):
        operations.evaluate_account(account_id=account_id, by=Actor.system("playbooks"), at=now())


@shared_task(name="playbooks.hand_over_steps")
def hand_over_steps(*, account_id: str | None, **_: object) -> None:
    """After an account, or a whole file of them, got another owner: the open steps go along."""
    ids = [UUID(account_id)] if account_id else None
    operations.hand_over_steps(account_ids=ids, by=Actor.system("playbooks"))
