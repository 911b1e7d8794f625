from typing import Any

from rest_framework import serializers

from accounts.models import ImportRow, RecordImport
from accounts.operations.record_kinds import KINDS


class ImportInput(serializers.Serializer[Any]):
    """A table as text (CSV or tab-separated) whose first row names the columns."""

    kind = serializers.CharField(
        max_length=40, help_text=f"What the rows are: {', '.join(KINDS)}, or object:<code of an own object>"
    )
    text = serializers.CharField(max_length=8_000_000, trim_whitespace=False)
    file_name = serializers.CharField(max_length=200, default="table.csv")
    corrects = serializers.UUIDField(required=False, help_text="The import whose held rows these are, corrected")


class ImportMapping(serializers.Serializer[Any]):
    """mapping: column number as text -> field, '' leaves it out; key: the field that says which record a row is."""

    mapping = serializers.DictField(child=serializers.CharField(allow_blank=True))
    key = serializers.CharField(max_length=60)
    reading = serializers.DictField(
        required=False,
        help_text="days: dmy, mdy or ''; decimal: . , or ''; only: {column, is}; same: {field: text}",
    )
    mail_wanted = serializers.BooleanField(required=False)


class ImportNames(serializers.Serializer[Any]):
    """said: name in the file -> id, number or exact name of the account it means, or 'new'."""

    said = serializers.DictField(child=serializers.CharField(allow_blank=True, max_length=200))


class ImportStep(serializers.Serializer[Any]):
    step = serializers.ChoiceField(
        choices=[
            ("try", "Dry run"),
            ("bring", "Bring it in"),
            ("again", "Take the rows that wait for an account"),
            ("undo", "Take it back"),
        ]
    )


class ImportOut(serializers.ModelSerializer[RecordImport]):
    class Meta:
        model = RecordImport
        fields = [
            "id", "kind", "file_name", "headings", "mapping", "key", "state", "rows", "position", "summary", "message",
            "reading", "mail_wanted", "mailed_at",
            "corrects_id", "job_id", "created_at", "created_by", "finished_at", "undone_at", "undone_by",
        ]  # fmt: skip
        read_only_fields = fields


class ImportRowOut(serializers.ModelSerializer[ImportRow]):
    """action: create, update, same, held, corrected."""

    class Meta:
        model = ImportRow
        fields = ["id", "line", "action", "record_id", "raw", "column", "error", "fix", "asks", "undone"]
        read_only_fields = fields
