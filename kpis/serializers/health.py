from typing import Any

from drf_spectacular.utils import extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from accounts.models import Account
from kpis.catalogue import CATEGORIES
from kpis.models import Band
from kpis.queries.evidence import CategoryPart, Evidence, Part
from kpis.serializers.exceptions import MovedByException
from kpis.serializers.portfolio import PortfolioQuery


def _points(**given: Any) -> serializers.DecimalField:
    return serializers.DecimalField(max_digits=7, decimal_places=2, read_only=True, **given)


class HealthQuery(PortfolioQuery):
    """As on the portfolio's page, with keyset pages."""

    page_size = serializers.IntegerField(min_value=1, max_value=200, required=False)
    after = serializers.CharField(required=False, allow_blank=True)
    before = serializers.CharField(required=False, allow_blank=True)


@extend_schema_serializer(many=False)
class HealthOut(serializers.Serializer[Account]):
    """Where an account stands. score, change: points with two places, null when it cannot be said.

    low, high: the score if everything missing were at its worst and at its best. arrow: -1, 0 or 1, only for a move
    that is more than ageing. trend: the last eleven month ends and now, oldest first. categories: code -> points.
    """

    account_id = serializers.UUIDField(source="pk")
    name = serializers.CharField()
    sample = serializers.BooleanField()
    owner_id = serializers.UUIDField(allow_null=True)
    score = _points(source="health.score", default=None, allow_null=True)
    band = serializers.SerializerMethodField()
    coverage = serializers.IntegerField(source="health.coverage", default=None, allow_null=True)
    low = _points(source="health.latest.low", default=None, allow_null=True)
    high = _points(source="health.latest.high", default=None, allow_null=True)
    change = _points(source="health.change", default=None, allow_null=True)
    arrow = serializers.IntegerField(source="health.arrow", default=None, allow_null=True)
    attention = serializers.IntegerField(source="health.attention", default=None, allow_null=True)
    as_of = serializers.DateField(source="health.as_of", default=None, allow_null=True)
    scored_at = serializers.DateTimeField(source="health.scored_at", default=None, allow_null=True)
    categories = serializers.SerializerMethodField()
    trend = serializers.SerializerMethodField()

    @extend_schema_field(serializers.ChoiceField(choices=Band.choices))
    def get_band(self, account: Account) -> str:
        health = getattr(account, "health", None)
        return str(health.band) if health else Band.UNKNOWN.value

    def get_categories(self, account: Account) -> dict[str, int | None]:
        health = getattr(account, "health", None)
        prints = health.fingerprint if health else [None] * len(CATEGORIES)
        return {category.code: points for category, points in zip(CATEGORIES, prints, strict=False)}

    def get_trend(self, account: Account) -> list[float | None]:
        health = getattr(account, "health", None)
        return [None if point is None else point / 100 for point in health.trend] if health else []


class HealthRow(HealthOut):
    """A line of the portfolio: bounds are at the account itself."""

    low = None  # type: ignore[assignment]
    high = None  # type: ignore[assignment]


@extend_schema_serializer(many=False)
class HealthPage(serializers.Serializer[Any]):
    """A keyset page; `next` and `previous` are addresses or null."""

    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = HealthRow(many=True)


class SourceOut(serializers.Serializer[Any]):
    """Where a value came from, down to the cell."""

    value_id = serializers.UUIDField(source="pk")
    origin = serializers.CharField()
    upload_id = serializers.UUIDField(allow_null=True)
    file_name = serializers.CharField(source="upload.file_name", default="")
    version = serializers.IntegerField(source="upload.version", default=None, allow_null=True)
    sheet = serializers.CharField()
    address = serializers.CharField()
    raw = serializers.CharField()
    conversion = serializers.CharField()
    by_label = serializers.CharField()
    reason = serializers.CharField()
    recorded_at = serializers.DateTimeField()


class PartOut(serializers.Serializer[Part]):
    """One KPI of the score. freshness, share in per cent; points, contribution in points."""

    kpi = serializers.CharField(source="kpi.code")
    name = serializers.CharField(source="kpi.name")
    unit = serializers.CharField(source="kpi.unit")
    period = serializers.DateField(source="value.period")
    value = serializers.DecimalField(max_digits=20, decimal_places=6, source="value.value")
    state = serializers.CharField()
    band = serializers.CharField()
    points = _points()
    freshness = serializers.IntegerField()
    share = _points()
    contribution = _points()
    source = SourceOut(source="value")  # type: ignore[assignment]


class CategoryOut(serializers.Serializer[CategoryPart]):
    """One category: weight as on the scorecard, share as it counted, both in per cent."""

    code = serializers.CharField()
    name = serializers.CharField()
    weight = _points()
    share = _points()
    score = _points(allow_null=True)
    coverage = serializers.IntegerField()
    contribution = _points()
    parts = PartOut(many=True)
    missing = serializers.SerializerMethodField()

    def get_missing(self, category: CategoryPart) -> list[str]:
        return [part.kpi.code for part in category.missing]


@extend_schema_serializer(many=False)
class EvidenceOut(serializers.Serializer[Evidence]):
    """A stored score laid open. The contributions add up exactly to `base`; with what `exceptions` moved it is the
    score, where there is one."""

    account_id = serializers.UUIDField(source="score.account_id")
    as_of = serializers.DateField(source="score.as_of")
    score = _points(source="score.score", allow_null=True)
    base = _points()
    exceptions = MovedByException(many=True)
    adds_up = serializers.BooleanField()
    band = serializers.CharField(source="score.band")
    coverage = serializers.IntegerField(source="score.coverage")
    low = _points(source="score.low")
    high = _points(source="score.high")
    scorecard = serializers.CharField(source="score.version")
    scored_at = serializers.DateTimeField(source="score.scored_at")
    recomputed_same = serializers.BooleanField(source="recomputed.same")
    recomputed_score = _points(source="recomputed.score", allow_null=True)
    categories = CategoryOut(many=True)


class EvidenceQuery(serializers.Serializer[Any]):
    as_of = serializers.DateField(required=False, help_text="The day the score speaks of; today if left out")
