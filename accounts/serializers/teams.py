from typing import Any

from rest_framework import serializers

from accounts.assigning import METHODS
from accounts.models import Assignment, AssignmentRule, Team, TeamMember


class TeamInput(serializers.Serializer[Any]):
    """A team, as a person or a script names it; the page and the API share it."""

    name = serializers.CharField(max_length=80)
    pooled = serializers.BooleanField(default=False, help_text="Its accounts wait in a queue for whoever is free")
    lead_id = serializers.UUIDField(required=False, allow_null=True, default=None)


class TeamEdit(TeamInput):
    version = serializers.IntegerField(min_value=1)


class MemberInput(serializers.Serializer[Any]):
    user_id = serializers.UUIDField()
    capacity = serializers.IntegerField(
        min_value=0, max_value=100_000, required=False, allow_null=True, default=None, help_text="Accounts; null: any"
    )
    away_until = serializers.DateField(
        required=False, allow_null=True, default=None, help_text="The day on which the person is back"
    )


class MemberGone(serializers.Serializer[Any]):
    user_id = serializers.UUIDField()


class MemberOut(serializers.ModelSerializer[TeamMember]):
    class Meta:
        model = TeamMember
        fields = ["user_id", "capacity", "away_until"]
        read_only_fields = fields


class TeamOut(serializers.ModelSerializer[Team]):
    members = MemberOut(many=True, read_only=True)

    class Meta:
        model = Team
        fields = ["id", "name", "pooled", "lead_id", "archived_at", "version", "members"]
        read_only_fields = fields


class RuleInput(serializers.Serializer[Any]):
    """Which team gets the accounts of a condition, and how one of its people is chosen."""

    name = serializers.CharField(max_length=80)
    where = serializers.CharField(max_length=4000, required=False, allow_blank=True, default="")
    team_id = serializers.UUIDField()
    method = serializers.ChoiceField(choices=list(METHODS.items()), default="fewest")
    priority = serializers.IntegerField(
        min_value=1, max_value=32_000, required=False, allow_null=True, default=None, help_text="The lowest goes first"
    )


class RuleEdit(RuleInput):
    version = serializers.IntegerField(min_value=1)


class RuleOut(serializers.ModelSerializer[AssignmentRule]):
    class Meta:
        model = AssignmentRule
        fields = ["id", "name", "priority", "where", "team_id", "method", "active", "version"]
        read_only_fields = fields


class RuleSwitch(serializers.Serializer[Any]):
    active = serializers.BooleanField()


class AssignInput(serializers.Serializer[Any]):
    account_ids = serializers.ListField(child=serializers.UUIDField(), max_length=1000)


class AssignedOut(serializers.Serializer[Any]):
    given = serializers.IntegerField(help_text="Accounts that have an owner now")
    queued = serializers.IntegerField(help_text="Accounts that wait in the queue of a pooled team")
    kept = serializers.IntegerField(help_text="Accounts for which nobody was found; the reason is in the assignment")
    unmatched = serializers.IntegerField(help_text="Accounts to which no rule applies")


class OwnerAssignmentOut(serializers.ModelSerializer[Assignment]):
    class Meta:
        model = Assignment
        fields = ["id", "account_id", "rule_id", "owner_id", "before_id", "why", "at", "by_label"]
        read_only_fields = fields


class HandOverInput(serializers.Serializer[Any]):
    user_id = serializers.UUIDField()
    to_id = serializers.UUIDField(required=False, allow_null=True, default=None)
    by_rule = serializers.BooleanField(default=False)


class HandedOverOut(serializers.Serializer[Any]):
    accounts = serializers.IntegerField()
    tasks = serializers.IntegerField()
    kept = serializers.IntegerField(help_text="Accounts that stay, as nobody was found")
