from typing import Any

import django_filters
from django.db.models import QuerySet
from django.utils.timezone import now
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.response import Response
from rest_framework.viewsets import ReadOnlyModelViewSet

from accounts import rules
from accounts.models import Assignment, AssignmentRule, Team
from accounts.operations import assignment, teams
from accounts.serializers import AccountOut
from accounts.serializers.teams import (
    AssignedOut,
    AssignInput,
    HandedOverOut,
    HandOverInput,
    MemberGone,
    MemberInput,
    OwnerAssignmentOut,
    RuleEdit,
    RuleInput,
    RuleOut,
    RuleSwitch,
    TeamEdit,
    TeamInput,
    TeamOut,
)
from core.http import UUID_PATTERN, ApiRequest
from core.rules import require


def _given(kind: Any, request: ApiRequest) -> dict[str, Any]:
    given = kind(data=request.data)
    given.is_valid(raise_exception=True)
    return dict(given.validated_data)


class Teams(ReadOnlyModelViewSet[Team]):
    """Teams with their members: how many accounts each can carry, and until when they are away."""

    request: ApiRequest
    serializer_class = TeamOut
    lookup_value_regex = UUID_PATTERN
    ordering = ("name", "id")
    queryset = Team.objects.none()

    def get_queryset(self) -> QuerySet[Team]:
        return Team.objects.prefetch_related("members")

    def _out(self, team: Team, code: int = status.HTTP_200_OK) -> Response:
        return Response(TeamOut(self.get_queryset().get(pk=team.pk)).data, status=code)

    @extend_schema(request=TeamInput, responses={201: TeamOut})
    def create(self, request: ApiRequest) -> Response:
        return self._out(teams.write_team(**_given(TeamInput, request), by=request.actor), status.HTTP_201_CREATED)

    @extend_schema(request=TeamEdit, responses=TeamOut)
    def partial_update(self, request: ApiRequest, pk: str) -> Response:
        given = _given(TeamEdit, request)
        version = given.pop("version")
        found = self.get_object()
        return self._out(teams.write_team(team_id=found.pk, expected_version=version, **given, by=request.actor))

    @extend_schema(request=MemberInput, responses=TeamOut)
    @action(detail=True, methods=["post"])
    def members(self, request: ApiRequest, pk: str) -> Response:
        """Put a person into the team, or change what they can carry."""
        team = self.get_object()
        teams.set_member(team_id=team.pk, **_given(MemberInput, request), by=request.actor)
        return self._out(team)

    @extend_schema(request=MemberGone, responses=TeamOut)
    @action(detail=True, methods=["post"], url_path="members/remove")
    def remove(self, request: ApiRequest, pk: str) -> Response:
        team = self.get_object()
        teams.remove_member(team_id=team.pk, **_given(MemberGone, request), by=request.actor)
        return self._out(team)

    @extend_schema(request=None, responses={200: AccountOut, 204: None})
    @action(detail=True, methods=["post"])
    def next(self, request: ApiRequest, pk: str) -> Response:
        """The account that has waited longest in the queue of a pooled team is the caller's now; 204: none waits."""
        account = assignment.take_next(team_id=self.get_object().pk, by=request.actor, at=now())
        return Response(AccountOut(account).data) if account else Response(status=status.HTTP_204_NO_CONTENT)


class AssignmentRules(ReadOnlyModelViewSet[AssignmentRule]):
    """Rules by which accounts without an owner find one; a rule's condition is its territory."""

    request: ApiRequest
    serializer_class = RuleOut
    lookup_value_regex = UUID_PATTERN
    ordering = ("priority", "id")
    queryset = AssignmentRule.objects.none()

    def get_queryset(self) -> QuerySet[AssignmentRule]:
        return AssignmentRule.objects.all()

    @extend_schema(request=RuleInput, responses={201: RuleOut})
    def create(self, request: ApiRequest) -> Response:
        made = teams.write_rule(**_given(RuleInput, request), by=request.actor)
        return Response(RuleOut(made).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=RuleEdit, responses=RuleOut)
    def partial_update(self, request: ApiRequest, pk: str) -> Response:
        given = _given(RuleEdit, request)
        version = given.pop("version")
        found = self.get_object()
        made = teams.write_rule(rule_id=found.pk, expected_version=version, **given, by=request.actor)
        return Response(RuleOut(made).data)

    @extend_schema(request=RuleSwitch, responses=RuleOut)
    @action(detail=True, methods=["post"])
    def switch(self, request: ApiRequest, pk: str) -> Response:
        """Pause a rule or let it go on."""
        rule = teams.switch_rule(rule_id=self.get_object().pk, **_given(RuleSwitch, request), by=request.actor)
        return Response(RuleOut(rule).data)


class AssignmentFilter(django_filters.FilterSet):
    account_id = django_filters.UUIDFilter()
    owner_id = django_filters.UUIDFilter()
    rule_id = django_filters.UUIDFilter()

    class Meta:
        model = Assignment
        fields: list[str] = []


class Assignments(ReadOnlyModelViewSet[Assignment]):
    """Why accounts got their owners: who was weighed, with what figures, and what decided."""

    request: ApiRequest
    serializer_class = OwnerAssignmentOut
    filterset_class = AssignmentFilter
    lookup_value_regex = UUID_PATTERN
    ordering = ("-at", "-id")
    queryset = Assignment.objects.none()

    def get_queryset(self) -> QuerySet[Assignment]:
        return Assignment.objects.visible_to(self.request.actor)

    @extend_schema(request=AssignInput, responses=AssignedOut)
    def create(self, request: ApiRequest) -> Response:
        """Find owners for those of these accounts that have none."""
        done = assignment.assign_accounts(**_given(AssignInput, request), by=request.actor, at=now())
        return Response(AssignedOut(done).data)

    @extend_schema(request=HandOverInput, responses=HandedOverOut)
    @action(detail=False, methods=["post"], url_path="hand-over")
    def hand_over(self, request: ApiRequest) -> Response:
        """What a person has goes to others: by the rules, to one person, or the rest to that person."""
        require(request.actor, rules.ASSIGN)
        done = assignment.hand_over(**_given(HandOverInput, request), by=request.actor, at=now())
        return Response(HandedOverOut(done).data)
