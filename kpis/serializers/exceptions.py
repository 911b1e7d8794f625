from typing import Any

from rest_framework import serializers

from kpis.queries.assignment import Assignment, Match
from kpis.queries.exceptions import Moved, SetException


class ExceptionInput(serializers.Serializer[Any]):
    """A cap or a floor on one account's score; the page and the API share it."""

    kind = serializers.ChoiceField(
        choices=[("cap", "Cap"), ("floor", "Floor")], error_messages={"required": "Choose a cap or a floor."}
    )
    limit = serializers.DecimalField(
        max_digits=5,
        decimal_places=2,
        min_value=0,
        max_value=100,
        error_messages={
            "invalid": "Enter points from 0 to 100, like 60.",
            "min_value": "Enter points from 0 to 100.",
            "max_value": "Enter points from 0 to 100.",
            "max_decimal_places": "Two places at most.",
            "required": "Enter points from 0 to 100, like 60.",
        },
    )
    reason = serializers.CharField(
        max_length=200,
        error_messages={
            "blank": "Say why: it is printed beside the score.",
            "required": "Say why: it is printed beside the score.",
            "max_length": "Keep it below 200 characters.",
        },
    )
    starts_on = serializers.DateField(
        required=False, allow_null=True, default=None, help_text="The first day it holds; today if left out"
    )
    expires_on = serializers.DateField(
        required=False, allow_null=True, default=None, help_text="The last day it holds; null: until it is withdrawn"
    )
    order = serializers.IntegerField(
        min_value=1,
        max_value=1000,
        required=False,
        default=100,
        help_text="Lower ones apply first, so a later one has the last word; rules of the scorecard have 50",
    )


class ExceptionOut(serializers.Serializer[SetException]):
    """One exception as it was set. state: coming, holds, expired or withdrawn. moves: it moves today's score."""

    id = serializers.UUIDField(source="row.pk")
    kind = serializers.CharField(source="row.kind")
    limit = serializers.DecimalField(max_digits=5, decimal_places=2)
    reason = serializers.CharField(source="row.reason")
    order = serializers.IntegerField(source="row.order")
    starts_on = serializers.DateField(source="row.starts_on")
    expires_on = serializers.DateField(source="row.expires_on", allow_null=True)
    state = serializers.CharField()
    moves = serializers.BooleanField()
    created_at = serializers.DateTimeField(source="row.created_at")
    created_by = serializers.CharField(source="row.created_by")
    withdrawn_at = serializers.DateTimeField(source="row.withdrawn_at", allow_null=True)
    withdrawn_by = serializers.CharField(source="row.withdrawn_by")


class MovedByException(serializers.Serializer[Moved]):
    """A cap or a floor that moved a score; exception_id null: a rule of the scorecard. text: as it is printed."""

    exception_id = serializers.UUIDField(allow_null=True)
    kind = serializers.CharField()
    limit = serializers.DecimalField(max_digits=5, decimal_places=2)
    reason = serializers.CharField()
    before = serializers.DecimalField(max_digits=5, decimal_places=2)
    after = serializers.DecimalField(max_digits=5, decimal_places=2)
    text = serializers.CharField()


class MatchOut(serializers.Serializer[Match]):
    """A live scorecard that matches an account."""

    scorecard_id = serializers.UUIDField(source="scorecard.pk")
    version_id = serializers.UUIDField(source="version.pk")
    name = serializers.CharField()
    version = serializers.IntegerField(source="version.number")
    priority = serializers.IntegerField()
    because = serializers.CharField()


class AssignmentOut(serializers.Serializer[Assignment]):
    """Which scorecard applies to an account today, why, and the others that match it too."""

    winner = MatchOut()
    others = MatchOut(many=True)
    why = serializers.CharField()
