"""The base of every tenant table, the trail with its outbox, and the job table."""

from typing import Any, ClassVar

from django.db import models
from uuid6 import uuid7

from core.errors import CrossTenant, DomainError
from core.guard import GuardedQuerySet, GuardedRow

__all__ = [
    "CrossTenant",
    "Entry",
    "EntryHead",
    "Guarded",
    "GuardedQuerySet",
    "Job",
    "JobCancelled",
    "Outbox",
    "TenantModel",
]


class Guarded(GuardedRow, models.Model):
    """A row that refuses to be used in another tenant than its own; see core.guard."""

    objects: ClassVar[Any] = GuardedQuerySet.as_manager()

    class Meta:
        abstract = True


class TenantModel(Guarded):
    """Base of the tables of a tenant's schema: UUIDv7 key, guarded rows and querysets."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)

    class Meta:
        abstract = True


class Entry(Guarded):
    """One thing that happened: audit log, timeline, trigger feed and outbox source in one append-only row.

    `seq`, `previous_hash` and `hash` are written by a trigger that holds the tenant's chain head; update,
    delete and truncate are refused by the database itself.
    """

    seq = models.BigIntegerField(primary_key=True, db_default=0)
    event = models.CharField(max_length=80)
    account_id = models.UUIDField(null=True)
    data = models.JSONField()
    actor_id = models.UUIDField(null=True)
    actor_label = models.CharField(max_length=160)
    at = models.DateTimeField()
    previous_hash = models.CharField(max_length=64, db_default="")
    hash = models.CharField(max_length=64, db_default="")

    objects: ClassVar[Any] = GuardedQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["account_id", "-seq"], name="entry_account_seq"),
            models.Index(fields=["event", "-seq"], name="entry_event_seq"),
        ]

    def __str__(self) -> str:
        return f"{self.seq} {self.event}"


class EntryHead(Guarded):
    """The end of this tenant's chain; exactly one row, locked by the insert trigger."""

    seq = models.BigIntegerField()
    hash = models.CharField(max_length=64)

    def __str__(self) -> str:
        return f"{self.seq} {self.hash[:12]}"


class Outbox(Guarded):
    """An entry whose subscribers have not all been started yet; the row goes when they have."""

    entry_seq = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField()

    objects: ClassVar[Any] = GuardedQuerySet.as_manager()

    def __str__(self) -> str:
        return str(self.entry_seq)


class Job(TenantModel):
    """Long work in a worker, watched and cancelled from a page. `done` and `total` count `unit`s."""

    class State(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"
        CANCELLED = "cancelled"

    OPEN = (State.QUEUED, State.RUNNING)

    kind = models.CharField(max_length=60)
    state = models.CharField(max_length=12, default=State.QUEUED)
    subject_id = models.UUIDField(null=True)
    done = models.BigIntegerField(default=0)
    total = models.BigIntegerField(null=True)
    unit = models.CharField(max_length=40, default="rows")
    message = models.CharField(max_length=400, default="")
    result = models.JSONField(default=dict)
    cancel_requested = models.BooleanField(default=False)
    attempts = models.PositiveSmallIntegerField(default=0)
    created_by_id = models.UUIDField(null=True)
    created_by_label = models.CharField(max_length=160)
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    heartbeat_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["kind", "subject_id"], name="job_kind_subject"),
            models.Index(fields=["heartbeat_at"], name="job_open", condition=models.Q(finished_at=None)),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.state}"

    @property
    def open(self) -> bool:
        return self.state in self.OPEN

    @property
    def percent(self) -> int | None:
        """Whole per cent done, or None when the total is not known yet."""
        return None if not self.total else min(100, int(100 * self.done / self.total))


class JobCancelled(DomainError):
    """The person asked to stop; what was committed in whole batches stays."""
