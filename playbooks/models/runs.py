from typing import Any, ClassVar

from django.conf import settings
from django.db import models

from accounts.models import Account, OfAccountQuerySet
from core.models import TenantModel
from playbooks.engine import advance, settings_of
from playbooks.models.library import Playbook, PlaybookVersion, Trigger


class Run(TenantModel):
    """A playbook at work on one account, by the definition it started with; at most one open at a time."""

    class State(models.TextChoices):
        OPEN = "open"
        DONE = "done"
        STOPPED = "stopped"

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="runs")
    playbook = models.ForeignKey(Playbook, on_delete=models.PROTECT, related_name="runs")
    version = models.ForeignKey(PlaybookVersion, on_delete=models.PROTECT, related_name="runs")
    trigger = models.ForeignKey(Trigger, on_delete=models.SET_NULL, null=True, related_name="runs")
    why = models.JSONField(default=dict)  # sentence, measured, threshold and occasion at the start, frozen
    state = models.CharField(max_length=8, default=State.OPEN)
    started_at = models.DateTimeField()
    started_by = models.CharField(max_length=160)
    finished_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=400, blank=True)

    objects: ClassVar[Any] = OfAccountQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "playbook"], condition=models.Q(finished_at=None), name="one_open_run"
            )
        ]

    def __str__(self) -> str:
        return f"{self.playbook_id} on {self.account_id}"

    @property
    def playbook_version(self) -> int:
        """The number of the version it follows."""
        return self.version.number

    @property
    def by_itself(self) -> bool:
        """Started by a trigger, not by a person."""
        return self.started_by.startswith("system:")


class Step(TenantModel):
    """One step of a run, the row of one node of its definition: a work item with an owner and a due date, or what the
    engine does.

    due_at: when the engine has to look at it next; none while it waits for a person.
    result: what came of it (of a branch {"chosen": lane}); mended: settings put right after it failed.
    """

    class State(models.TextChoices):
        WAITING = advance.WAITING  # an earlier step is still open
        OPEN = advance.OPEN
        DONE = advance.DONE
        SKIPPED = advance.SKIPPED
        DROPPED = advance.DROPPED  # not needed: another case or branch was taken
        FAILED = advance.FAILED  # given up; somebody has to mend it

    WORK = settings_of.WORK  # the kinds that a person does

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="steps")
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="steps", db_index=False)
    position = models.PositiveSmallIntegerField()
    stage = models.PositiveSmallIntegerField()  # steps of one stage are open together; the next waits for all
    code = models.SlugField()  # the id of its node
    kind = models.CharField(max_length=10, default="task")
    name = models.CharField(max_length=160)
    instructions = models.TextField(blank=True)
    role = models.CharField(max_length=40, blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="steps", db_index=False
    )
    due_on = models.DateField(null=True)  # for people; what the engine does has none
    due_at = models.DateTimeField(null=True)
    opened_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=1000, blank=True)
    result = models.JSONField(default=dict)
    mended = models.JSONField(default=dict)
    state = models.CharField(max_length=8, default=State.WAITING)
    note = models.CharField(max_length=1000, blank=True)
    completed_at = models.DateTimeField(null=True)
    completed_by = models.CharField(max_length=160, blank=True)
    version = models.PositiveIntegerField(default=1)

    objects: ClassVar[Any] = OfAccountQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "position"], name="step_position_once"),
            models.UniqueConstraint(fields=["run", "code"], name="step_node_once"),
        ]
        indexes = [
            models.Index(
                fields=["owner", "due_on", "id"],
                name="step_open_owner",
                condition=models.Q(completed_at=None),
            ),
            models.Index(fields=["due_at", "id"], name="step_due", condition=models.Q(due_at__isnull=False)),
            models.Index(fields=["id"], name="step_failed", condition=models.Q(state="failed")),
        ]

    def __str__(self) -> str:
        return self.name
