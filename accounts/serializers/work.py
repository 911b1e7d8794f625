from typing import Any

from rest_framework import serializers

from accounts.models import Activity


class ActivityInput(serializers.Serializer[Any]):
    """What a person writes down; the page and the API share it. Without `happened_at` it is now."""

    kind = serializers.ChoiceField(choices=Activity.Kind.choices)
    subject = serializers.CharField(max_length=200)
    body = serializers.CharField(max_length=20_000, required=False, allow_blank=True)
    happened_at = serializers.DateTimeField(required=False)
    minutes = serializers.IntegerField(min_value=0, max_value=1440, required=False, allow_null=True)


class ActivityNew(ActivityInput):
    account_id = serializers.UUIDField()


class ActivityEdit(ActivityInput):
    """An edit names the version it was made on."""

    kind = serializers.ChoiceField(choices=Activity.Kind.choices, required=False)
    subject = serializers.CharField(max_length=200, required=False)
    version = serializers.IntegerField(min_value=1)


class ActivityOut(serializers.ModelSerializer[Activity]):
    class Meta:
        model = Activity
        fields = [
            "id", "account_id", "kind", "subject", "body", "happened_at", "minutes", "by_id", "by_label", "version",
            "created_at", "removed_at",
        ]  # fmt: skip
        read_only_fields = fields


class Restore(serializers.Serializer[Any]):
    restore = serializers.BooleanField(default=False)
