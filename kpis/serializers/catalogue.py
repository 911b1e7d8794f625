from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from kpis.models import Kpi, UnknownKpi
from users.trail import lines


class KpiOut(serializers.ModelSerializer[Kpi]):
    """anchors: [[value, points 0..100], ...] ascending, linear between, flat outside. weight 0: shown, never scored."""

    aliases: Any = serializers.SlugRelatedField(slug_field="text", many=True, read_only=True)
    scored = serializers.BooleanField(read_only=True)

    class Meta:
        model = Kpi
        fields = [
            "id", "code", "number", "name", "category", "unit", "direction", "anchors", "weight", "cadence", "minimum",
            "maximum", "aggregation", "outcome_like", "template_only", "portfolio_only", "custom", "active", "scored",
            "description", "caveats", "owner_label", "aliases", "version",
        ]  # fmt: skip
        read_only_fields = fields


class UseOut(serializers.Serializer[Any]):
    kind = serializers.CharField()
    label: Any = serializers.CharField()
    url = serializers.CharField()
    live = serializers.BooleanField()
    note = serializers.CharField()


class LogLine(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    by = serializers.CharField()
    text = serializers.CharField()


class KpiCardOut(serializers.Serializer[Any]):
    """behind: live scorecards that were published with another range than the one in force."""

    code = serializers.SerializerMethodField()
    origin = serializers.CharField()
    grain = serializers.CharField()
    formula = serializers.SerializerMethodField()
    uses = UseOut(many=True)
    behind = serializers.SerializerMethodField()
    log = serializers.SerializerMethodField()

    def get_code(self, card: Any) -> str:
        return str(self.context["kpi"].code)

    def get_formula(self, card: Any) -> str | None:
        return card.formula.text if card.formula else None

    def get_behind(self, card: Any) -> list[str]:
        return [str(one.version) for one in card.behind]

    @extend_schema_field(LogLine(many=True))
    def get_log(self, card: Any) -> list[dict[str, Any]]:
        return [{"at": line.entry.at, "by": line.who, "text": line.text} for line in lines(card.log, {})]


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
