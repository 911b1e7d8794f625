from typing import Any
from uuid import UUID

import django_filters
from django.db.models import Prefetch, QuerySet
from django.utils.timezone import localdate, now
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response
from rest_framework.viewsets import ReadOnlyModelViewSet

from core.http import UUID_PATTERN, ApiRequest
from kpis.models import Scorecard, ScorecardVersion
from kpis.operations import scorecard_drafts as drafts
from kpis.operations import scorecard_reviews as reviews
from kpis.operations import scorecards as cards
from kpis.operations.exceptions import add_standard_exceptions
from kpis.queries import scorecard_versions, scorecards
from kpis.serializers import scorecards as shapes


def _given(serializer: type[Any], request: ApiRequest) -> dict[str, Any]:
    given = serializer(data=request.data)
    given.is_valid(raise_exception=True)
    return dict(given.validated_data)


class ScorecardFilter(django_filters.FilterSet):
    archived = django_filters.BooleanFilter(field_name="archived_at", lookup_expr="isnull", exclude=True)

    class Meta:
        model = Scorecard
        fields: list[str] = []


class Scorecards(ReadOnlyModelViewSet[Scorecard]):
    """Ways of scoring, by priority: of those that match an account the lowest number applies."""

    request: ApiRequest
    queryset = Scorecard.objects.none()
    serializer_class = shapes.ScorecardOut
    filterset_class = ScorecardFilter
    lookup_value_regex = UUID_PATTERN
    ordering = ("priority", "id")
    sort_fields = ("priority", "name")

    def get_queryset(self) -> QuerySet[Scorecard]:
        live = ScorecardVersion.objects.filter(state=ScorecardVersion.State.LIVE).defer("definition", "effect")
        return scorecards.scorecards(archived=None).prefetch_related(Prefetch("versions", live))

    def _answer(self, card: Scorecard, code: int = status.HTTP_200_OK) -> Response:
        return Response(self.get_serializer(self.get_queryset().get(pk=card.pk)).data, status=code)

    @extend_schema(request=shapes.ScorecardInput, responses={201: shapes.ScorecardOut})
    def create(self, request: ApiRequest) -> Response:
        """A scorecard without any text; start a draft next."""
        given = _given(shapes.ScorecardInput, request)
        return self._answer(cards.create_scorecard(**given, by=request.actor, at=now()), status.HTTP_201_CREATED)

    @extend_schema(request=shapes.RuleSetting, responses=shapes.ScorecardOut)
    @action(detail=True, methods=["post"])
    def rule(self, request: ApiRequest, pk: str) -> Response:
        """Say which accounts it is for, and which of several scorecards comes first."""
        given = _given(shapes.RuleSetting, request)
        return self._answer(cards.set_rule(scorecard_id=self.get_object().pk, **given, by=request.actor, at=now()))

    @extend_schema(request=shapes.RuleSetting, responses={200: dict})
    @action(detail=True, methods=["post"], url_path="rule/preview")
    def rule_preview(self, request: ApiRequest, pk: str) -> Response:
        """How many accounts would come and go under another rule or priority. Changes nothing."""
        given = _given(shapes.RuleSetting, request)
        rule, card = cards.clean_rule(given["rule"]), self.get_object()
        moves = scorecards.rule_moves(card, rule, given["priority"], by=request.actor, today=localdate())
        counts = {name: getattr(moves, name).accounts for name in ("now", "then", "come", "go")}
        return Response(counts | {"nobody": moves.nobody})

    @extend_schema(request=shapes.Seen, responses=shapes.ScorecardOut)
    @action(detail=True, methods=["post"])
    def archive(self, request: ApiRequest, pk: str) -> Response:
        given = _given(shapes.Seen, request)
        card_id = self.get_object().pk
        return self._answer(cards.archive_scorecard(scorecard_id=card_id, **given, by=request.actor, at=now()))

    @extend_schema(request=shapes.DraftStart, responses={201: shapes.VersionOut})
    @action(detail=True, methods=["post"])
    def drafts(self, request: ApiRequest, pk: str) -> Response:
        """Start a draft from a version, a template or the live version."""
        given = _given(shapes.DraftStart, request)
        made = drafts.start_draft(scorecard_id=self.get_object().pk, **given, by=request.actor, at=now())
        return Response(_version(made, request), status=status.HTTP_201_CREATED)

    @extend_schema(request=shapes.RollBack, responses={201: shapes.VersionOut})
    @action(detail=True, methods=["post"], url_path="roll-back")
    def roll_back(self, request: ApiRequest, pk: str) -> Response:
        """Publish an earlier live text again, as a new version."""
        given = _given(shapes.RollBack, request)
        made = reviews.roll_back(scorecard_id=self.get_object().pk, **given, by=request.actor, at=now())
        return Response(_version(made, request), status=status.HTTP_201_CREATED)


def _version(version: ScorecardVersion, request: ApiRequest) -> Any:
    fresh = scorecards.versions().get(pk=version.pk)
    return shapes.VersionOut(fresh, context={"request": request}).data


class VersionFilter(django_filters.FilterSet):
    scorecard_id = django_filters.UUIDFilter()
    state = django_filters.ChoiceFilter(choices=ScorecardVersion.State.choices)

    class Meta:
        model = ScorecardVersion
        fields: list[str] = []


