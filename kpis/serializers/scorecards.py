from typing import Any

from rest_framework import serializers

from kpis.models import Scorecard, ScorecardVersion
from kpis.queries.scorecard_texts import TEMPLATES
from kpis.queries.scorecard_versions import count_findings
from kpis.scoring import definition_hash
from kpis.scoring.assignment import rule_text

EDITS: Any = {"required": "Load the page again: it does not say which state you saw."}


class ScorecardRule(serializers.Serializer[Any]):
    """stage, tier, industry, region: values, one of which an account must have; younger_than_days: as a customer."""

    stage = serializers.ListField(child=serializers.CharField(max_length=80), required=False)
    tier = serializers.ListField(child=serializers.CharField(max_length=80), required=False)
    industry = serializers.ListField(child=serializers.CharField(max_length=80), required=False)
    region = serializers.ListField(child=serializers.CharField(max_length=80), required=False)
    younger_than_days = serializers.IntegerField(
        required=False,
        allow_null=True,
        min_value=1,
        max_value=3650,
        error_messages={"invalid": "Write a whole number of days, for example 30."},
    )


class ScorecardInput(serializers.Serializer[Any]):
    """priority null: the first free one before the scorecard for all the rest."""

    name = serializers.CharField(
        max_length=80,
        error_messages={"blank": "A scorecard needs a name.", "required": "A scorecard needs a name."},
    )
    description = serializers.CharField(max_length=400, required=False, allow_blank=True)
    priority = serializers.IntegerField(
        required=False, allow_null=True, error_messages={"invalid": "Write a whole number."}
    )
    rule = ScorecardRule(required=False)


class RuleSetting(serializers.Serializer[Any]):
    """The rule and priority of a scorecard; edits: as it was when you read it."""

    rule = ScorecardRule()
    priority = serializers.IntegerField(
        error_messages={"invalid": "Write a whole number.", "required": "Write a whole number."}
    )
    edits = serializers.IntegerField(min_value=1, error_messages=EDITS)


class DraftStart(serializers.Serializer[Any]):
    """What a draft starts from: a version, or a template; neither: the live version."""

    based_on = serializers.UUIDField(required=False, allow_null=True)
    template = serializers.ChoiceField(choices=list(TEMPLATES), required=False, allow_blank=True)
    note = serializers.CharField(max_length=400, required=False, allow_blank=True)


class DraftEdit(serializers.Serializer[Any]):
    """definition: the whole text. edits: as it was when you read it; a stale one is refused, never overwritten."""

    definition = serializers.JSONField()
    note = serializers.CharField(max_length=400, required=False, allow_blank=True)
    edits = serializers.IntegerField(min_value=1, error_messages=EDITS)


class Seen(serializers.Serializer[Any]):
    """edits: as the version or scorecard was when you read it."""

    edits = serializers.IntegerField(min_value=1, error_messages=EDITS)


class Decision(Seen):
    """note: what changes and why, or what the reviewer has to say."""

    note = serializers.CharField(
        max_length=400, required=False, allow_blank=True, error_messages={"max_length": "Say it in 400 characters."}
    )


class Rejection(Seen):
    reason = serializers.CharField(
        max_length=400,
        error_messages={
            "blank": "Say what has to be different.",
            "required": "Say what has to be different.",
            "max_length": "Say it in 400 characters.",
        },
    )


class RollBack(serializers.Serializer[Any]):
    to_version = serializers.UUIDField()
    reason = serializers.CharField(
        max_length=300,
        error_messages={
            "blank": "Say why the earlier text comes back.",
            "required": "Say why the earlier text comes back.",
            "max_length": "Say it in 300 characters.",
        },
    )


class MergeChoices(Seen):
    """choices: row -> "mine" or "theirs", for rows that the draft and the live version both changed."""

    choices = serializers.DictField(child=serializers.ChoiceField(choices=["mine", "theirs"]), required=False)


class ScorecardOut(serializers.ModelSerializer[Scorecard]):
    """applies_to: the rule in words. live: number of the version in force, null while there is none."""

    applies_to = serializers.SerializerMethodField()
    live = serializers.SerializerMethodField()
    drafts = serializers.IntegerField(read_only=True)
    in_review = serializers.IntegerField(read_only=True)

    class Meta:
        model = Scorecard
        fields = [
            "id", "name", "description", "priority", "rule", "applies_to", "live", "drafts", "in_review", "edits",
            "created_at", "created_by", "archived_at",
        ]  # fmt: skip
        read_only_fields = fields

    def get_applies_to(self, card: Scorecard) -> str:
        return rule_text(card.rule)

    def get_live(self, card: Scorecard) -> int | None:
        return next((one.number for one in card.versions.all() if one.state == ScorecardVersion.State.LIVE), None)


class VersionRow(serializers.ModelSerializer[ScorecardVersion]):
    """A version without its text. refused, to_look_at: findings of the checker, null since it was changed."""

    scorecard = serializers.CharField(source="scorecard.name", read_only=True)
    state = serializers.CharField(read_only=True, help_text="draft, review, live, retired or dropped")
    based_on = serializers.SerializerMethodField()
    refused = serializers.SerializerMethodField()
    to_look_at = serializers.SerializerMethodField()

    class Meta:
        model = ScorecardVersion
        fields = [
            "id", "scorecard_id", "scorecard", "number", "state", "based_on", "note", "edits", "refused", "to_look_at",
            "checked_at", "created_at", "created_by", "submitted_at", "submitted_by", "reviewed_at", "reviewed_by",
            "review_note", "live_since", "retired_at",
        ]  # fmt: skip
        read_only_fields = fields

    def get_based_on(self, version: ScorecardVersion) -> int | None:
        return version.based_on.number if version.based_on else None

    def get_refused(self, version: ScorecardVersion) -> int | None:
        return None if version.findings is None else count_findings(version)[0]

    def get_to_look_at(self, version: ScorecardVersion) -> int | None:
        return None if version.findings is None else count_findings(version)[1]


class VersionOut(VersionRow):
    """A version with its text, what the checker said of it, and its effect for those who see every account."""

    definition_hash = serializers.SerializerMethodField()
    effect = serializers.SerializerMethodField()

    class Meta(VersionRow.Meta):
        fields = [*VersionRow.Meta.fields, "definition", "definition_hash", "findings", "effect"]
        read_only_fields = fields

    def get_definition_hash(self, version: ScorecardVersion) -> str:
        return definition_hash(version.definition)

    def get_effect(self, version: ScorecardVersion) -> Any:
        return version.effect if self.context["request"].actor.sees_all else None


class ScorecardRowOut(serializers.Serializer[Any]):
    """A row in words; shares in per cent of the score."""

    name = serializers.CharField()
    kind = serializers.CharField(help_text="added, removed or changed")
    kpi = serializers.CharField()
    share_before = serializers.FloatField(allow_null=True)
    share_after = serializers.FloatField(allow_null=True)
    lines = serializers.SerializerMethodField()

    def get_lines(self, row: Any) -> list[dict[str, str]]:
        return [{"label": line.label, "before": line.before, "after": line.after} for line in row.lines]
