from typing import Any

from rest_framework import serializers

from accounts.models import DuplicatePair, Merge
from accounts.operations.merging import CHOOSABLE


class PairOut(serializers.ModelSerializer[DuplicatePair]):
    """Two accounts that may be one; reasons: [what, likeness 0 to 100]."""

    first_name = serializers.CharField(source="first.name")
    second_name = serializers.CharField(source="second.name")

    class Meta:
        model = DuplicatePair
        fields = [
            "id", "first_id", "first_name", "second_id", "second_name", "score", "reasons", "state", "found_at",
            "decided_at", "decided_by",
        ]  # fmt: skip
        read_only_fields = fields


class PairDecision(serializers.Serializer[Any]):
    different = serializers.BooleanField(help_text="false: they are to be looked at again")


class MergeInput(serializers.Serializer[Any]):
    """The versions are those of both accounts as the caller read them; `take`: fields taken from the one that goes."""

    kept_id = serializers.UUIDField()
    gone_id = serializers.UUIDField()
    kept_version = serializers.IntegerField(min_value=1)
    gone_version = serializers.IntegerField(min_value=1)
    take = serializers.ListField(child=serializers.ChoiceField(choices=[(f, f) for f in CHOOSABLE]), default=list)


class MergeOut(serializers.ModelSerializer[Merge]):
    """moved: ids of the rows by table; stayed: [id, why] by table."""

    moved = serializers.JSONField(source="moved.moved")
    stayed = serializers.JSONField(source="moved.stayed")

    class Meta:
        model = Merge
        fields = ["id", "kept_id", "gone_id", "moved", "stayed", "fields", "at", "by_label", "undone_at", "undone_by"]
        read_only_fields = fields
