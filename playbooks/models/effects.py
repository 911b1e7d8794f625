from typing import Any, ClassVar

from django.db import models

from accounts.models import Account, OfAccountQuerySet
from core.models import Guarded, Job, TenantModel
from playbooks.models.library import Playbook
from playbooks.models.runs import Run


class Measurement(TenantModel):
    """One figure of a run's account as it was known at a moment: frozen at the start, taken again after the end.

    metric: "health" in points, or the code of a KPI in its own unit. value None: unknown then. of: the day of the score
    or the month of the value; score_id or value_id is the evidence. at: the moment the figure speaks of, which may lie
    before `taken_at`: what came in between does not count.
    """

    class Moment(models.TextChoices):
        START = "start", "At the start"
        END = "end", "At the end"
        DAY_30 = "30", "30 days after"
        DAY_60 = "60", "60 days after"
        DAY_90 = "90", "90 days after"

    HEALTH = "health"

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="measurements", db_index=False)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    moment = models.CharField(max_length=5)
    metric = models.CharField(max_length=80)
    value = models.DecimalField(max_digits=20, decimal_places=6, null=True)
    unit = models.CharField(max_length=40)
    of = models.DateField(null=True)
    score_id = models.UUIDField(null=True)
    value_id = models.UUIDField(null=True)
    at = models.DateTimeField()
    taken_at = models.DateTimeField()

    objects: ClassVar[Any] = OfAccountQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "moment", "metric"], name="measured_once")]

    def __str__(self) -> str:
        return f"{self.metric} {self.moment}: {self.value}"


class RunResult(Guarded):
    """What came of a run, in the words of whoever did the work. version: for two who decide at once."""

    class Code(models.TextChoices):
        SUCCESS = "success", "Success"
        NO_EFFECT = "no_effect", "No effect"
        INVALID = "invalid_trigger", "Invalid trigger"
        LOST = "lost", "Lost"

    run = models.OneToOneField(Run, on_delete=models.CASCADE, primary_key=True, related_name="result")
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    code = models.CharField(max_length=16, choices=Code.choices)
    reason = models.CharField(max_length=400)
    decided_at = models.DateTimeField()
    decided_by = models.CharField(max_length=160)
    version = models.PositiveIntegerField(default=1)

    objects: ClassVar[Any] = OfAccountQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.code}: {self.reason}"


class EffectEstimate(TenantModel):
    """What a playbook has changed, as the worker found it on a day. Records stay; the newest finished one counts.

    inputs_hash: of every figure it read; the same hash is the same record. result: see `playbooks.effect.result`, with
    the accounts of its rows.
    """

    playbook = models.ForeignKey(Playbook, on_delete=models.CASCADE, related_name="estimates")
    job = models.ForeignKey(Job, on_delete=models.SET_NULL, null=True, related_name="+", db_index=False)
    inputs_hash = models.CharField(max_length=64, blank=True)
    result = models.JSONField(null=True)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=160)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.playbook_id} {self.created_at:%Y-%m-%d}"
