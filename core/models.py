"""The base of every tenant table, the trail with its outbox, and the job table."""

from typing import Any, ClassVar, Self

from django.db import connections, models
from uuid6 import uuid7

from core.errors import CrossTenant, DomainError


def _schema(using: str | None) -> str:
    return connections[using or "default"].schema_name


class GuardedQuerySet(models.QuerySet[Any]):
    """A queryset that runs only in the schema it was first bound to.

    It is bound when it is built inside a tenant, or at its first evaluation when it was built
    before any tenant was entered (module level, form fields).
    """

    _bound: str | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        schema = _schema(self._db)
        self._bound = schema if schema.startswith("t_") else None

    def _clone(self) -> Self:
        clone = super()._clone()
        clone._bound = self._bound or clone._bound
        return clone

    def _check(self) -> None:
        schema = _schema(self._db)
        if self._bound is not None and self._bound != schema:
            raise CrossTenant(f"queryset of {self.model.__name__} built in {self._bound}, run in {schema}")

    def _fetch_all(self) -> None:
        self._check()
        super()._fetch_all()

    def _iterator(self, *args: Any, **kwargs: Any) -> Any:
        for row in super()._iterator(*args, **kwargs):
            self._check()
            yield row

    def iterator(self, *args: Any, **kwargs: Any) -> Any:
        self._check()
        return super().iterator(*args, **kwargs)


def _guarded(name: str) -> Any:
    method = getattr(models.QuerySet, name)

    def checked(self: GuardedQuerySet, *args: Any, **kwargs: Any) -> Any:
        self._check()
        return method(self, *args, **kwargs)

    checked.__name__ = name
    return checked


for _name in (
    "count",
    "exists",
    "update",
    "delete",
    "aggregate",
    "in_bulk",
    "get",
    "create",
    "bulk_create",
    "bulk_update",
    "get_or_create",
    "update_or_create",
    "earliest",
    "latest",
    "contains",
    "explain",
):
    setattr(GuardedQuerySet, _name, _guarded(_name))


class Guarded(models.Model):
    """A loaded row refuses to be saved, deleted or refreshed in another tenant's schema."""

    objects: ClassVar[Any] = GuardedQuerySet.as_manager()
    _loaded_in: str | None = None

    class Meta:
        abstract = True

    @classmethod
    def from_db(cls, db: str | None, field_names: Any, values: Any) -> Self:
        row = super().from_db(db, field_names, values)
        row._loaded_in = _schema(db)
        return row

    def _check(self, using: str | None = None) -> None:
        schema = _schema(using)
        if self._loaded_in is not None and self._loaded_in != schema:
            raise CrossTenant(f"{type(self).__name__} of {self._loaded_in}, used in {schema}")

    def save(self, *args: Any, **kwargs: Any) -> None:
        self._check(kwargs.get("using"))
        super().save(*args, **kwargs)
        self._loaded_in = _schema(kwargs.get("using"))

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        self._check(kwargs.get("using"))
        return super().delete(*args, **kwargs)

    def refresh_from_db(self, *args: Any, **kwargs: Any) -> None:
        self._check(kwargs.get("using"))
        super().refresh_from_db(*args, **kwargs)


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
