from django.db import models

from core.models import Job, TenantModel


class Upload(TenantModel):
    """One file somebody brought: what was read, what was proposed, what was imported, what is held.

    position: how many rows of the file are committed; written in the transaction of their values, so a
    killed worker goes on exactly there.
    """

    class State(models.TextChoices):
        READING = "reading"
        PROPOSED = "proposed"  # mapping, first rows and problems are shown; nothing is imported yet
        IMPORTING = "importing"
        DONE = "done"
        REFUSED = "refused"  # the file itself cannot be taken; `message` says why
        CANCELLED = "cancelled"
        FAILED = "failed"

    file_name = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64)
    size = models.BigIntegerField()  # bytes
    path = models.CharField(max_length=300)  # below the tenant's media folder, a server-made name
    version = models.PositiveIntegerField(default=1)  # nth file of this name
    state = models.CharField(max_length=10, default=State.READING)
    message = models.CharField(max_length=400, blank=True)
    layout = models.CharField(max_length=40, blank=True)
    answers = models.JSONField(default=dict)  # what a person decided: month, decimal sign, columns
    proposal = models.JSONField(default=dict)  # mapping, questions, first rows, notices, counts
    summary = models.JSONField(default=dict)  # imported, unchanged, template_only, held; by KPI
    position = models.BigIntegerField(default=0)
    job = models.ForeignKey(Job, on_delete=models.SET_NULL, null=True, related_name="+")
    sample = models.BooleanField(default=False)
    created_by_id = models.UUIDField(null=True)
    created_by_label = models.CharField(max_length=160)
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["-created_at", "id"], name="upload_newest")]

    def __str__(self) -> str:
        return f"{self.file_name} v{self.version}"


class UploadIssue(TenantModel):
    """One problem in a file, at its cell: what it said, the rule it broke, what would mend it."""

    class State(models.TextChoices):
        HELD = "held"  # the row waits in the held-rows file
        NOTICE = "notice"  # shown, blocks nothing
        RESOLVED = "resolved"

    upload = models.ForeignKey(Upload, on_delete=models.CASCADE, related_name="issues", db_index=False)
    number = models.PositiveIntegerField()  # order in the file
    state = models.CharField(max_length=8, default=State.HELD)
    kind = models.CharField(max_length=40)
    sheet = models.CharField(max_length=80, blank=True)
    address = models.CharField(max_length=24, blank=True)
    account_name = models.CharField(max_length=200, blank=True)
    kpi_text = models.CharField(max_length=200, blank=True)
    period = models.DateField(null=True)
    raw = models.CharField(max_length=200, blank=True)
    rule = models.CharField(max_length=300)
    suggestion = models.CharField(max_length=300, blank=True)
    row = models.JSONField(default=list)  # the row as it stood, for the held-rows file

    class Meta:
        constraints = [models.UniqueConstraint(fields=["upload", "number"], name="upload_issue_number")]

    def __str__(self) -> str:
        return f"{self.kind} at {self.address}"
