"""What people type and programs send about KPIs, ranges, targets and benchmarks; the same for pages and the API."""

from decimal import Decimal
from typing import Any

from rest_framework import serializers

from kpis.catalogue import CATEGORIES
from kpis.catalogue.edges import ONE_SIDED, TWO_SIDED
from kpis.models import Benchmark, Kpi, ReferenceRange, Target
from kpis.operations.goals import STATISTICS

CADENCES = [("week", "Weekly"), ("month", "Monthly"), ("quarter", "Quarterly"), ("once", "Once")]
AGGREGATIONS = [("last", "The last month"), ("mean", "The mean of its months"), ("sum", "The sum of its months")]
WEIGHTS = [(3, "High, 3"), (2, "Medium, 2"), (1, "Low, 1"), (0, "Shown, never scored")]
NUMBER: dict[str, Any] = {
    "invalid": "Enter a number, such as 85 or 3.5.",
    "max_digits": "This number is too long to be kept.",
}
NUMBER |= dict.fromkeys(("max_string_length", "max_whole_digits"), NUMBER["max_digits"])
NUMBER["max_decimal_places"] = "Six decimals are kept, not more."
CHOOSE: dict[str, Any] = {"invalid_choice": "Choose one of these."}


def number(**given: Any) -> serializers.DecimalField:
    return serializers.DecimalField(max_digits=20, decimal_places=6, error_messages=NUMBER, **given)


KPI_CATEGORIES = [(one.code, one.name) for one in CATEGORIES]


class KpiFields(serializers.Serializer[Any]):
    """What a KPI says of itself. minimum, maximum: hard limits, null for none. weight: 3 high to 0 shown only."""

    name = serializers.CharField(max_length=160, error_messages={"blank": "A KPI needs a name."})
    category = serializers.ChoiceField(choices=KPI_CATEGORIES, error_messages=CHOOSE)
    unit = serializers.CharField(max_length=24, allow_blank=True, required=False)
    direction = serializers.ChoiceField(choices=Kpi.Direction.choices, required=False, error_messages=CHOOSE)
    portfolio_only = serializers.BooleanField(required=False)
    cadence = serializers.ChoiceField(choices=CADENCES, required=False, error_messages=CHOOSE)
    aggregation = serializers.ChoiceField(choices=AGGREGATIONS, required=False, error_messages=CHOOSE)
    weight = serializers.ChoiceField(choices=WEIGHTS, required=False, error_messages=CHOOSE)
    minimum = number(required=False, allow_null=True)
    maximum = number(required=False, allow_null=True)
    outcome_like = serializers.BooleanField(required=False)
    description = serializers.CharField(max_length=2000, allow_blank=True, required=False)
    caveats = serializers.CharField(max_length=2000, allow_blank=True, required=False)
    owner_label = serializers.CharField(max_length=160, allow_blank=True, required=False)


class KpiInput(KpiFields):
    """A new KPI. code: made from the name when left out; it never changes afterwards."""

    code = serializers.CharField(max_length=80, allow_blank=True, required=False)
    aliases = serializers.ListField(child=serializers.CharField(max_length=200), required=False, max_length=40)


class KpiEdit(KpiFields):
    """Changes of a KPI. version: of the KPI as you saw it; 409 says that somebody was faster."""

    version = serializers.IntegerField(min_value=1)

    def get_fields(self) -> Any:
        fields = super().get_fields()
        for name, field in fields.items():
            field.required = name == "version"
        return fields


class AliasInput(serializers.Serializer[Any]):
    text = serializers.CharField(max_length=200, error_messages={"blank": "Type the name as files write it."})


class RangeInput(serializers.Serializer[Any]):
    """A range from a day on, by its edges; worst and best follow by the rule when left out.

    One-sided KPIs: worst, red (red to yellow), green (yellow to green), best. Two-sided ones: the eight *_low, *_high.
    """

    valid_from = serializers.DateField(error_messages={"invalid": "Enter a day."})
    never_red = serializers.BooleanField(required=False, default=False)
    source: Any = serializers.CharField(max_length=200, allow_blank=True, required=False, default="")
    source_year = serializers.IntegerField(
        min_value=1900, max_value=2100, allow_null=True, required=False, default=None,
        error_messages={"invalid": "Enter a year, such as 2026."},
    )  # fmt: skip
    note = serializers.CharField(max_length=400, allow_blank=True, required=False, default="")
    version = serializers.IntegerField(required=False, allow_null=True, default=None)

    def get_fields(self) -> Any:
        edges = {name: number(required=False, allow_null=True) for name in (*ONE_SIDED, *TWO_SIDED)}
        return {**super().get_fields(), **edges}


class RangeOut(serializers.ModelSerializer[ReferenceRange]):
    """superseded_at is null while the range counts from its day on."""

    kpi: Any = serializers.SlugRelatedField(slug_field="code", read_only=True)

    class Meta:
        model = ReferenceRange
        fields = [
            "id", "kpi", "valid_from", "anchors", "source", "source_year", "note", "created_at", "created_by",
            "superseded_at",
        ]  # fmt: skip
        read_only_fields = fields


class TargetFields(serializers.Serializer[Any]):
    """value: in the KPI's own unit. expected: the target you were looking at, null for none."""

    value = number()
    due_on = serializers.DateField(required=False, allow_null=True, default=None)
    basis = serializers.CharField(
        max_length=300,
        error_messages={"blank": "Say why just this number: a contract, a benchmark, what was agreed."},
    )
    expected = serializers.UUIDField(required=False, allow_null=True, default=None)


class TargetInput(TargetFields):
    account_id = serializers.UUIDField()
    kpi = serializers.SlugField(max_length=80)


class TargetOut(serializers.ModelSerializer[Target]):
    kpi: Any = serializers.SlugRelatedField(slug_field="code", read_only=True)

    class Meta:
        model = Target
        fields = [
            "id", "account_id", "kpi", "value", "due_on", "basis", "created_at", "created_by", "ended_at", "ended_by",
        ]  # fmt: skip
        read_only_fields = fields


class BenchmarkFields(serializers.Serializer[Any]):
    population = serializers.CharField(max_length=160, error_messages={"blank": "Say of whom the figure speaks."})
    statistic = serializers.ChoiceField(choices=STATISTICS, error_messages=CHOOSE)
    value = number()
    source: Any = serializers.CharField(max_length=200, error_messages={"blank": "Say where it was published."})
    year = serializers.IntegerField(error_messages={"invalid": "Enter the year the figure speaks of."})


class BenchmarkInput(BenchmarkFields):
    kpi = serializers.SlugField(max_length=80)


class BenchmarkOut(serializers.ModelSerializer[Benchmark]):
    """year is null where the source states none; only figures that came with the catalogue leave it open."""

    kpi: Any = serializers.SlugRelatedField(slug_field="code", read_only=True)

    class Meta:
        model = Benchmark
        fields = ["id", "kpi", "population", "statistic", "value", "source", "year", "created_at", "created_by"]
        read_only_fields = fields


def edges_given(data: dict[str, Any]) -> dict[str, Decimal | None]:
    """The edges out of validated data of a RangeInput."""
    return {name: data[name] for name in (*ONE_SIDED, *TWO_SIDED) if data.get(name) is not None}
