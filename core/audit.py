"""The trail: one append-only entry per happening, and the subscribers that follow from it."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import groupby
from typing import Any, ClassVar, Protocol
from uuid import UUID

import orjson
from celery import Task
from django.core.serializers.json import DjangoJSONEncoder
from django.db import Error, connection, transaction
from django.db.models import Min
from django.utils.timezone import now
from kombu.exceptions import OperationalError

from core.actor import Actor
from core.models import Entry, Outbox

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Event:
    """Base of all domain events. Fields are plain ids, numbers and codes, never names, e-mails or models."""

    name: ClassVar[str]
    account_id: UUID | None


class Told(Protocol):
    """What subscribers need of an entry: the Entry itself, or what was just written of it."""

    seq: Any
    event: Any
    data: Any


@dataclass(slots=True)
class _Written:
    """Thousands of Entry objects would cost as much as writing them."""

    seq: int
    event: str
    data: dict[str, Any]


_SUBSCRIBERS: dict[str, list[Any]] = {}  # of tenants.task_base.TenantTask, which this floor does not know
MANY = 100  # events a message; ten thousand messages would take the broker as long as the change itself


def connect(wiring: dict[type[Event], list[Task]]) -> None:
    _SUBSCRIBERS.update({event.name: tasks for event, tasks in wiring.items()})


def record(event: Event, *, by: Actor) -> Entry:
    """Append the event to this tenant's trail; start its subscribers once the change is committed.

    The outbox row is written in the same transaction, so a lost broker or a killed process loses nothing:
    `core.redeliver` starts what was left over. Subscribers run at least once and must be idempotent.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("record() belongs in the transaction of the change it describes")
    entry = _insert(event, orjson.loads(_json(event)), by)
    if _SUBSCRIBERS.get(event.name):
        Outbox.objects.create(entry_seq=entry.seq, at=entry.at)
        transaction.on_commit(partial(deliver, [entry]))
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
    texts = [_json(event) for event in events]
    accounts = [event.account_id for event in events]
    with connection.cursor() as cursor:
        cursor.execute(_INSERT_MANY, [name, by.user_id, _label(by), at, accounts, f"[{','.join(texts)}]"])
        numbers = [seq for (seq,) in cursor.fetchall()]
    entries = [_Written(seq, name, orjson.loads(text)) for seq, text in zip(numbers, texts, strict=True)]
    if _SUBSCRIBERS.get(name):
        with connection.cursor() as cursor:
            cursor.execute("insert into core_outbox (entry_seq, at) select unnest(%s::bigint[]), %s", [numbers, at])
        transaction.on_commit(partial(deliver, entries))


# The trigger numbers the rows in the order in which they are inserted, and they are returned in it.
_INSERT_MANY = """
insert into core_entry (event, account_id, data, actor_id, actor_label, at)
select given.event, happened.account_id, happened.data, given.actor_id, given.actor_label, given.at
from (values (%s, %s::uuid, %s, %s::timestamptz)) as given(event, actor_id, actor_label, at),
     rows from (unnest(%s::uuid[]), jsonb_array_elements(%s::jsonb))
         with ordinality as happened(account_id, data, number)
order by happened.number
returning seq
"""


_PLAIN = DjangoJSONEncoder()  # spells what JSON does not know, decimals and times, as everywhere else


def _json(event: Event) -> str:
    """The event's fields. Raises TypeError for anything that is no plain value, a record of a table above all."""
    return orjson.dumps(event, default=_PLAIN.default, option=orjson.OPT_PASSTHROUGH_DATETIME).decode()


def _label(by: Actor) -> str:
    return by.label[:160]  # as the column


def _insert(event: Event, data: dict[str, Any], by: Actor) -> Entry:
    """Let the trigger give the number and the hashes, and read them back in the same statement."""
    entry = Entry(
        event=event.name,
        account_id=event.account_id,
        data=data,
        actor_id=by.user_id,
        actor_label=_label(by),
        at=now(),
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into core_entry (event, account_id, data, actor_id, actor_label, at)"
            " values (%s, %s, %s, %s, %s, %s) returning seq, previous_hash, hash",
            [entry.event, entry.account_id, orjson.dumps(data).decode(), entry.actor_id, entry.actor_label, entry.at],
        )
        entry.seq, entry.previous_hash, entry.hash = cursor.fetchone()
    return entry


