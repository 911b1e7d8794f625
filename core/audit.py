"""The trail: one append-only entry per happening, and the subscribers that follow from it."""

import json
import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, ClassVar
from uuid import UUID

from celery import Task
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, transaction
from django.utils.timezone import now

from core.actor import Actor
from core.models import Entry, Outbox

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Event:
    """Base of all domain events. Fields are plain ids, numbers and codes, never names, e-mails or models."""

    name: ClassVar[str]
    account_id: UUID | None


_SUBSCRIBERS: dict[str, list[Task]] = {}


def connect(wiring: dict[type[Event], list[Task]]) -> None:
    _SUBSCRIBERS.update({event.name: tasks for event, tasks in wiring.items()})


def record(event: Event, *, by: Actor) -> Entry:
    """Append the event to this tenant's trail; start its subscribers once the change is committed.

    The outbox row is written in the same transaction, so a lost broker or a killed process loses nothing:
    `core.redeliver` starts what was left over. Subscribers run at least once and must be idempotent.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("record() belongs in the transaction of the change it describes")
    data = json.loads(json.dumps(asdict(event), cls=DjangoJSONEncoder))
    entry = _insert(event, data, by)
    if _SUBSCRIBERS.get(event.name):
        Outbox.objects.create(entry_seq=entry.seq, at=entry.at)
        transaction.on_commit(partial(_deliver_or_leave, entry))
    return entry


def record_many(events: Sequence[Event], *, by: Actor) -> None:
    """As `record`, for many events of one kind in one statement: a batch of thousands in a fraction of a second.

    The trail's end is locked from here to the commit, so make it the last thing of the transaction.
    """
    if not events:
        return
    if not connection.in_atomic_block:
        raise RuntimeError("record_many() belongs in the transaction of the change it describes")
    name, at = events[0].name, now()
    if any(event.name != name for event in events):
        raise ValueError("record_many() takes events of one kind")
    rows = [(event.account_id, json.dumps(asdict(event), cls=DjangoJSONEncoder)) for event in events]
    with connection.cursor() as cursor:
        cursor.execute(_INSERT_MANY, [name, by.user_id, by.label, at, *map(list, zip(*rows, strict=True))])
        entries = [
            Entry(seq=seq, event=name, account_id=event.account_id, data=json.loads(data), at=at)
            for (seq,), event, (_, data) in zip(cursor.fetchall(), events, rows, strict=True)
        ]
    if _SUBSCRIBERS.get(name):
        Outbox.objects.bulk_create([Outbox(entry_seq=entry.seq, at=at) for entry in entries])
        transaction.on_commit(partial(_deliver_many, entries))


# The trigger numbers the rows in the order in which they are inserted, and they are returned in it.
_INSERT_MANY = """
insert into core_entry (event, account_id, data, actor_id, actor_label, at)
select given.event, happened.account_id, happened.data, given.actor_id, given.actor_label, given.at
from (values (%s, %s::uuid, %s, %s::timestamptz)) as given(event, actor_id, actor_label, at),
     unnest(%s::uuid[], %s::text[]::jsonb[]) with ordinality as happened(account_id, data, number)
order by happened.number
returning seq
"""


def _deliver_many(entries: Sequence[Entry]) -> None:
    """Start the subscribers of each entry; at the first failure the rest is left to `core.redeliver`."""
    delivered = []
    try:
        for entry in entries:
            for task in _SUBSCRIBERS.get(entry.event, []):
                task.apply_async(kwargs=entry.data)
            delivered.append(entry.seq)
    except Exception:
        log.exception("%s entries left in the outbox", len(entries) - len(delivered))
    Outbox.objects.filter(pk__in=delivered).delete()


def _insert(event: Event, data: dict[str, Any], by: Actor) -> Entry:
    """Let the trigger give the number and the hashes, and read them back in the same statement."""
    entry = Entry(
        event=event.name,
        account_id=event.account_id,
        data=data,
        actor_id=by.user_id,
        actor_label=by.label,
        at=now(),
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into core_entry (event, account_id, data, actor_id, actor_label, at)"
            " values (%s, %s, %s, %s, %s, %s) returning seq, previous_hash, hash",
            [entry.event, entry.account_id, json.dumps(data), entry.actor_id, entry.actor_label, entry.at],
        )
        entry.seq, entry.previous_hash, entry.hash = cursor.fetchone()
    return entry


def _deliver_or_leave(entry: Entry) -> None:
    try:
        deliver(entry)
    except Exception:  # the change is committed; the outbox row stays and beat tries again
        log.exception("entry %s left in the outbox", entry.seq)


def deliver(entry: Entry) -> None:
    """Start the entry's subscribers and take it out of the outbox. Raises when the broker is away."""
    for task in _SUBSCRIBERS.get(entry.event, []):
        task.apply_async(kwargs=entry.data)
    Outbox.objects.filter(pk=entry.seq).delete()


@dataclass(frozen=True)
class Break:
    """Where the chain does not hold: the number of the entry and what is wrong there."""

    seq: int
    reason: str


_VERIFY = """
with numbered as (
    select seq, previous_hash, hash,
           core_entry_hash(previous_hash, seq, event, account_id, data, actor_id, actor_label, at) as expected,
           lag(hash, 1, '') over (order by seq) as before, lag(seq, 1, 0::bigint) over (order by seq) as seq_before
    from core_entry
), faults as (
    select seq, 'content changed' as reason from numbered where hash <> expected
    union all select seq, 'link broken' from numbered where previous_hash <> before
    union all select seq, 'entry missing before it' from numbered where seq <> seq_before + 1
    union all
    select head.seq, 'end of the trail cut off' from core_entryhead head
    where head.seq <> coalesce((select max(seq) from core_entry), 0)
       or head.hash <> coalesce((select hash from core_entry order by seq desc limit 1), '')
)
select seq, reason from faults order by seq limit 100
"""


def verify_chain() -> list[Break]:
    """Recompute every hash of this tenant's trail; an empty list means that it is whole."""
    with connection.cursor() as cursor:
        cursor.execute(_VERIFY)
        return [Break(seq, reason) for seq, reason in cursor.fetchall()]
