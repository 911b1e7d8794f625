from typing import Any

from rest_framework import serializers

from kpis.models import Indicator, IndicatorRule


class IndicatorCondition(serializers.Serializer[Any]):
    """measure: a KPI's code, "health", "health_change" (points in 28 days) or "days_to_renewal"."""

    measure = serializers.CharField(max_length=80)
    op = serializers.ChoiceField(choices=["<", "<=", ">", ">="])
    value = serializers.CharField(max_length=24)


class IndicatorRuleInput(serializers.Serializer[Any]):
    """All conditions must hold. expected_version: of the rule you saw; not asked for a new one."""

    name = serializers.CharField(max_length=80)
    kind = serializers.ChoiceField(choices=IndicatorRule.Kind.choices)
    conditions: Any = IndicatorCondition(many=True)
    expected_version = serializers.IntegerField(required=False, allow_null=True, default=None)


class IndicatorConditions(serializers.Serializer[Any]):
    """Conditions to be looked at; nothing is stored."""

    conditions: Any = IndicatorCondition(many=True)


class IndicatorEffect(serializers.Serializer[Any]):
    """Accounts for which the conditions hold today, do not, or cannot be judged."""

    holds = serializers.IntegerField()
    not_so = serializers.IntegerField()
    unknown = serializers.IntegerField()


class IndicatorRuleOut(serializers.ModelSerializer[IndicatorRule]):
    """conditions: [{"measure", "op", "value"}, ...]."""

    class Meta:
        model = IndicatorRule
        fields = ["id", "name", "kind", "conditions", "active", "version", "created_at", "created_by"]
        read_only_fields = fields


class IndicatorOut(serializers.ModelSerializer[Indicator]):
    """opened_by, closed_by: [[measure, value, value id or null, op, limit], ...]; closed_* null while it is open."""

    rule_name = serializers.CharField(source="rule.name", read_only=True)
    kind = serializers.CharField(source="rule.kind", read_only=True)

    class Meta:
        model = Indicator
        fields = [
            "id", "rule_id", "rule_name", "kind", "account_id", "opened_on", "opened_at", "opened_by", "closed_on",
            "closed_at", "closed_by",
        ]  # fmt: skip
        read_only_fields = fields
