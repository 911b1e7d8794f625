from typing import Any

from rest_framework import serializers

from accounts.models import Membership, Segment


class SegmentOut(serializers.ModelSerializer[Segment]):
    class Meta:
        model = Segment
        fields = ["id", "name", "description", "where", "active", "version", "evaluated_at", "created_at", "created_by"]


class SegmentIn(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=80)
    description = serializers.CharField(max_length=300, required=False, allow_blank=True)
    where = serializers.CharField(max_length=2000, help_text="A condition over accounts")
    active = serializers.BooleanField(required=False, default=True)


class SegmentEdit(SegmentIn):
    version = serializers.IntegerField(min_value=1, help_text="The version you changed")


class MembershipOut(serializers.ModelSerializer[Membership]):
    class Meta:
        model = Membership
        fields = ["id", "account_id", "entered_at", "left_at"]


class SegmentPreviewOut(serializers.Serializer[Any]):
    says = serializers.CharField()
    wrong = serializers.CharField(help_text="Why the condition cannot be read; empty when it can")
    accounts = serializers.IntegerField()
