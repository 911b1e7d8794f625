from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from kpis.models import HealthScore
from kpis.queries.history import Replay
from kpis.queries.lines import Lines, Point
from kpis.queries.waterfall import Cause, Moved
from kpis.queries.waterfall import Part as MovedPart
from kpis.serializers.health import SourceOut


def _points(**given: Any) -> serializers.DecimalField:
    return serializers.DecimalField(max_digits=7, decimal_places=2, read_only=True, **given)


class ScoreOut(serializers.Serializer[HealthScore]):
    """A stored score. as_of: the day it speaks of; scored_at: when it was computed, and so what it could know."""

    id = serializers.UUIDField()
    as_of = serializers.DateField()
    score = _points(allow_null=True)
    band = serializers.CharField()
    coverage = serializers.IntegerField()
    scorecard = serializers.CharField(source="version")
    version_id = serializers.UUIDField()
    scored_at = serializers.DateTimeField()
    superseded_at = serializers.DateTimeField(allow_null=True)


class ScoreQuery(serializers.Serializer[Any]):
    """Stored scores, the newest day first, in keyset pages."""

    since = serializers.DateField(required=False, help_text="Days from this one on")
    until = serializers.DateField(required=False, help_text="Days up to this one")
    page_size = serializers.IntegerField(min_value=1, max_value=200, required=False)
    after = serializers.CharField(required=False, allow_blank=True)
    before = serializers.CharField(required=False, allow_blank=True)


@extend_schema_serializer(many=False)
class ScorePage(serializers.Serializer[Any]):
    """A keyset page; `next` and `previous` are addresses or null."""

    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = ScoreOut(many=True)


class ReadingOut(serializers.Serializer[Any]):
    """A score in its stored form; every number is in hundredths, null = not enough data."""

    score_hundredths = serializers.IntegerField(allow_null=True)
    band = serializers.CharField()
    coverage = serializers.IntegerField()
    low_hundredths = serializers.IntegerField()
    high_hundredths = serializers.IntegerField()
    base_hundredths = serializers.IntegerField(allow_null=True)
    categories = serializers.JSONField()
    parts = serializers.JSONField()
    exceptions = serializers.JSONField()
    input_hash = serializers.CharField()


class SaidOut(serializers.Serializer[Any]):
    value_id = serializers.UUIDField(source="id")
    period = serializers.DateField()
    value = serializers.DecimalField(max_digits=20, decimal_places=6)
    recorded_at = serializers.DateTimeField()


class ChangedOut(serializers.Serializer[Any]):
    """A KPI that says something else of that day today; null where there is no value."""

    kpi = serializers.CharField()
    known_then = SaidOut(allow_null=True)
    true_then = SaidOut(allow_null=True)


@extend_schema_serializer(many=False)
class ReplayOut(serializers.Serializer[Replay]):
    """A stored score computed again. reproduced: `known_then` is what is stored, byte for byte (sha256 of those).

    true_then: the same day under the same version with what is known today. doubts: values whose time stamps alone
    would not tell whether the score saw them.
    """

    score = ScoreOut()
    reproduced = serializers.BooleanField()
    sha256 = serializers.CharField(source="digest")
    known_then = ReadingOut(source="known")
    true_then = ReadingOut(source="true")
    changed = serializers.SerializerMethodField()
    doubts = serializers.ListField(child=serializers.UUIDField())

    def get_changed(self, found: Replay) -> list[dict[str, Any]]:
        codes = dict(zip(found.card.kpi_ids, found.card.rules.kpis, strict=True))
        rows = [{"kpi": codes[kpi_id], "known_then": was, "true_then": now} for kpi_id, was, now in found.changed]
        return list(ChangedOut(rows, many=True).data)


class PointOut(serializers.Serializer[Point]):
    """One day of both lines. changed: made under another version than the day before it."""

    day = serializers.DateField()
    score_id = serializers.UUIDField(source="stored.pk", default=None, allow_null=True)
    as_it_was = _points(source="was", allow_null=True)
    scorecard = serializers.CharField(source="version")
    todays_definition = _points(source="today", allow_null=True)
    changed = serializers.BooleanField()


@extend_schema_serializer(many=False)
class LinesOut(serializers.Serializer[Lines]):
    """The month ends of a year and today, as they were and under the definition of today."""

    scorecard = serializers.CharField(source="version", allow_null=True)
    version_id = serializers.UUIDField(source="version.pk", default=None, allow_null=True)
    points = PointOut(many=True)


class MovesQuery(serializers.Serializer[Any]):
    """Ids of stored scores; left out, the score in force and the one of about four weeks before."""

    start = serializers.UUIDField(required=False)
    end = serializers.UUIDField(required=False)


class CauseOut(serializers.Serializer[Cause]):
    """One KPI, category or exception within a cause, with the values it stands on."""

    name = serializers.CharField()
    kpi = serializers.CharField(source="kpi.code", default=None, allow_null=True)
    points = _points()
    note = serializers.CharField()
    before = SourceOut(allow_null=True)
    after = SourceOut(allow_null=True)


class MovedPartOut(serializers.Serializer[MovedPart]):
    code = serializers.CharField()
    name = serializers.CharField()
    points = _points()
    causes = CauseOut(many=True)


@extend_schema_serializer(many=False)
class MovesOut(serializers.Serializer[Moved]):
    """start + every part = end, exactly. scored: both ends are scores, not just what the known data would give."""

    first = ScoreOut()
    last = ScoreOut()
    start = _points()
    end = _points()
    change = _points()
    scored = serializers.BooleanField()
    adds_up = serializers.BooleanField()
    parts = MovedPartOut(many=True)
