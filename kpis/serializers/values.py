from typing import Any

from rest_framework import serializers

from kpis.models import Kpi, KpiValue


class ValueCorrection(serializers.Serializer[Any]):
    """One KPI value of one month set by hand; the number is in the KPI's own unit, per cent as 85."""

    new = serializers.DecimalField(
        max_digits=20, decimal_places=6, error_messages={"invalid": "Enter a number, like 85 or 3.5."}
    )
    reason = serializers.CharField(
        max_length=400,
        error_messages={
            "blank": "Say why, in a few words.",
            "required": "Say why, in a few words.",
            "max_length": "Keep it below 400 characters.",
        },
    )
    expected_value_id = serializers.UUIDField(
        required=False, allow_null=True, default=None, help_text="The value you were looking at; null: an empty cell"
    )


class KpiValueInput(ValueCorrection):
    """As a correction, with the cell it is for."""

    account_id = serializers.UUIDField()
    kpi = serializers.SlugField(max_length=80)
    period = serializers.DateField(help_text="Any day of the month")


class KpiValueOut(serializers.ModelSerializer[KpiValue]):
    """A value with where it came from. superseded_at is null while it is in force."""

    kpi: serializers.SlugRelatedField[Kpi] = serializers.SlugRelatedField(slug_field="code", read_only=True)

    class Meta:
        model = KpiValue
        fields = [
            "id", "account_id", "kpi", "period", "value", "origin", "recorded_at", "superseded_at", "upload_id",
            "sheet", "address", "raw", "raw_unit", "conversion", "by_label", "reason", "previous_id",
        ]  # fmt: skip
        read_only_fields = fields


class _InScore(serializers.Serializer[Any]):
    score_id = serializers.UUIDField(source="score.pk")
    as_of = serializers.DateField(source="score.as_of")
    score = serializers.DecimalField(source="score.score", max_digits=5, decimal_places=2, allow_null=True)
    scorecard = serializers.CharField(source="score.version")
    contribution = serializers.DecimalField(max_digits=6, decimal_places=2, help_text="Points it gave there")
    in_force = serializers.BooleanField()


class _Used(serializers.Serializer[Any]):
    text = serializers.CharField()
    url = serializers.CharField()
    at = serializers.DateTimeField()
    by = serializers.CharField()


class LineageOut(serializers.Serializer[Any]):
    """The way forward from a value. more: there are older scores than those listed."""

    scores = _InScore(many=True)
    used = _Used(many=True)
    more = serializers.BooleanField()
