from typing import Any, ClassVar, Self

from django.db import models

from accounts.models.accounts import Account
from core.actor import Actor
from core.models import GuardedQuerySet, Job, TenantModel


class ImportQuerySet(GuardedQuerySet):
    def visible_to(self, by: Actor) -> Self:
        """All imports, or one's own for a person who sees only their own accounts."""
        return self if by.sees_all else self.filter(created_by_id=by.user_id)


class RecordImport(TenantModel):
    """A file of records (accounts, contacts, contracts, ...) on its way in: mapped, tried, done, perhaps undone.

    mapping: {heading: field or ""}. key: the field that says which record a row is. position: rows dealt with.
    """

    class State(models.TextChoices):
        MAPPING = "mapping", "Mapping"
        TRIED = "tried", "Tried"  # a dry run is there; nothing was changed
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        UNDOING = "undoing", "Being undone"
        UNDONE = "undone", "Undone"
        FAILED = "failed", "Failed"

    kind = models.CharField(max_length=40)
    file_name = models.CharField(max_length=200)
    path = models.CharField(max_length=300)
    sha256 = models.CharField(max_length=64)
    headings = models.JSONField(default=list)
    mapping = models.JSONField(default=dict)
    key = models.CharField(max_length=60, blank=True)
    # How its cells are to be read:
    # {"days": "dmy"|"mdy"|"", "decimal": "."|","|"", "only": {"column", "is"}, "same": {..}}
    reading = models.JSONField(default=dict)
    mail_wanted = models.BooleanField(default=False)
    mailed_at = models.DateTimeField(null=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.MAPPING)
    rows = models.PositiveIntegerField(default=0)
    position = models.PositiveIntegerField(default=0)
    summary = models.JSONField(default=dict)  # created, updated, unchanged, held
    message = models.CharField(max_length=400, blank=True)
    job = models.ForeignKey(Job, on_delete=models.SET_NULL, null=True, related_name="+", db_index=False)
    corrects = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, related_name="+", db_index=False)
    created_at = models.DateTimeField()
    created_by_id = models.UUIDField(null=True)
    created_by = models.CharField(max_length=160)
    finished_at = models.DateTimeField(null=True)
    undone_at = models.DateTimeField(null=True)
    undone_by = models.CharField(max_length=160, blank=True)

    objects: ClassVar[Any] = ImportQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.file_name


class ImportRow(TenantModel):
    """What one row did or why it waits. before: the fields as they were; raw: the row as it stood in the file."""

    batch = models.ForeignKey(RecordImport, on_delete=models.CASCADE, related_name="lines", db_index=False)
    line = models.PositiveIntegerField()
    action = models.CharField(max_length=10)  # create, update, same, held
    record_id = models.UUIDField(null=True)
    before = models.JSONField(null=True)
    after_version = models.PositiveIntegerField(null=True)
    raw = models.JSONField(default=dict)
    column = models.CharField(max_length=120, blank=True)
    error = models.CharField(max_length=300, blank=True)
    fix = models.CharField(max_length=300, blank=True)
    asks = models.CharField(max_length=200, blank=True)  # the name whose account a person has to say
    undone = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["batch", "line"], name="import_row_once")]
        indexes = [models.Index(fields=["batch", "action", "line"], name="import_row_kind")]

    def __str__(self) -> str:
        return f"{self.line}: {self.action}"


class ImportHeading(TenantModel):
    """What a heading meant the last time: the memory of the mapping."""

    kind = models.CharField(max_length=40)
    normalised = models.CharField(max_length=120)
    field = models.CharField(max_length=60, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "normalised"], name="import_heading_once")]

    def __str__(self) -> str:
        return f"{self.normalised}: {self.field}"


class NameMatch(TenantModel):
    """What a person said about a name in a file: it is that account, or (account None) one that is not there yet."""

    text = models.CharField(max_length=200, unique=True)  # in small letters, words with one space between
    shown = models.CharField(max_length=200)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, null=True, related_name="+")
    score = models.PositiveSmallIntegerField(null=True)  # how alike they looked, per cent; None: chosen without that
    confirmed_at = models.DateTimeField()
    confirmed_by = models.CharField(max_length=160)

    objects: ClassVar[Any] = GuardedQuerySet.as_manager()

    def __str__(self) -> str:
        return self.shown
