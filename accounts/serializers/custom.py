from typing import Any

from rest_framework import serializers

from accounts import custom
from accounts.models import CustomField


class FieldChange(serializers.Serializer[Any]):
    """What may be said of a field of the tenant's own; the page and the API share it."""

    label: Any = serializers.CharField(max_length=80, required=False)
    unit = serializers.CharField(max_length=24, required=False, allow_blank=True)
    choices = serializers.ListField(child=serializers.CharField(max_length=80, allow_blank=True), required=False)
    required: Any = serializers.BooleanField(required=False)
    in_reports = serializers.BooleanField(
        required=False,
        help_text="Stands in health reports: a field of an account as it is, others in a table of their records",
    )
    view_roles = serializers.ListField(
        child=serializers.CharField(max_length=40), required=False, help_text="Codes of roles; empty: every role"
    )
    edit_roles = serializers.ListField(child=serializers.CharField(max_length=40), required=False)


class FieldNew(FieldChange):
    label: Any = serializers.CharField(max_length=80)
    record = serializers.CharField(
        max_length=50, default="account", help_text="account, contact, contract or object:<code of an own object>"
    )
    kind = serializers.ChoiceField(choices=list(custom.KINDS.items()))


class FieldEdit(FieldChange):
    """An edit names the version it was made on."""

    version = serializers.IntegerField(min_value=1)


class FieldMove(serializers.Serializer[Any]):
    up = serializers.BooleanField()


class FieldRetire(serializers.Serializer[Any]):
    restore = serializers.BooleanField(default=False)


class FieldOut(serializers.ModelSerializer[CustomField]):
    class Meta:
        model = CustomField
        fields = [
            "id", "record", "code", "label", "kind", "unit", "choices", "required", "in_reports", "view_roles",
            "edit_roles", "position", "active", "version",
        ]  # fmt: skip
        read_only_fields = fields


class AsOfQuery(serializers.Serializer[Any]):
    on = serializers.DateField(help_text="The state at the end of this day")


class AsOfLine(serializers.Serializer[Any]):
    """One field on that day; known false: the trail cannot say."""

    name = serializers.CharField()
    label: Any = serializers.CharField()
    known = serializers.BooleanField()
    then = serializers.CharField()
    now = serializers.CharField()
    differs = serializers.BooleanField()
    changed_by = serializers.CharField(source="last.who", default=None, allow_null=True)
    changed_at = serializers.DateTimeField(source="last.at", default=None, allow_null=True)
