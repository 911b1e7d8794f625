"""Tell people something once, and let them put it away."""

from collections.abc import Iterable
from datetime import date, datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils.timezone import localdate

from accounts.models import Notice
from core.actor import Actor
from core.errors import DomainError


def tell(
    *, people: Iterable[UUID], kind: str, text: str, url: str, key: str, at: datetime, account_id: UUID | None = None
) -> None:
    """Give each of `people` a notice; who was told under this `key` already is not told again. One query.

    The caller has made sure that they may know of it.
    """
    made = [
        Notice(user_id=one, kind=kind, text=text[:300], url=url, account_id=account_id, key=key, created_at=at)
        for one in sorted(set(people))
    ]
    if made:
        Notice.objects.bulk_create(made, ignore_conflicts=True)


@transaction.atomic
def read_notices(
    *, by: Actor, at: datetime, notice_id: UUID | None = None, unread: bool = False, alike: bool = False
) -> int:
    """Mark one's own notices as read, one or all that wait; unread: the other way round. Returns how many changed.

    alike: with `notice_id` also its repeats, which are of the same kind about the same thing.
    """
    mine = Notice.objects.filter(user=by.user_id, read_at__isnull=not unread)
    if notice_id is not None:
        found = Notice.objects.filter(user=by.user_id, pk=notice_id).first()
        place = found.url.partition("#")[0] if found else ""
        same = (
            Q(kind=found.kind) & (Q(url=place) | Q(url__startswith=f"{place}#")) if found and alike else Q(pk=notice_id)
        )
        mine = mine.filter(same)
    else:
        mine = mine.filter(Q(snoozed_until=None) | Q(snoozed_until__lte=localdate(at)))
    return int(mine.update(read_at=None if unread else at, snoozed_until=None, snooze_reason=""))


@transaction.atomic
def snooze_notice(*, notice_id: UUID, until: date | None, by: Actor, at: datetime, reason: str = "") -> Notice:
    """Put one's own notice away until a day, with the reason; None wakes it. It comes back unread.

    Raises DomainError, Notice.DoesNotExist.
    """
    found = Notice.objects.select_for_update().get(pk=notice_id, user=by.user_id)
    check_snooze(until=until, reason=reason, on=localdate(at))
    found.snoozed_until, found.snooze_reason = until, reason.strip()[:200] if until else ""
    found.read_at = None
    found.save(update_fields=["snoozed_until", "snooze_reason", "read_at"])
    return found


def check_snooze(*, until: date | None, reason: str, on: date) -> None:
    """Raises DomainError for a day that is not ahead and for a missing reason."""
    if until is not None and until <= on:
        raise DomainError("Choose a day to come.", field="until")
    if until is not None and not reason.strip():
        raise DomainError("Say why it can wait.", field="reason")
