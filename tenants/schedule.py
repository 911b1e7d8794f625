"""Starting one task in every tenant, once per slot of time, resumable after a kill."""

import hashlib
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.timezone import now

from tenants.context import public_scope, tenant_scope
from tenants.models import ScheduledRun
from tenants.queries import active_schemas

BATCH = 100  # tenants per transaction: a killed worker starts at most so many a second time


def slot_of(at: datetime, every: int) -> str:
    """Name of the slot of `every` seconds that `at` lies in: its start in UTC."""
    start = int(at.timestamp()) // every * every
    return datetime.fromtimestamp(start, tz=at.tzinfo).strftime("%Y-%m-%dT%H:%M:%S")


def start_everywhere(task: Any, slot: str) -> int:
    """Queue `task` once in each active tenant for `slot`; returns how many tenants were started here.

    The order is another one in every slot, so that nobody is always last. Called again for the same slot,
    after a kill or by a second beat, it goes on after the last committed batch.
    """
    if task.public:
        raise ValueError(f"{task.name} is a task of public: there is no tenant to start it in")
    with public_scope():
        run, _ = ScheduledRun.objects.get_or_create(task=task.name, slot=slot)
        order = sorted((_place(slot, schema), schema) for schema in active_schemas())
        started = 0
        while batch := _start_batch(run.pk, task, order):
            started += batch
    return started


def _place(slot: str, schema: str) -> str:
    return hashlib.blake2b(f"{slot}:{schema}".encode(), digest_size=16).hexdigest()


def _start_batch(run_id: int, task: Any, order: list[tuple[str, str]]) -> int:
    with transaction.atomic():
        run = ScheduledRun.objects.select_for_update().get(pk=run_id)
        batch = [] if run.finished_at else [(place, schema) for place, schema in order if place > run.cursor][:BATCH]
        with task.app.producer_or_acquire() as producer:
            for _, schema in batch:
                with tenant_scope(schema):
                    task.apply_async(producer=producer)
        if batch:
            run.cursor, run.started = batch[-1][0], run.started + len(batch)
        run.finished_at = run.finished_at or (None if len(batch) == BATCH else now())
        run.save(update_fields=["cursor", "started", "finished_at"])
    return len(batch)
