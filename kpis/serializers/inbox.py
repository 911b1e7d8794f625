from typing import Any

from rest_framework import serializers

from kpis.models import InboxFile


class InboxFileOut(serializers.ModelSerializer[InboxFile]):
    """state: growing, taken, refused or known (exactly these bytes were picked up before); `message` says why."""

    class Meta:
        model = InboxFile
        fields = ["id", "file_name", "size", "state", "message", "sha256", "upload_id", "seen_at", "done_at"]
        read_only_fields = fields


class SourceIn(serializers.Serializer[Any]):
    file_name = serializers.CharField(max_length=200)
    imports_alone = serializers.BooleanField()


class InboxSourceOut(serializers.Serializer[Any]):
    """All picked-up files of one name. imports_alone: a clean one needs nobody to commit it."""

    file_name = serializers.CharField()
    files = serializers.IntegerField()
    newest = serializers.DateTimeField()
    imports_alone = serializers.BooleanField()
    decided_by = serializers.CharField()
    waiting = serializers.IntegerField()
