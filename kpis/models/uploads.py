from typing import Any, ClassVar, Self

from django.db import models

from accounts.models import Account
from core.actor import Actor
from core.models import GuardedQuerySet, Job, TenantModel
from kpis.models.catalogue import Kpi, UnknownKpi


class UploadQuerySet(GuardedQuerySet):
    def visible_to(self, by: Actor) -> Self:
        """All uploads, or for a person who sees their own accounts only, the files they brought themselves."""
        return self if by.sees_all else self.filter(created_by_id=by.user_id)


class Upload(TenantModel):
    """One file somebody brought: what was read, what was proposed, what was imported, what is held.

    position: how many rows of the file are committed; written in the transaction of their values, so a
    killed worker goes on exactly there. corrects: the upload whose held rows this file brings back.
    """

    class State(models.TextChoices):
        READING = "reading"
        PROPOSED = "proposed"  # mapping, first rows and problems are shown; nothing is imported yet
        IMPORTING = "importing"
        DONE = "done"
        REFUSED = "refused"  # the file itself cannot be taken; `message` says why
        CANCELLED = "cancelled"
        FAILED = "failed"
        ROLLING_BACK = "rolling_back"
        ROLLED_BACK = "rolled_back"  # its values were taken back; what they had superseded is in force again

    WORKING = (State.READING, State.IMPORTING, State.ROLLING_BACK)

    file_name = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64)
    size = models.BigIntegerField()  # bytes
    path = models.CharField(max_length=300)  # below the tenant's media folder, a server-made name
    version = models.PositiveIntegerField(default=1)  # nth file of this name
    state = models.CharField(max_length=12, default=State.READING)
    message = models.CharField(max_length=400, blank=True)
    layout = models.CharField(max_length=40, blank=True)
    answers = models.JSONField(default=dict)  # what a person decided: month, decimal sign, columns
    proposal = models.JSONField(default=dict)  # mapping, questions, first rows, notices, counts
    summary = models.JSONField(default=dict)  # imported, unchanged, template_only, held; by KPI
    position = models.BigIntegerField(default=0)
    job = models.ForeignKey(Job, on_delete=models.SET_NULL, null=True, related_name="+")
    corrects = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, related_name="+", db_index=False)
    sample = models.BooleanField(default=False)
    created_by_id = models.UUIDField(null=True)
    created_by_label = models.CharField(max_length=160)
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    rolled_back_at = models.DateTimeField(null=True)
    rolled_back_by = models.CharField(max_length=160, blank=True)
    rollback_reason = models.CharField(max_length=400, blank=True)
    picked_up = models.BooleanField(default=False)  # found in the inbox folder, not dropped by a person

    objects: ClassVar[Any] = UploadQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["-created_at", "id"], name="upload_newest"),
            models.Index(fields=["sha256"], name="upload_content"),
        ]

    def __str__(self) -> str:
        return f"{self.file_name} v{self.version}"

    @property
    def imported(self) -> int:
        """Values this file has brought so far, scored and unscored."""
        return int(self.summary.get("imported", 0)) + int(self.summary.get("template_only", 0))

    @property
    def percent(self) -> int | None:
        """Whole per cent of the work that is done; None until its first rows are, and a bar would stand at 0."""
        return self.job.percent if self.job is not None and self.job.done else None

    @property
    def busy(self) -> bool:
        """A worker reads or imports it, or will."""
        return self.state in self.WORKING and not self.stuck

    @property
    def resumable(self) -> bool:
        """It was dropped or stopped, or broke off, after it had been read; importing can go on where it stands."""
        if self.state == self.State.IMPORTING:
            return self.stuck
        return self.state in (self.State.CANCELLED, self.State.FAILED) and bool(self.proposal)

    @property
    def unread(self) -> bool:
        """Reading it broke off; there is nothing yet to decide on."""
        return (self.state == self.State.FAILED and not self.proposal) or (
            self.state == self.State.READING and self.stuck
        )

    @property
    def stuck(self) -> bool:
        """Its job has given up without a word to the upload; a person may go on with it."""
        return self.state in self.WORKING and (self.job is None or not self.job.open)


class UploadIssue(TenantModel):
    """One problem in a file, at its cell: what it said, the rule it broke, what would mend it.

    account, kpi, period: what the cell speaks of as far as it is known; with all three a later file that
    brings the value settles the issue. cells: how many values wait because of it; 0 when another issue of the
    same row has them.
    """

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
    line = models.PositiveIntegerField(default=0)  # row in its sheet, from 1
    holds = models.CharField(max_length=8, default="cell")  # cell, row, column or sheet
    account_name = models.CharField(max_length=200, blank=True)
    kpi_text = models.CharField(max_length=200, blank=True)
    account = models.ForeignKey(Account, on_delete=models.SET_NULL, null=True, related_name="+", db_index=False)
    kpi = models.ForeignKey(Kpi, on_delete=models.SET_NULL, null=True, related_name="+", db_index=False)
    unknown = models.ForeignKey(UnknownKpi, on_delete=models.SET_NULL, null=True, related_name="issues")
    period = models.DateField(null=True)
    raw = models.CharField(max_length=200, blank=True)
    rule = models.CharField(max_length=300)
    suggestion = models.CharField(max_length=300, blank=True)
    likely = models.CharField(max_length=200, blank=True)  # the best guess for a misspelt account or KPI
    cells = models.PositiveIntegerField(default=0)
    row = models.JSONField(default=list)  # [[sheet, row, column, account, KPI, period, value, unit], ...] as held

    class Meta:
        constraints = [models.UniqueConstraint(fields=["upload", "number"], name="upload_issue_number")]
        indexes = [
            models.Index(
                fields=["account", "kpi", "period"],
                condition=models.Q(state="held", cells=1),
                name="upload_issue_waiting",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} at {self.address}"
