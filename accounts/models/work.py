from typing import Any, ClassVar, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.search import SearchVector
from django.db import models
from django.db.models import Q
from django.db.models.functions import Upper

from accounts.models.accounts import Account, OfAccountQuerySet
from accounts.models.people import Contact
from core.actor import Actor
from core.models import GuardedQuerySet, TenantModel


class Activity(TenantModel):
    """Something that happened with a customer and that a person wrote down."""

    class Kind(models.TextChoices):
        CALL = "call", "Call"
        MAIL = "mail", "Mail"
        MEETING = "meeting", "Meeting"
        NOTE = "note", "Note"

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="activities", db_index=False)
    kind = models.CharField(max_length=8, choices=Kind.choices)
    subject = models.CharField(max_length=200)
    body = models.TextField(blank=True)
    happened_at = models.DateTimeField()
    minutes = models.PositiveSmallIntegerField(null=True, blank=True)
    contacts = models.ManyToManyField(Contact, blank=True, related_name="activities")
    by_id = models.UUIDField(null=True)
    by_label = models.CharField(max_length=160)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)
    removed_at = models.DateTimeField(null=True)

    objects: ClassVar[Any] = OfAccountQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["account", "-happened_at", "id"], name="activity_newest"),
            GinIndex(SearchVector("subject", "body", config="simple"), name="activity_words"),
        ]

    def __str__(self) -> str:
        return self.subject


class TaskQuerySet(GuardedQuerySet):
    def visible_to(self, by: Actor) -> Self:
        """Tasks of accounts that `by` sees and one's own; a private one only for who made it and who has it."""
        mine = Q(assignee_id=by.user_id) | Q(created_by_id=by.user_id)
        if by.is_system:
            return self
        seen = Q() if by.sees_all else Q(account__in=Account.objects.visible_to(by))
        return self.filter((Q(private=False) & seen) | mine)


class Task(TenantModel):
    """A piece of work for one person. subject_kind, subject_id: what it belongs to besides the account."""

    class Priority(models.IntegerChoices):
        HIGH = 1, "High"
        NORMAL = 2, "Normal"
        LOW = 3, "Low"

    account = models.ForeignKey(Account, on_delete=models.CASCADE, null=True, blank=True, related_name="tasks")
    title = models.CharField(max_length=200)
    notes = models.TextField(blank=True)
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="tasks"
    )
    priority = models.PositiveSmallIntegerField(choices=Priority.choices, default=Priority.NORMAL)
    due_on = models.DateField(null=True, blank=True)
    private = models.BooleanField(default=False)
    subject_kind = models.CharField(max_length=20, blank=True)
    subject_id = models.UUIDField(null=True)
    remind_on = models.DateField(null=True, blank=True)
    reminded_at = models.DateTimeField(null=True)
    snoozed_until = models.DateField(null=True)
    snooze_reason = models.CharField(max_length=200, blank=True)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by_id = models.UUIDField(null=True)
    created_by_label = models.CharField(max_length=160)
    done_at = models.DateTimeField(null=True)
    done_by = models.CharField(max_length=160, blank=True)
    dropped = models.BooleanField(default=False)  # closed without being done

    objects: ClassVar[Any] = TaskQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["assignee", "due_on", "id"], condition=Q(done_at=None), name="task_open"),
            models.Index(fields=["subject_kind", "subject_id"], name="task_subject"),
        ]

    def __str__(self) -> str:
        return self.title


class TaskTemplate(TenantModel):
    """A list of tasks that begins on a day. items: [{"title", "notes", "days", "priority", "weekdays": bool}, ...]."""

    name = models.CharField(max_length=120, unique=True)
    items = models.JSONField(default=list)
    version = models.PositiveIntegerField(default=1)
    archived_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name


class DayOff(TenantModel):
    """A day on which the tenant does not work; task templates that skip weekends skip it as well."""

    on = models.DateField(unique=True)
    name = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ["on"]

    def __str__(self) -> str:
        return self.name or str(self.on)


class Snooze(TenantModel):
    """Something of the work list that is put away until a day; tasks and notices keep this on their own rows.

    kind, subject_id: what it is, as its source of the work list says.
    """

    kind = models.CharField(max_length=20)
    subject_id = models.UUIDField()
    account = models.ForeignKey(Account, on_delete=models.CASCADE, null=True, related_name="+")
    until = models.DateField()
    reason = models.CharField(max_length=200)
    at = models.DateTimeField()
    by_label = models.CharField(max_length=160)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "subject_id"], name="snooze_once")]

    def __str__(self) -> str:
        return f"{self.kind} until {self.until}"


class Comment(TenantModel):
    """A message at a record; only who sees the record sees it. mentions: ids of people who are told."""

    subject_kind = models.CharField(max_length=20)  # account, task, activity, renewal
    subject_id = models.UUIDField()
    account = models.ForeignKey(Account, on_delete=models.CASCADE, null=True, related_name="comments")
    body = models.TextField()
    mentions = ArrayField(models.UUIDField(), default=list)
    by_id = models.UUIDField(null=True)
    by_label = models.CharField(max_length=160)
    created_at = models.DateTimeField()
    edited_at = models.DateTimeField(null=True)
    removed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["subject_kind", "subject_id", "created_at"], name="comment_thread")]

    def __str__(self) -> str:
        return f"{self.by_label}: {self.body[:40]}"


class Notice(TenantModel):
    """Something one person is told once: a mention, a task given to them, a reminder."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notices", db_index=False)
    kind = models.CharField(max_length=20)
    text = models.CharField(max_length=300)
    url = models.CharField(max_length=300)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, null=True, related_name="+")
    key = models.CharField(max_length=120)  # what it is about; the same news is told once
    created_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)
    snoozed_until = models.DateField(null=True)
    snooze_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="notice_once")]
        indexes = [models.Index(fields=["user", "-created_at", "id"], name="notice_newest")]

    def __str__(self) -> str:
        return self.text


class Document(TenantModel):
    """A file at an account or at something of it."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="documents")
    subject_kind = models.CharField(max_length=20, blank=True)
    subject_id = models.UUIDField(null=True)
    name = models.CharField(max_length=200)
    path = models.CharField(max_length=300)  # below the tenant's media folder, a server-made name
    sha256 = models.CharField(max_length=64)
    size = models.BigIntegerField()
    content_type = models.CharField(max_length=120, blank=True)
    by_id = models.UUIDField(null=True)
    by_label = models.CharField(max_length=160)
    created_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True)

    objects: ClassVar[Any] = OfAccountQuerySet.as_manager()

    class Meta:
        indexes = [GinIndex(OpClass(Upper("name"), name="gin_trgm_ops"), name="document_name_trgm")]

    def __str__(self) -> str:
        return self.name


class ShareLink(TenantModel):
    """A way to one document for whoever has the link, until it expires. Only the hash of its secret is kept."""

    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="links")
    secret_hash = models.CharField(max_length=64, unique=True)
    label = models.CharField(max_length=120, blank=True)
    expires_at = models.DateTimeField()
    most = models.PositiveIntegerField(null=True, blank=True)  # downloads
    downloads = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=160)
    revoked_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.document_id} until {self.expires_at}"


class ShareDownload(TenantModel):
    """One download through a link."""

    link = models.ForeignKey(ShareLink, on_delete=models.CASCADE, related_name="log")
    at = models.DateTimeField()
    address = models.CharField(max_length=60, blank=True)
    agent = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return f"{self.link_id} {self.at}"
