from typing import Any

from rest_framework import serializers

from analytics.models import Report


class ReportRequest(serializers.Serializer[Any]):
    account_id = serializers.UUIDField()


class ReportOut(serializers.ModelSerializer[Report]):
    """state: waiting, ready or failed; `problem` says why it failed."""

    state = serializers.CharField()
    problem = serializers.SerializerMethodField()

    class Meta:
        model = Report
        fields = [
            "id", "account_id", "kind", "as_of", "state", "problem", "sha256", "size", "pages", "created_by_label",
            "created_at", "finished_at",
        ]  # fmt: skip

    def get_problem(self, report: Report) -> str:
        return report.job.message if report.state == "failed" and report.job else ""
