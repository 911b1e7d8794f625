from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from core.models import Job
from kpis.models import Upload, UploadIssue
from kpis.queries.compare import KINDS, Wanted


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
    """state: reading, proposed (waits for commit), importing, done, refused, cancelled, failed,
    rolling_back or rolled_back; `message` says why.

    proposal: mapping, questions, first rows and counts. summary: values imported, unchanged, template_only, held.
    """

    job = JobOut(read_only=True, allow_null=True)

    class Meta:
        model = Upload
        fields = [
            "id", "file_name", "version", "sha256", "size", "state", "message", "layout", "answers", "proposal",
            "summary", "position", "corrects_id", "job", "created_by_label", "created_at", "finished_at",
            "rolled_back_at", "rolled_back_by", "rollback_reason", "picked_up",
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


class CompareQuery(serializers.Serializer[Any]):
    """`with`: the upload to hold it against, by default the version before. kind: changed, added, removed, held or
    unchanged. kpi: a code. account: part of its name. after: the cursor `next` of the page before."""

    kind = serializers.CharField(required=False)
    kpi = serializers.CharField(required=False, max_length=80)
    account = serializers.CharField(required=False, max_length=200)
    after = serializers.CharField(required=False, max_length=2000)

    def get_fields(self) -> dict[str, Any]:
        return {**super().get_fields(), "with": serializers.UUIDField(required=False)}

    def _asked(self, name: str) -> Any:
        """What was asked for, nothing for what makes no sense: an address that was typed wrongly shows everything."""
        if name in self.errors:
            return ""
        return self.get_fields()[name].run_validation(self.initial_data[name]) if name in self.initial_data else ""

    def wanted(self) -> Wanted:
        kind = self._asked("kind") if self.initial_data.get("kind") else ""
        asked = {
            name: str(self._asked(name) or "") for name in ("kpi", "account", "after") if self.initial_data.get(name)
        }
        return Wanted(kind=kind if kind in KINDS else "", **asked)

    def other(self) -> UUID | None:
        return self._asked("with") or None if self.initial_data.get("with") else None


class CellOut(serializers.Serializer[Any]):
    value = serializers.DecimalField(max_digits=20, decimal_places=6, allow_null=True)
    sheet = serializers.CharField()
    address = serializers.CharField()
    raw = serializers.CharField()
    rule = serializers.CharField()


class DifferenceOut(serializers.Serializer[Any]):
    """kind: changed, added, removed, held (it was there and is held now) or unchanged. value null: not in that file."""

    kind = serializers.CharField()
    account_id = serializers.UUIDField()
    account = serializers.CharField()
    kpi = serializers.CharField()
    period = serializers.DateField()
    old = CellOut()
    new = CellOut()


class DifferencePageOut(serializers.Serializer[Any]):
    """`next`: the cursor for `after`, empty on the last page. counts: cells of each kind."""

    upload = serializers.UUIDField()
    other = serializers.UUIDField()
    counts = serializers.DictField(child=serializers.IntegerField())
    next = serializers.CharField()
    results = DifferenceOut(many=True)


class RollbackReason(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=400)


class RollbackEffectOut(serializers.Serializer[Any]):
    """In values. withdrawn leave; of them restored give way to what was there before, repeated stay as a later
    file's, emptied leave their cell empty. by_people and by_files were changed since and stay."""

    withdrawn = serializers.IntegerField()
    restored = serializers.IntegerField()
    repeated = serializers.IntegerField()
    emptied = serializers.IntegerField()
    accounts = serializers.IntegerField()
    by_people = serializers.IntegerField()
    by_files = serializers.IntegerField()
    held = serializers.IntegerField()
