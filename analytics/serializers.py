from typing import Any

from rest_framework import serializers

from analytics.models import Report


class ReportRequest(serializers.Serializer[Any]):
    account_id = serializers.UUIDField()


class ReportOut(serializers.ModelSerializer[Report]):
    ready = serializers.SerializerMethodField()
    state = serializers.CharField(source="job.state", default="done")

    class Meta:
        model = Report
        fields = [
            "id", "account_id", "kind", "as_of", "state", "ready", "sha256", "size", "pages", "created_by_label",
            "created_at", "finished_at",
        ]  # fmt: skip

    def get_ready(self, report: Report) -> bool:
        return report.finished_at is not None
