from typing import Any

from rest_framework import serializers

from accounts.models import BulkChange, BulkRow, SavedView
from accounts.operations.bulk import FIELDS, MOST
from accounts.operations.pasting import MOST_CELLS
from accounts.operations.views import DENSITIES, MOST_COLUMNS
from accounts.queries.bulk import seen_part
from accounts.queries.typed import TYPED
from accounts.queries.views import NARROWEST, WIDEST
from kpis.serializers.portfolio import PageQuery


class SavedViewOut(serializers.ModelSerializer[SavedView]):
    class Meta:
        model = SavedView
        fields = [
            "id", "name", "owner_id", "shared", "filters", "sort", "group", "columns", "pins", "widths", "density",
            "version",
        ]  # fmt: skip


class SavedViewIn(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=80)
    shared = serializers.BooleanField(required=False, default=False)
    filters = serializers.DictField(
        child=serializers.CharField(max_length=2000, allow_blank=True),
        required=False,
        help_text="As in the address of the list: view, band, q, owner, tier, industry, region, stage, sample, where",
    )
    sort = serializers.CharField(max_length=80, required=False, allow_blank=True)
    columns = serializers.ListField(child=serializers.CharField(max_length=80), max_length=MOST_COLUMNS, required=False)
    group = serializers.CharField(
        max_length=80, required=False, allow_blank=True, help_text="Field that the list is grouped by"
    )
    pins = serializers.ListField(
        child=serializers.CharField(max_length=80),
        max_length=MOST_COLUMNS,
        required=False,
        help_text="Columns kept in sight",
    )
    widths = serializers.DictField(
        child=serializers.IntegerField(min_value=NARROWEST, max_value=WIDEST),
        required=False,
        help_text="Column to pixels",
    )
    density = serializers.ChoiceField(choices=[one for one in DENSITIES if one], required=False, allow_blank=True)

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        """A filter that the list could not read is refused here already."""
        asked = PageQuery(data={**given.get("filters", {}), "sort": given.get("sort", "")})
        if not asked.is_valid():
            raise serializers.ValidationError({"filters": asked.errors})
        unknown = set(given.get("filters", {})) - set(asked.fields)
        if unknown:
            raise serializers.ValidationError({"filters": [f"No such filter: {', '.join(sorted(unknown))}."]})
        return given


class SavedViewEdit(SavedViewIn):
    version = serializers.IntegerField(min_value=1, help_text="The version you changed")


class BulkChangeOut(serializers.ModelSerializer[BulkChange]):
    class Meta:
        model = BulkChange
        fields = [
            "id", "changes", "where", "total", "done", "failed", "job_id", "created_at", "created_by", "finished_at",
            "undone_at", "undone_by",
        ]  # fmt: skip

    def to_representation(self, instance: BulkChange) -> dict[str, Any]:
        """Without what it says in own fields that the reader may not know of. What the accounts were chosen by may
        name such a field as well, so that it is told to whoever made the change alone."""
        said = super().to_representation(instance)
        said["where"] = said["where"] if instance.created_by_id == self.context.get("by_id") else ""
        return {**said, "changes": seen_part(said["changes"], own=self.context.get("own", {}))}


class BulkCells(serializers.Serializer[Any]):
    """What one account is to hold. version: of the account as it was looked at."""

    account_id = serializers.UUIDField()
    version = serializers.IntegerField(min_value=1)
    changes = serializers.DictField(
        child=serializers.CharField(max_length=500, allow_blank=True),
        help_text=f"Field to new value as a person writes it: {', '.join(TYPED)} or custom.<code>",
    )


class BulkCellsIn(serializers.Serializer[Any]):
    rows = BulkCells(many=True, allow_empty=False)

    def validate_rows(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if len(rows) > MOST_CELLS:
            raise serializers.ValidationError(f"At most {MOST_CELLS} accounts at once.")
        if len({row["account_id"] for row in rows}) < len(rows):
            raise serializers.ValidationError("Name every account once.")
        return rows


class BulkChangeIn(serializers.Serializer[Any]):
    changes = serializers.DictField(
        child=serializers.CharField(max_length=500, allow_blank=True),
        help_text=f"Field to new value as a person writes it: {', '.join(FIELDS)} custom.<code>, archived_at",
    )
    account_ids = serializers.ListField(child=serializers.UUIDField(), max_length=MOST, required=False)
    where = serializers.CharField(
        max_length=2000, required=False, help_text="A condition, in place of account_ids: every account it matches"
    )
    dry_run = serializers.BooleanField(required=False, default=False, help_text="Only say what it would do")

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        if bool(given.get("account_ids")) == bool(given.get("where")):
            raise serializers.ValidationError("Give either account_ids or where.")
        return given

    def validate_where(self, text: str) -> str:
        return PageQuery().validate_where(text)


class BulkLookOut(serializers.Serializer[Any]):
    accounts = serializers.IntegerField()
    same = serializers.IntegerField(help_text="Say so already")
    refused = serializers.IntegerField(help_text="May not be edited by you")
    changing = serializers.IntegerField()


class BulkRowOut(serializers.ModelSerializer[BulkRow]):
    class Meta:
        model = BulkRow
        fields = ["id", "account_id", "before", "error", "undone"]

    def to_representation(self, instance: BulkRow) -> dict[str, Any]:
        """Without what the account said in own fields that the reader may not know of."""
        said = super().to_representation(instance)
        return {**said, "before": seen_part(said["before"], own=self.context.get("own", {}))}
