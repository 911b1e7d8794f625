from typing import Any, ClassVar

from django.db import models

from accounts.models import Account, OfAccountQuerySet
from core.models import Job, TenantModel


class Report(TenantModel):
    """A document made from stored data as of one day, and the file it became.

    as_of: the day in the time zone of whoever asked; of the asking until it is written, then of the writing.
    """

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="reports")
    kind = models.CharField(max_length=20, default="health")
    as_of = models.DateField()
    job = models.ForeignKey(Job, on_delete=models.SET_NULL, null=True, related_name="+")
    path = models.CharField(max_length=300, blank=True)  # empty until the worker has written the file
    score_id = models.UUIDField(null=True)  # the health score it was made from; None when there was none
    sha256 = models.CharField(max_length=64, blank=True)
    size = models.BigIntegerField(null=True)  # bytes
    pages = models.PositiveSmallIntegerField(null=True)
    created_by_id = models.UUIDField(null=True)
    created_by_label = models.CharField(max_length=160)
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    objects: ClassVar[Any] = OfAccountQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["-created_at", "id"], name="report_newest")]

    def __str__(self) -> str:
        return f"{self.kind} report {self.as_of}"

    @property
    def state(self) -> str:
        """'ready', 'waiting' (a worker writes it, or will) or 'failed'."""
        if self.finished_at is not None:
            return "ready"
        return "waiting" if self.job is not None and self.job.open else "failed"
