from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from core.models import Job
from kpis.models import Upload, UploadIssue


class UploadInput(serializers.Serializer[Any]):
    """A KPI file: .xlsx, .csv, .tsv or .csv.gz. `corrects`: the upload whose held rows it brings back."""

    file = serializers.FileField()
    corrects = serializers.UUIDField(required=False, allow_null=True)


class UploadAnswers(serializers.Serializer[Any]):
    """Answers by the key of their question; an empty answer takes an earlier one back."""

    answers = serializers.DictField(
        child=serializers.CharField(max_length=200, allow_blank=True, trim_whitespace=False)
    )


class AccountDecisions(serializers.Serializer[Any]):
    """Spelling in the file -> "create", the name of an account, or "" to leave its rows held."""

    decisions = serializers.DictField(child=serializers.CharField(max_length=200, allow_blank=True))


class JobOut(serializers.ModelSerializer[Job]):
    percent = serializers.IntegerField(read_only=True, allow_null=True)

    class Meta:
        model = Job
        fields = ["id", "kind", "state", "done", "total", "unit", "percent", "message"]
        read_only_fields = fields


class UploadOut(serializers.ModelSerializer[Upload]):
    """state: reading, proposed (waits for commit), importing, done, refused, cancelled or failed; `message` says why.

    proposal: mapping, questions, first rows and counts. summary: values imported, unchanged, template_only, held.
    """

    job = JobOut(read_only=True, allow_null=True)

    class Meta:
        model = Upload
        fields = [
            "id", "file_name", "version", "sha256", "size", "state", "message", "layout", "answers", "proposal",
            "summary", "position", "corrects_id", "job", "created_by_label", "created_at", "finished_at",
        ]  # fmt: skip
        read_only_fields = fields


class UploadRow(UploadOut):
    """An upload in a list: without its proposal."""

    class Meta(UploadOut.Meta):
        fields = [name for name in UploadOut.Meta.fields if name not in ("proposal", "answers")]
        read_only_fields = fields


class HeldCellOut(serializers.Serializer[Any]):
    sheet = serializers.CharField()
    row = serializers.IntegerField()
    column = serializers.IntegerField()
    account = serializers.CharField()
    kpi = serializers.CharField()
    period = serializers.CharField()
    value = serializers.CharField()
    unit = serializers.CharField()


class UploadIssueOut(serializers.ModelSerializer[UploadIssue]):
    """state: held (its cells wait), notice (blocks nothing) or resolved. cells: how many values wait because of it."""

    held = serializers.SerializerMethodField()

    class Meta:
        model = UploadIssue
        fields = [
            "id", "number", "state", "kind", "sheet", "address", "account_name", "account_id", "kpi_text", "kpi_id",
            "period", "raw", "rule", "suggestion", "likely", "cells", "held",
        ]  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(HeldCellOut(many=True))
    def get_held(self, issue: UploadIssue) -> list[dict[str, Any]]:
        names = ("sheet", "row", "column", "account", "kpi", "period", "value", "unit")
        return [{**dict(zip(names, row, strict=True)), "row": int(row[1]), "column": int(row[2])} for row in issue.row]
