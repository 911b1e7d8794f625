from typing import Any

from rest_framework import serializers

from accounts.models import CustomObject, CustomRecord
from accounts.queries.custom import own_dict


class ObjectChange(serializers.Serializer[Any]):
    """What may be said of an object of the tenant's own; the page and the API share it."""

    name = serializers.CharField(max_length=60, required=False)
    plural = serializers.CharField(max_length=60, required=False)
    description = serializers.CharField(max_length=300, required=False, allow_blank=True)
    view_roles = serializers.ListField(
        child=serializers.CharField(max_length=40), required=False, help_text="Codes of roles; empty: every role"
    )
    edit_roles = serializers.ListField(child=serializers.CharField(max_length=40), required=False)


class ObjectNew(ObjectChange):
    name = serializers.CharField(max_length=60)
    plural = serializers.CharField(max_length=60)


class ObjectEdit(ObjectChange):
    """An edit names the version it was made on."""

    version = serializers.IntegerField(min_value=1)


class ObjectRetire(serializers.Serializer[Any]):
    restore = serializers.BooleanField(default=False)


class ObjectOut(serializers.ModelSerializer[CustomObject]):
    class Meta:
        model = CustomObject
        fields = ["id", "code", "name", "plural", "description", "view_roles", "edit_roles", "active", "version"]
        read_only_fields = fields


class RecordChange(serializers.Serializer[Any]):
    """What may be said of a record; the page and the API share it."""

    name = serializers.CharField(max_length=200, required=False)
    custom = serializers.DictField(
        required=False, child=serializers.JSONField(allow_null=True), help_text="Its fields: code -> value"
    )


class RecordNew(RecordChange):
    account_id = serializers.UUIDField()
    name = serializers.CharField(max_length=200)


class RecordEdit(RecordChange):
    """An edit names the version it was made on; two editors notice each other."""

    version = serializers.IntegerField(min_value=1)


class RecordArchive(serializers.Serializer[Any]):
    restore = serializers.BooleanField(default=False)


class RecordOut(serializers.ModelSerializer[CustomRecord]):
    """`context["own_fields"]`: the fields that the reader may see."""

    custom = serializers.SerializerMethodField()

    class Meta:
        model = CustomRecord
        fields = ["id", "account_id", "name", "custom", "version", "created_at", "created_by", "archived_at"]
        read_only_fields = fields

    def get_custom(self, record: CustomRecord) -> dict[str, Any]:
        return own_dict(record, self.context.get("own_fields", ()))
