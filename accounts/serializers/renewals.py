from typing import Any

from django.utils.timezone import localdate
from rest_framework import serializers

from accounts.conditions import ConditionError, read
from accounts.models import Renewal, RenewalCheckpoint
from accounts.renewing import AT_RISK, SECURE, STATUSES, period_of, quarter_of

UNKNOWN = ("unknown", "Unknown")


class RenewalQuery(serializers.Serializer[Any]):
    """Which renewals: without a period those due in the running quarter."""

    period = serializers.CharField(
        max_length=10, required=False, help_text='A quarter "2026-Q4", a month "2026-11", "overdue" or "all"'
    )
    state = serializers.ChoiceField(choices=[("open", "Open"), ("closed", "Closed")], required=False, allow_blank=True)
    owner = serializers.CharField(max_length=36, required=False, allow_blank=True, help_text='An id, or "none"')
    category = serializers.ChoiceField(choices=[*Renewal.Category.choices, UNKNOWN], required=False, allow_blank=True)
    status = serializers.ChoiceField(choices=[*STATUSES, UNKNOWN], required=False, allow_blank=True)
    where = serializers.CharField(max_length=2000, required=False, allow_blank=True, help_text="A condition")

    def validate_period(self, key: str) -> str:
        if key not in ("overdue", "all") and period_of(key) is None:
            raise serializers.ValidationError("Choose a quarter like 2026-Q4 or a month like 2026-11.")
        return key

    def validate_owner(self, owner: str) -> str:
        if owner and owner != "none":
            serializers.UUIDField().run_validation(owner)
        return owner

    def validate_where(self, text: str) -> str:
        try:
            if text.strip():
                read(text)
        except ConditionError as wrong:
            raise serializers.ValidationError(str(wrong)) from wrong
        return text.strip()

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        given.setdefault("period", quarter_of(localdate()))
        return given


class RenewalEdit(serializers.Serializer[Any]):
    """What a person expects; `version` is the one you saw."""

    version = serializers.IntegerField(min_value=1)
    category = serializers.ChoiceField(choices=Renewal.Category.choices, required=False, allow_blank=True)
    likelihood = serializers.IntegerField(
        min_value=0,
        max_value=100,
        required=False,
        allow_null=True,
        error_messages={
            "invalid": "Enter a whole number from 0 to 100.",
            "min_value": "A likelihood lies between 0 and 100 per cent.",
            "max_value": "A likelihood lies between 0 and 100 per cent.",
        },
    )
    status = serializers.ChoiceField(choices=STATUSES, required=False, allow_blank=True)


class RenewalClose(serializers.Serializer[Any]):
    """What came of it; the contract is renewed, extended or ended with it."""

    version = serializers.IntegerField(min_value=1)
    outcome = serializers.ChoiceField(
        choices=[one for one in Renewal.State.choices if one[0] != Renewal.State.OPEN],
        error_messages={"required": "Choose what came of it."},
    )
    reason = serializers.CharField(
        max_length=300,
        error_messages={"blank": "Say why, in a few words.", "required": "Say why, in a few words."},
    )
    ends_on = serializers.DateField(required=False, allow_null=True)
    uplift = serializers.DecimalField(
        max_digits=5, decimal_places=4, min_value=0, max_value=1, required=False, help_text="0.05 is 5 %"
    )


class CheckpointDecision(serializers.Serializer[Any]):
    """What a leader decides."""

    decision = serializers.ChoiceField(
        choices=[one for one in STATUSES if one[0] in (SECURE, AT_RISK)],
        error_messages={"required": "Decide: secure or at risk.", "invalid_choice": "Decide: secure or at risk."},
    )
    note = serializers.CharField(
        max_length=300,
        error_messages={"blank": "Say why, in a few words.", "required": "Say why, in a few words."},
    )


class CheckpointOut(serializers.ModelSerializer[RenewalCheckpoint]):
    class Meta:
        model = RenewalCheckpoint
        fields = [
            "id", "renewal_id", "number", "due_on", "auto_status", "status", "escalated_at", "decision",
            "decision_note", "decided_at", "decided_by",
        ]  # fmt: skip
        read_only_fields = fields


class RenewalOut(serializers.ModelSerializer[Renewal]):
    """Yearly amounts in the contract's currency; "" and null are unknown."""

    account = serializers.CharField(source="account.name")
    contract = serializers.CharField(source="contract.name")
    checkpoints = CheckpointOut(many=True)

    class Meta:
        model = Renewal
        fields = [
            "id", "account_id", "account", "contract_id", "contract", "due_on", "amount", "currency", "state",
            "category", "likelihood", "auto_status", "auto_reason", "status", "renewed_amount", "outcome_reason",
            "version", "opened_at", "closed_at", "closed_by", "checkpoints",
        ]  # fmt: skip
        read_only_fields = fields
