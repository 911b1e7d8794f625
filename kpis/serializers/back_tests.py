from typing import Any

from rest_framework import serializers

from core.actor import Actor
from kpis.models import BackTest
from kpis.queries.back_tests import visible_result
from kpis.serializers.uploads import JobOut


class BackTestStart(serializers.Serializer[Any]):
    version_id = serializers.UUIDField(help_text="The version of a scorecard that is to be tested")


class BackTestRow(serializers.ModelSerializer[BackTest]):
    """verdict: better, worse or open (than chance), cannot_tell; null while there is no record."""

    job = JobOut(read_only=True, allow_null=True)
    verdict = serializers.SerializerMethodField()

    class Meta:
        model = BackTest
        fields = ["id", "version_id", "definition_hash", "verdict", "job", "created_at", "created_by", "finished_at"]
        read_only_fields = fields

    def get_verdict(self, made: BackTest) -> str | None:
        return made.result.get("verdict") if made.result else None


class BackTestOut(BackTestRow):
    """result: the whole record; of the accounts that left only those the caller sees are listed."""

    result = serializers.SerializerMethodField()

    class Meta(BackTestRow.Meta):
        fields = [*BackTestRow.Meta.fields, "result"]
        read_only_fields = fields

    def get_result(self, made: BackTest) -> dict[str, Any] | None:
        by: Actor = self.context["by"]
        return visible_result(made, by=by)