class ScorecardVersions(ReadOnlyModelViewSet[ScorecardVersion]):
    """Texts of scorecards. `?state=review` is the review queue; one version comes with its text."""

    request: ApiRequest
    queryset = ScorecardVersion.objects.none()
    filterset_class = VersionFilter
    lookup_value_regex = UUID_PATTERN
    ordering = ("-created_at", "id")
    sort_fields = ("created_at", "number")

    def get_queryset(self) -> QuerySet[ScorecardVersion]:
        return scorecards.versions()

    def get_serializer_class(self) -> Any:
        return shapes.VersionRow if self.action == "list" else shapes.VersionOut

    @extend_schema(request=shapes.DraftEdit, responses=shapes.VersionOut)
    @action(detail=True, methods=["post"])
    def edit(self, request: ApiRequest, pk: str) -> Response:
        """Put another text into a draft."""
        given = _given(shapes.DraftEdit, request)
        return Response(_version(drafts.edit_draft(version_id=UUID(pk), **given, by=request.actor), request))

    @extend_schema(request=shapes.Seen, responses=shapes.VersionOut)
    @action(detail=True, methods=["post"])
    def ranges(self, request: ApiRequest, pk: str) -> Response:
        """Take the reference ranges of the catalogue into a draft."""
        given = _given(shapes.Seen, request)
        return Response(_version(drafts.take_ranges(version_id=UUID(pk), **given, by=request.actor), request))

    @extend_schema(request=shapes.Seen, responses=shapes.VersionOut)
    @action(detail=True, methods=["post"])
    def exceptions(self, request: ApiRequest, pk: str) -> Response:
        """Put the usual caps into a draft, such as "Champion left caps overall at 60"."""
        given = _given(shapes.Seen, request)
        return Response(_version(add_standard_exceptions(version_id=UUID(pk), **given, by=request.actor), request))

    @extend_schema(request=shapes.MergeChoices, responses=shapes.VersionOut)
    @action(detail=True, methods=["post"])
    def merge(self, request: ApiRequest, pk: str) -> Response:
        """Bring what went live since into a draft. 409 with the rows to choose while a choice is missing."""
        given = _given(shapes.MergeChoices, request)
        try:
            made = drafts.merge_live(version_id=UUID(pk), **given, by=request.actor)
        except drafts.Clashes as refusal:
            body = {"detail": str(refusal), "code": "Clashes", "rows": [clash.key for clash in refusal.clashes]}
            return Response(body, status=status.HTTP_409_CONFLICT)
        return Response(_version(made, request))

    @extend_schema(request=shapes.Seen, responses=shapes.VersionOut)
    @action(detail=True, methods=["post"])
    def drop(self, request: ApiRequest, pk: str) -> Response:
        given = _given(shapes.Seen, request)
        return Response(_version(drafts.drop_draft(version_id=UUID(pk), **given, by=request.actor), request))

    @extend_schema(request=shapes.Seen, responses=shapes.VersionOut)
    @action(detail=True, methods=["post"])
    def check(self, request: ApiRequest, pk: str) -> Response:
        """Hold a draft against the checker's rules."""
        given = _given(shapes.Seen, request)
        made = reviews.check_version(version_id=UUID(pk), **given, by=request.actor, at=now())
        return Response(_version(made, request))

    @extend_schema(request=shapes.Decision, responses=shapes.VersionOut)
    @action(detail=True, methods=["post"])
    def submit(self, request: ApiRequest, pk: str) -> Response:
        """Send a checked and back-tested draft to review, with its effect attached."""
        given = _given(shapes.Decision, request)
        made = reviews.submit_version(version_id=UUID(pk), **given, by=request.actor, at=now())
        return Response(_version(made, request))

    @extend_schema(request=shapes.Decision, responses=shapes.VersionOut)
    @action(detail=True, methods=["post"])
    def approve(self, request: ApiRequest, pk: str) -> Response:
        """Publish what is in review."""
        given = _given(shapes.Decision, request)
        made = reviews.approve_version(version_id=UUID(pk), **given, by=request.actor, at=now())
        return Response(_version(made, request))

    @extend_schema(request=shapes.Rejection, responses=shapes.VersionOut)
    @action(detail=True, methods=["post"])
    def reject(self, request: ApiRequest, pk: str) -> Response:
        given = _given(shapes.Rejection, request)
        made = reviews.reject_version(version_id=UUID(pk), **given, by=request.actor, at=now())
        return Response(_version(made, request))

    @extend_schema(request=shapes.Seen, responses=shapes.VersionOut)
    @action(detail=True, methods=["post"])
    def withdraw(self, request: ApiRequest, pk: str) -> Response:
        """Take a version back from review."""
        given = _given(shapes.Seen, request)
        return Response(_version(reviews.withdraw_version(version_id=UUID(pk), **given, by=request.actor), request))

    @extend_schema(
        parameters=[OpenApiParameter("with", UUID, required=True)], responses=shapes.ScorecardRowOut(many=True)
    )
    @action(detail=True, methods=["get"], pagination_class=None, filterset_class=None)
    def compare(self, request: ApiRequest, pk: str) -> Response:
        """Row by row what the version given by `with` says otherwise."""
        try:
            other = UUID(request.query_params.get("with", ""))
        except ValueError as error:
            raise ValidationError({"with": "The id of a version is needed."}) from error
        compared = scorecard_versions.compare(self.get_object(), self.get_queryset().get(pk=other))
        return Response(shapes.ScorecardRowOut([row for _, rows in compared.groups for row in rows], many=True).data)
