from typing import Any

from rest_framework import serializers

from kpis.models import Formula, Kpi


class FormulaInput(serializers.Serializer[Any]):
    """The formula of a custom KPI. expected_version: of the one you saw, null when there was none."""

    text = serializers.CharField(max_length=2000, trim_whitespace=False, allow_blank=True)
    expected_version = serializers.IntegerField(required=False, allow_null=True, default=None, min_value=1)


class FormulaNew(FormulaInput):
    """As FormulaInput, with the KPI it is for."""

    kpi = serializers.SlugField(max_length=80)


class FormulaText(serializers.Serializer[Any]):
    """A text to be looked at; nothing is stored."""

    kpi = serializers.SlugField(max_length=80)
    text = serializers.CharField(max_length=2000, trim_whitespace=False, allow_blank=True)


class FormulaProblem(serializers.Serializer[Any]):
    """What is wrong and where: line and column from 1."""

    message = serializers.CharField()
    line = serializers.IntegerField()
    column = serializers.IntegerField()
    length = serializers.IntegerField()
    suggestions: Any = serializers.ListField(child=serializers.CharField())


class FormulaVerdict(serializers.Serializer[Any]):
    """words: how it reads. unit: of the result. known, total: accounts with a value in `month`. Nulls when it fails."""

    problems: Any = FormulaProblem(many=True)
    words = serializers.CharField(allow_null=True)
    unit = serializers.CharField(allow_null=True)
    outcome_like = serializers.BooleanField(allow_null=True)
    month = serializers.DateField(allow_null=True)
    known = serializers.IntegerField(allow_null=True)
    total = serializers.IntegerField(allow_null=True)


class FormulaOut(serializers.ModelSerializer[Formula]):
    """inputs: KPI codes, and fields of the account as "account.arr". live: this version computes."""

    kpi: serializers.SlugRelatedField[Kpi] = serializers.SlugRelatedField(slug_field="code", read_only=True)

    class Meta:
        model = Formula
        fields = ["id", "kpi", "version", "text", "unit", "inputs", "live", "created_at", "created_by"]
        read_only_fields = fields
