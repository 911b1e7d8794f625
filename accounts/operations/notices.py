"""Tell people something once, and let them put it away."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import transaction

from accounts.models import Notice
from core.actor import Actor


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
def read_notices(*, by: Actor, at: datetime, notice_id: UUID | None = None, unread: bool = False) -> int:
    """Mark one's own notices as read, one or all; unread: the other way round. Returns how many changed."""
    mine = Notice.objects.filter(user=by.user_id, read_at__isnull=not unread)
    if notice_id is not None:
        mine = mine.filter(pk=notice_id)
    return int(mine.update(read_at=None if unread else at))
