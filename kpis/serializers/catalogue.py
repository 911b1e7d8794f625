from typing import Any

from rest_framework import serializers

from kpis.models import Kpi, UnknownKpi


class KpiOut(serializers.ModelSerializer[Kpi]):
    """anchors: [[value, points 0..100], ...] ascending, linear between, flat outside. weight 0: shown, never scored."""

    aliases: Any = serializers.SlugRelatedField(slug_field="text", many=True, read_only=True)
    scored = serializers.BooleanField(read_only=True)

    class Meta:
        model = Kpi
        fields = [
            "id", "code", "number", "name", "category", "unit", "direction", "anchors", "weight", "cadence", "minimum",
            "maximum", "outcome_like", "template_only", "portfolio_only", "scored", "aliases", "version",
        ]  # fmt: skip
        read_only_fields = fields


class UnknownKpiOut(serializers.ModelSerializer[UnknownKpi]):
    """suggestions: [[KPI code, likeness of the spelling 0..100], ...]. waiting: values held under this name."""

    kpi: Any = serializers.SlugRelatedField(slug_field="code", read_only=True, allow_null=True)
    waiting = serializers.IntegerField(read_only=True)
    files = serializers.IntegerField(read_only=True)

    class Meta:
        model = UnknownKpi
        fields = ["id", "text", "state", "kpi", "suggestions", "waiting", "files", "first_seen_at"]
        read_only_fields = fields


class UnknownKpiSettlement(serializers.Serializer[Any]):
    """kpi: the code of the KPI that the name means; null or empty to ignore the name."""

    kpi = serializers.SlugField(max_length=80, required=False, allow_null=True, allow_blank=True)
