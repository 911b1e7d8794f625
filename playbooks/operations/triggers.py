"""What starts a playbook by itself."""

from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from accounts.models import Account
from core.actor import Actor
from core.audit import record
from core.errors import DomainError
from core.rules import require
from core.time import day_in
from kpis.models import AccountHealth
from playbooks import rules
from playbooks.events import TriggerChanged
from playbooks.models import Run, Trigger, plain
from playbooks.operations.runs import start
from playbooks.queries import Reason, reason_to_start


@transaction.atomic
def evaluate_triggers(
    *, account_id: UUID, score_id: UUID, old: int | None, new: int | None, by: Actor, at: datetime
) -> list[Run]:
    """Start every playbook that has a measured reason after a change of health (hundredths, None unknown).

    Safe to repeat: one open run per account and playbook, one start per occasion (this score, this value, this
    renewal), a cool-down after the last start; and the account is locked, so that two deliveries of one change
    start one run. Emits RunStarted for each.
    """
    account = _account(account_id, by)
    triggers = Trigger.objects.filter(active=True, playbook__active=True).select_related("playbook", "kpi")
    if account is None:
        return []
    started = []
    today = day_in(account.owner.time_zone if account.owner else "UTC", at)
    for trigger in triggers.order_by("playbook__position", "id"):
        reason = reason_to_start(trigger, account, score_id=score_id, old=old, new=new, on=today)
        if reason is None or _quiet(account, trigger, reason, at):
            continue
        why = reason.as_stored()
        run = start(account=account, playbook=trigger.playbook, trigger=trigger, why=why, by=by, at=at)
        if run is not None:
            started.append(run)
    return started


def _account(account_id: UUID, by: Actor) -> Account | None:
    found = Account.objects.visible_to(by).active().select_related("owner").select_for_update(of=("self",))
    return found.filter(pk=account_id).first()


def _quiet(account: Account, trigger: Trigger, reason: Reason, at: datetime) -> bool:
    """Started for this very occasion already, or not long ago for whatever reason."""
    since = at - timedelta(days=trigger.cooldown_days)
    recent = Q(started_at__gt=since) | Q(why__occasion=reason.occasion)
    return Run.objects.filter(recent, account=account, playbook=trigger.playbook).exists()


@transaction.atomic
def evaluate_account(*, account_id: UUID, by: Actor, at: datetime) -> list[Run]:
    """As `evaluate_triggers` with the health as it stands: for reasons that come with time or with a single value."""
    health = AccountHealth.objects.visible_to(by).filter(pk=account_id).first()
    if health is None:
        return []
    now = health.score_hundredths
    return evaluate_triggers(account_id=account_id, score_id=health.latest_id, old=now, new=now, by=by, at=at)


@transaction.atomic
def set_trigger(*, trigger_id: UUID, threshold: Decimal, active: bool, by: Actor) -> Trigger:
    """Change when a playbook starts by itself. Emits TriggerChanged, nothing when all is as it was.

    Raises DomainError for a health beyond 0 to 100, PermissionDenied, Trigger.DoesNotExist.
    """
    require(by, rules.EDIT)
    trigger: Trigger = Trigger.objects.select_related("kpi").select_for_update(of=("self",)).get(pk=trigger_id)
    if trigger.kpi is None and not 0 <= threshold <= 100:
        raise DomainError("Health goes from 0 to 100.", field="threshold")
    old = (trigger.threshold, trigger.active)
    if old == (threshold, active):
        return trigger
    trigger.threshold, trigger.active = threshold, active
    trigger.save(update_fields=["threshold", "active"])
    record(TriggerChanged(None, trigger.pk, [plain(old[0]), plain(threshold)], [old[1], active]), by=by)
    return trigger
