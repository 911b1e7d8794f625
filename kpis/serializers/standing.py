"""Answers of the API about metrics, standings and sheets of ranges."""

import tempfile
from pathlib import Path
from typing import Any

from rest_framework import serializers

from kpis.queries.range_sheet import SheetPreview, preview_sheet
from kpis.serializers.definitions import BenchmarkOut, TargetOut
from kpis.workbook import FileRefused

LARGEST_SHEET = 2_000_000  # bytes; ranges are a page or two


def read_sheet(file: Any, text: str) -> SheetPreview:
    """The preview of a sheet that came as a file or as text. Raises FileRefused."""
    if file is not None and (file.size or 0) > LARGEST_SHEET:
        raise FileRefused("too_large", "A sheet of ranges has at most 2 MB.")
    name, content = (file.name or "sheet.csv", file.read()) if file is not None else ("pasted.csv", text.encode())
    if not content.strip():
        raise FileRefused("empty", "Choose a file, or paste the rows with their heading.")
    with tempfile.TemporaryDirectory() as folder:  # the readers want a file
        path = Path(folder) / "sheet"
        path.write_bytes(content)
        return preview_sheet(path, name)


class MetricOut(serializers.Serializer[Any]):
    slug = serializers.CharField()
    name = serializers.CharField()
    says = serializers.CharField()
    formula = serializers.CharField()
    grain = serializers.CharField()
    unit = serializers.CharField()
    better = serializers.CharField()
    made_of = serializers.SerializerMethodField()
    caveats = serializers.CharField()
    owner = serializers.CharField()
    pages = serializers.ListField(child=serializers.CharField())

    def get_made_of(self, metric: Any) -> str:
        return str(metric.source)


class RangeSheetInput(serializers.Serializer[Any]):
    text = serializers.CharField(required=False, allow_blank=True, default="", trim_whitespace=False)
    file = serializers.FileField(required=False)
    valid_from = serializers.DateField()
    commit = serializers.BooleanField(required=False, default=False)


class RangeSheetRow(serializers.Serializer[Any]):
    """problems: column -> what is wrong; anchors: what the row gives, empty when it cannot be taken in."""

    row = serializers.IntegerField(source="row.number")
    name = serializers.CharField(source="row.name")
    kpi = serializers.SerializerMethodField()
    same = serializers.BooleanField()
    problems = serializers.DictField(source="row.problems", child=serializers.CharField())

    def get_kpi(self, one: Any) -> str | None:
        return one.kpi.code if one.kpi else None


class RangeSheetOut(serializers.Serializer[Any]):
    """made: ids of the ranges that were set; empty for a preview."""

    rows = RangeSheetRow(many=True)
    to_set = serializers.SerializerMethodField()
    wrong = serializers.IntegerField()
    unchanged = serializers.IntegerField()
    made = serializers.SerializerMethodField()

    def get_to_set(self, preview: Any) -> int:
        return len(preview.good)

    def get_made(self, preview: Any) -> list[str]:
        return [str(one.pk) for one in self.context.get("made", [])]


class PlaceOut(serializers.Serializer[Any]):
    among = serializers.CharField()
    group = serializers.IntegerField()
    percentile = serializers.IntegerField(allow_null=True)
    text = serializers.CharField()


class StandingOut(serializers.Serializer[Any]):
    """gap: how far the value has to move, with its sign; 0 at the target or better, null when it is not known."""

    kpi = serializers.SerializerMethodField()
    value = serializers.DecimalField(source="number", max_digits=20, decimal_places=6, allow_null=True)
    period = serializers.SerializerMethodField()
    target = serializers.SerializerMethodField()
    gap = serializers.SerializerMethodField()
    places = PlaceOut(many=True)
    benchmarks = BenchmarkOut(many=True)

    def get_kpi(self, found: Any) -> str:
        return str(self.context["kpi"].code)

    def get_period(self, found: Any) -> str | None:
        return found.value.period.isoformat() if found.value else None

    def get_target(self, found: Any) -> dict[str, Any] | None:
        return TargetOut(found.aim.target).data if found.aim else None

    def get_gap(self, found: Any) -> str | None:
        gap = found.aim.gap if found.aim else None
        return None if gap is None else f"{gap:f}"