def deliver(entries: Sequence[Told]) -> bool:
    """Start the subscribers of each entry and take it out of the outbox. Never raises: the change is committed.

    What could not be started stays in the outbox. False when the broker is away; an entry that fails for a
    reason of its own does not keep back the others.
    """
    delivered: list[int] = []
    reached = True
    for batch in _batches(entries):
        try:
            _start_subscribers(batch)
        except OperationalError as error:
            log.warning("%s entries left in the outbox: %s", len(entries) - len(delivered), error)
            reached = False
            break
        except Exception:
            log.exception("%s entries from %s (%s) left in the outbox", len(batch), batch[0].seq, batch[0].event)
        else:
            delivered += [entry.seq for entry in batch]
    try:
        _take_out(delivered)
    except Error:
        log.exception("%s entries will be delivered twice", len(delivered))
    return reached


def _batches(entries: Sequence[Told]) -> Iterator[list[Told]]:
    """Neighbours of one kind together when a subscriber takes many at once, else one by one."""
    for event, kind in groupby(entries, key=lambda entry: entry.event):
        many, left = any(task.many for task in _SUBSCRIBERS.get(event, [])), list(kind)
        size = MANY if many else 1
        yield from (left[start : start + size] for start in range(0, len(left), size))


def _start_subscribers(batch: Sequence[Told]) -> None:
    """A task that takes many gets one message with the events, any other one message an entry."""
    for task in _SUBSCRIBERS.get(batch[0].event, []):
        if task.many:
            task.apply_async(kwargs={"events": [entry.data for entry in batch]})
        else:
            for entry in batch:
                task.apply_async(kwargs=entry.data)


# Without waiting for the disk: what a crash brings back is delivered twice, which every subscriber stands.
_TAKE_OUT = """
delete from core_outbox
where entry_seq = any(%s) and set_config('synchronous_commit', 'off', true) = 'off'
"""


def _take_out(delivered: Sequence[int]) -> None:
    """One statement where a queryset sends four: people wait for it after every change."""
    if delivered:
        with connection.cursor() as cursor:
            cursor.execute(_TAKE_OUT, [list(delivered)])


def redeliver(*, before: datetime, after: int = 0, limit: int = 500) -> int | None:
    """Deliver the next entries behind number `after` that have waited since `before`. Returns the last one's number.

    None when there is nothing more or the broker is away. Workers that do this at the same time share the work.
    """
    with transaction.atomic():
        waiting = Outbox.objects.filter(at__lt=before, pk__gt=after).order_by("pk")
        numbers = list(waiting.select_for_update(skip_locked=True).values_list("pk", flat=True)[:limit])
        entries = Entry.objects.in_bulk(numbers)
        if missing := sorted(set(numbers) - set(entries)):
            log.error("the outbox names entries that are not in the trail: %s", missing[:20])
            Outbox.objects.filter(pk__in=missing).delete()
        reached = deliver([entries[number] for number in sorted(entries)])
    return numbers[-1] if numbers and reached else None


def oldest_waiting() -> datetime | None:
    """Since when the oldest entry of the outbox waits for its subscribers; None when none does."""
    oldest: datetime | None = Outbox.objects.aggregate(oldest=Min("at"))["oldest"]
    return oldest


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
    select coalesce((select max(seq) from core_entryhead), tail.seq), 'end of the trail cut off'
    from (select coalesce(max(seq), 0) as seq, coalesce((array_agg(hash order by seq desc))[1], '') as hash
          from (select seq, hash from core_entry order by seq desc limit 1) entry) tail
    where (select array_agg(seq || hash) from core_entryhead) is distinct from array[tail.seq || tail.hash]
)
select seq, reason from faults order by seq limit 100
"""


def verify_chain() -> list[Break]:
    """Recompute every hash of this tenant's trail; an empty list means that it is whole."""
    with connection.cursor() as cursor:
        cursor.execute(_VERIFY)
        return [Break(seq, reason) for seq, reason in cursor.fetchall()]
