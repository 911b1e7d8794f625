from typing import Any

from rest_framework import serializers

from playbooks.measured.effects import visible_result
from playbooks.measured.replay import HORIZONS, READINGS, Side
from playbooks.models import EffectEstimate, Measurement, Playbook, Run, RunResult, Step, Trigger


class RunStart(serializers.Serializer[Any]):
    account_id = serializers.UUIDField()
    playbook_id = serializers.UUIDField()


class StepCompletion(serializers.Serializer[Any]):
    version = serializers.IntegerField(min_value=1)
    note = serializers.CharField(
        max_length=1000,
        required=False,
        allow_blank=True,
        error_messages={"max_length": "A note can have 1,000 characters."},
    )
    skip = serializers.BooleanField(required=False)
    answers = serializers.DictField(required=False, help_text="Of a form: question -> answer")


class StepDecision(serializers.Serializer[Any]):
    agrees = serializers.BooleanField()
    note = serializers.CharField(max_length=1000, required=False, allow_blank=True)


class StepDelegation(serializers.Serializer[Any]):
    to_id = serializers.UUIDField()


class StepRepair(serializers.Serializer[Any]):
    """settings: those of the step that are put right, for this run alone; skip: leave the step out instead."""

    version = serializers.IntegerField(min_value=1)
    settings = serializers.DictField(required=False, default=dict)
    skip = serializers.BooleanField(required=False, default=False)


class RunStop(serializers.Serializer[Any]):
    outcome = serializers.CharField(
        max_length=400,
        error_messages={
            "blank": "Say in a few words why it ends here.",
            "required": "Say in a few words why it ends here.",
            "max_length": "Say it in 400 characters.",
        },
    )


class TriggerSetting(serializers.Serializer[Any]):
    threshold = serializers.DecimalField(max_digits=12, decimal_places=2)
    active = serializers.BooleanField(default=False)


class TriggerOut(serializers.ModelSerializer[Trigger]):
    kpi = serializers.CharField(source="kpi.code", allow_null=True, default=None)

    class Meta:
        model = Trigger
        fields = ["id", "metric", "kpi", "threshold", "active", "cooldown_days"]


class PlaybookOut(serializers.ModelSerializer[Playbook]):
    version = serializers.IntegerField(allow_null=True)
    steps = serializers.ListField(child=serializers.DictField())
    triggers = TriggerOut(many=True)

    class Meta:
        model = Playbook
        fields = ["id", "code", "name", "aim", "version", "steps", "active", "triggers"]


class StepOut(serializers.ModelSerializer[Step]):
    class Meta:
        model = Step
        fields = [
            "id", "run_id", "account_id", "position", "stage", "code", "kind", "name", "instructions", "role",
            "owner_id", "due_on", "due_at", "state", "note", "result", "attempts", "error", "completed_at",
            "completed_by", "version",
        ]  # fmt: skip


class WorkItemOut(StepOut):
    """An open step with the names that a work list shows."""

    account = serializers.CharField(source="account.name")
    playbook = serializers.CharField(source="run.playbook.code")

    class Meta(StepOut.Meta):
        fields = ["account", "playbook", *StepOut.Meta.fields]


class RunOut(serializers.ModelSerializer[Run]):
    playbook = serializers.CharField(source="playbook.code")
    playbook_version = serializers.IntegerField()
    steps = StepOut(many=True)

    class Meta:
        model = Run
        fields = [
            "id", "account_id", "playbook", "playbook_version", "trigger_id", "why", "state", "started_at",
            "started_by", "finished_at", "outcome", "steps",
        ]  # fmt: skip


class ResultSetting(serializers.Serializer[Any]):
    """What came of a run; `version` is that of the result you saw, 0 for none."""

    code = serializers.ChoiceField(
        choices=RunResult.Code.choices,
        error_messages={"invalid_choice": "Choose what came of it.", "required": "Choose what came of it."},
    )
    reason = serializers.CharField(
        max_length=400,
        error_messages={
            "blank": "Say in a few words why.",
            "required": "Say in a few words why.",
            "max_length": "Say it in 400 characters.",
        },
    )
    version = serializers.IntegerField(min_value=0)

    @property
    def fields_given(self) -> dict[str, Any]:
        """As the operation takes them."""
        given = dict(self.validated_data)
        version = given.pop("version")
        return {**given, "expected_version": version}


class MeasurementOut(serializers.ModelSerializer[Measurement]):
    class Meta:
        model = Measurement
        fields = ["moment", "metric", "value", "unit", "of", "score_id", "value_id", "at", "taken_at"]


class RunResultOut(serializers.ModelSerializer[RunResult]):
    class Meta:
        model = RunResult
        fields = ["run_id", "code", "reason", "decided_at", "decided_by", "version"]


class EstimateStart(serializers.Serializer[Any]):
    playbook_id = serializers.UUIDField()


class EstimateOut(serializers.ModelSerializer[EffectEstimate]):
    """result: null until the worker has finished; its accounts are those the caller sees."""

    playbook = serializers.CharField(source="playbook.code")
    result = serializers.SerializerMethodField()

    class Meta:
        model = EffectEstimate
        fields = ["id", "playbook", "inputs_hash", "result", "created_at", "created_by", "finished_at"]

    def get_result(self, made: EffectEstimate) -> dict[str, Any] | None:
        return visible_result(made, by=self.context["request"].actor) if made.result is not None else None


class ReplayAsked(serializers.Serializer[Any]):
    threshold = serializers.DecimalField(
        max_digits=12, decimal_places=2, error_messages={"invalid": "Write a number, for example 50."}
    )
    other = serializers.DecimalField(
        max_digits=12, decimal_places=2, error_messages={"invalid": "Write a number, for example 50."}
    )
    reading = serializers.ChoiceField(choices=list(READINGS), default="known")
    horizon = serializers.ChoiceField(choices=HORIZONS, default=90)


class TriggerReplaySideOut(serializers.Serializer[Any]):
    count = serializers.IntegerField()
    hours = serializers.DecimalField(max_digits=12, decimal_places=2, allow_null=True)
    left = serializers.IntegerField(allow_null=True)
    accounts = serializers.SerializerMethodField()

    def get_accounts(self, side: Side) -> list[str]:
        """Ids of the accounts that would have started, 40 at most."""
        return [str(start.account.pk) for start in side.starts]


class TriggerReplayMonthOut(serializers.Serializer[Any]):
    day = serializers.DateField()
    known = serializers.IntegerField()
    sides = TriggerReplaySideOut(many=True)


class TriggerReplayTotalOut(serializers.Serializer[Any]):
    threshold = serializers.DecimalField(max_digits=12, decimal_places=2)
    starts = serializers.IntegerField()
    accounts = serializers.IntegerField()
    hours = serializers.DecimalField(max_digits=12, decimal_places=2, allow_null=True)
    judged = serializers.IntegerField()
    left = serializers.IntegerField()
    caught = serializers.IntegerField()


class TriggerReplayOut(serializers.Serializer[Any]):
    """sides and totals in the order of the thresholds asked for; churns null: no outcome is recorded."""

    reading = serializers.CharField()
    horizon = serializers.IntegerField()
    churns = serializers.IntegerField(allow_null=True)
    accounts = serializers.IntegerField()
    sample = serializers.BooleanField()
    totals = TriggerReplayTotalOut(many=True)
    months = TriggerReplayMonthOut(many=True)
