"""What happened to somebody's accounts, newest first, repeats as one line."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from uuid import UUID

from django.db.models import QuerySet
from django.utils.timezone import localtime

from accounts.models import Account
from accounts.queries.accounts import TimelineItem, known_to, timeline
from core.actor import Actor
from core.models import Entry


@dataclass(frozen=True)
class FeedItem:
    """The newest of `times` times that the very same happened to one account on one day."""

    item: TimelineItem
    account_id: UUID
    account: str
    times: int


def feed_entries(*, by: Actor, mine: bool) -> QuerySet[Entry]:
    """The trail of the accounts that `by` sees; mine: of those that `by` owns."""
    accounts = Account.objects.visible_to(by).active()
    if mine:
        accounts = accounts.filter(owner_id=by.user_id)
    return known_to(Entry.objects.filter(account_id__in=accounts.values("pk")), by=by)


def owns_any(by: Actor) -> bool:
    return Account.objects.active().filter(owner_id=by.user_id or UUID(int=0)).exists()


def feed(entries: list[Entry]) -> list[FeedItem]:
    """entries: newest first. One query for the names of the accounts, and one for the sentences'."""
    names = dict(Account.objects.filter(pk__in={e.account_id for e in entries}).values_list("pk", "name"))
    kept = list(_collapsed(entries))
    items = timeline([entry for entry, _ in kept])
    return [
        FeedItem(item, entry.account_id, names.get(entry.account_id, ""), times)
        for item, (entry, times) in zip(items, kept, strict=True)
        if entry.account_id
    ]


def _collapsed(entries: list[Entry]) -> Iterator[tuple[Entry, int]]:
    """The newest of those of one account, kind, person and day that say the very same, with how many they are."""
    for _, day in groupby(entries, key=lambda entry: localtime(entry.at).date()):
        found: dict[tuple[object, ...], list[Entry]] = {}
        for entry in day:
            said = json.dumps(entry.data, sort_keys=True)
            found.setdefault((entry.account_id, entry.event, entry.actor_label, said), []).append(entry)
        yield from ((same[0], len(same)) for same in found.values())
