"""Put things of the work list away until a day, with the reason; they come back by themselves."""

from datetime import date, datetime
from uuid import UUID

from django.core.exceptions import ObjectDoesNotExist
from django.db import transaction
from django.utils.timezone import localdate

from accounts import rules
from accounts.events import WorkSnoozed
from accounts.models import Account
from accounts.models.work import Snooze
from accounts.operations.notices import check_snooze, snooze_notice
from accounts.operations.tasks import snooze_task
from accounts.queries.work import Item, one_item
from core.actor import Actor
from core.audit import record
from core.errors import Conflict, DomainError
from core.rules import require

UNSEEN = "not looked at"  # for scripts, which do not say what they saw


@transaction.atomic
def snooze_work(
    *, kind: str, item_id: UUID, until: date | None, by: Actor, at: datetime, reason: str = "",
    seen: date | None | str = UNSEEN,
) -> Item:  # fmt: skip
    """Put one thing of the work list away until a day, with the reason; until None wakes it.

    seen: until when it was put away on the page that asks. Emits WorkSnoozed; for a task TaskChanged, for a mention
    nothing. Returns it as it was. Raises Conflict, DomainError, PermissionDenied, ObjectDoesNotExist.
    """
    found = one_item(kind, item_id, by=by, on=localdate(at))
    if found is None:
        raise ObjectDoesNotExist
    if seen != UNSEEN and found.snoozed_until != seen:
        raise Conflict("Somebody put this away or woke it meanwhile. Look at it as it is now.")
    if kind == "task":
        snooze_task(task_id=item_id, until=until, reason=reason, by=by, at=at)
    elif kind == "mention":
        snooze_notice(notice_id=item_id, until=until, reason=reason, by=by, at=at)
    else:
        _snooze(found, until, reason, by, at)
    return found


def _snooze(found: Item, until: date | None, reason: str, by: Actor, at: datetime) -> None:
    account = Account.objects.visible_to(by).get(pk=found.account_id) if found.account_id else None
    require(by, rules.KEEP_TASKS, account)
    check_snooze(until=until, reason=reason, on=localdate(at))
    mine = Snooze.objects.filter(kind=found.kind, subject_id=found.id)
    if until is None:
        if not mine.delete()[0]:
            raise DomainError("It is awake already.")
    else:
        said = {"until": until, "reason": reason.strip()[:200], "at": at, "by_label": by.label[:160]}
        Snooze.objects.update_or_create(
            kind=found.kind, subject_id=found.id, defaults={**said, "account_id": found.account_id}
        )
    told = reason.strip()[:200] if until else ""
    record(WorkSnoozed(found.account_id, found.kind, found.id, until, told), by=by)
