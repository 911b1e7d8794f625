from typing import Any

from rest_framework import serializers

from kpis.models import Suggestion


class SuggestionOut(serializers.ModelSerializer[Suggestion]):
    """A doubted value. proposed: what it should be, in the KPI's unit; with move_to the month it belongs to; neither:
    withdraw it. applied_id: the value that accepting it made."""

    kpi = serializers.CharField(source="kpi.code", read_only=True)
    account_name = serializers.CharField(source="account.name", read_only=True)
    period = serializers.DateField(source="value.period", read_only=True)
    number = serializers.DecimalField(source="value.value", max_digits=20, decimal_places=6, read_only=True)

    class Meta:
        model = Suggestion
        fields = [
            "id", "kind", "state", "account_id", "account_name", "kpi", "period", "number", "value_id", "proposed",
            "move_to", "why", "evidence", "found_at", "decided_at", "decided_by", "applied_id",
        ]  # fmt: skip
        read_only_fields = fields


class DecideIn(serializers.Serializer[Any]):
    """wanted: filters of the list: state, kind, kpi (code), account (part of its name), file."""

    decision = serializers.ChoiceField(choices=["accept", "dismiss", "revert"])
    wanted = serializers.DictField(child=serializers.CharField(max_length=200), required=False, default=dict)


class KpiQualityOut(serializers.Serializer[Any]):
    """Of `accounts` that are expected to have this KPI: how many have a value that counts, how many a fresh one."""

    code = serializers.CharField()
    category = serializers.CharField()
    accounts = serializers.IntegerField()
    counting = serializers.IntegerField()
    fresh = serializers.IntegerField()
    held = serializers.IntegerField()
    contradictions = serializers.IntegerField()
    doubts = serializers.IntegerField()


class SourceQualityOut(serializers.Serializer[Any]):
    """key: the name of its files, or "=" and the origin. cells, held: of its newest file."""

    key = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    values = serializers.IntegerField()
    fresh = serializers.IntegerField()
    accounts = serializers.IntegerField()
    newest = serializers.CharField()
    cells = serializers.IntegerField()
    held = serializers.IntegerField()
    contradictions = serializers.IntegerField()
    doubts = serializers.IntegerField()


class FixOut(serializers.Serializer[Any]):
    """kind: missing (a KPI), held (a file) or fading (a source). gain: points of revenue-weighted coverage."""

    kind = serializers.CharField()
    what = serializers.CharField()
    key = serializers.CharField()
    gain = serializers.FloatField()
    accounts = serializers.IntegerField()
    values = serializers.IntegerField()


class QualityOut(serializers.Serializer[Any]):
    made_at = serializers.DateTimeField()
    accounts = serializers.IntegerField()
    coverage = serializers.FloatField(allow_null=True)
    weighted_by = serializers.CharField()
    expected = serializers.IntegerField()
    counting = serializers.IntegerField()
    fresh = serializers.IntegerField()
    cells = serializers.IntegerField()
    held = serializers.IntegerField()
    contradictions = serializers.IntegerField()
    doubts = serializers.IntegerField()
    kpis = KpiQualityOut(many=True)
    sources = SourceQualityOut(many=True)
    fixes = FixOut(many=True)


class CellQuery(serializers.Serializer[Any]):
    show = serializers.ChoiceField(choices=["missing", "fading", "counting"], required=False, default="missing")
    kpi = serializers.CharField(required=False, max_length=80)
    source = serializers.CharField(required=False, max_length=200)  # type: ignore[assignment]
    after = serializers.CharField(required=False, max_length=200)


class QualityCellOut(serializers.Serializer[Any]):
    account_id = serializers.UUIDField()
    account = serializers.CharField()
    kpi = serializers.CharField()
    period = serializers.DateField(allow_null=True)
    value = serializers.DecimalField(max_digits=20, decimal_places=6, allow_null=True)
    source = serializers.CharField()  # type: ignore[assignment]
    upload_id = serializers.UUIDField(allow_null=True)


class CellPageOut(serializers.Serializer[Any]):
    """`next`: the cursor for `after`, empty on the last page."""

    next = serializers.CharField()
    results = QualityCellOut(many=True)
