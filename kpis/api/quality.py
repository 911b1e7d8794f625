from typing import Any

import django_filters
from django.db.models import QuerySet
from django.utils.timezone import now
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound, PermissionDenied
from rest_framework.generics import get_object_or_404
from rest_framework.response import Response
from rest_framework.viewsets import ReadOnlyModelViewSet, ViewSet

from core.http import ApiRequest
from core.rules import require
from kpis import operations, rules
from kpis.models import Suggestion
from kpis.queries.cells import CellFilter, cells
from kpis.queries.cleaning import SuggestionFilter, suggestions
from kpis.queries.quality import newest_report
from kpis.serializers import CellPageOut, CellQuery, DecideIn, QualityOut, SuggestionOut
from kpis.serializers.uploads import JobOut

OVERTAKEN = OpenApiResponse(description="It is decided already, or the value was changed since; `detail` says which.")


class DataQuality(ViewSet):
    """How complete, fresh, valid and consistent the data is: the figures with their time, and the cells behind them."""

    request: ApiRequest

    @extend_schema(responses=QualityOut)
    def list(self, request: ApiRequest) -> Response:
        """The newest figures of the whole portfolio; for those who see all accounts."""
        if not request.actor.sees_all:
            raise PermissionDenied("These are the figures of all accounts.")
        report = newest_report()
        if report is None:
            raise NotFound("Nobody has measured yet.")
        return Response(QualityOut({"made_at": report.made_at, **report.figures}).data)

    @extend_schema(request=None, responses={202: JobOut})
    def create(self, request: ApiRequest) -> Response:
        """Have them added up now."""
        return Response(JobOut(operations.start_measuring(by=request.actor)).data, status=status.HTTP_202_ACCEPTED)

    @extend_schema(parameters=[CellQuery], responses=CellPageOut)
    @action(detail=False)
    def cells(self, request: ApiRequest) -> Response:
        """Cells of the scorecard that are missing, fading or have a value; 50 to a page."""
        given = CellQuery(data=request.query_params)
        given.is_valid(raise_exception=True)
        page = cells(CellFilter.of(given.validated_data), by=request.actor, today=now().date())
        return Response(CellPageOut({"next": page.after, "results": page.rows}).data)


class SuggestionFilterSet(django_filters.FilterSet):
    kpi = django_filters.CharFilter(field_name="kpi__code")
    file = django_filters.CharFilter(field_name="value__upload__file_name")

    class Meta:
        model = Suggestion
        fields = ["kind", "account"]


class Suggestions(ReadOnlyModelViewSet[Suggestion]):
    """Values that are probably wrong. `state`: open (default), accepted, dismissed, reverted or over."""

    request: ApiRequest
    queryset = Suggestion.objects.none()
    serializer_class = SuggestionOut
    filterset_class = SuggestionFilterSet
    ordering = "-id"
    sort_fields = ("found_at",)
    also_asks = ("state",)

    def get_queryset(self) -> QuerySet[Suggestion]:
        by = self.request.actor
        if self.action == "list":
            return suggestions(SuggestionFilter.of({"state": self.request.query_params.get("state", "")}), by=by)
        found: QuerySet[Suggestion] = Suggestion.objects.visible_to(by).select_related("account", "kpi", "value")
        return found

    @extend_schema(request=None, responses={200: SuggestionOut, 409: OVERTAKEN})
    @action(detail=True, methods=["post"])
    def accept(self, request: ApiRequest, pk: str) -> Response:
        """Do what it proposes: a correction of the value with its reason."""
        return self._decided(operations.accept_suggestion)

    @extend_schema(request=None, responses={200: SuggestionOut, 409: OVERTAKEN})
    @action(detail=True, methods=["post"])
    def dismiss(self, request: ApiRequest, pk: str) -> Response:
        """Say that the value is right; it is not doubted again for this reason."""
        return self._decided(operations.dismiss_suggestion)

    @extend_schema(request=None, responses={200: SuggestionOut, 409: OVERTAKEN})
    @action(detail=True, methods=["post"])
    def revert(self, request: ApiRequest, pk: str) -> Response:
        """Put back what an accepted suggestion replaced."""
        return self._decided(operations.revert_suggestion)

    @extend_schema(request=DecideIn, responses={202: JobOut})
    @action(detail=False, methods=["post"])
    def decide(self, request: ApiRequest) -> Response:
        """Have the worker decide all suggestions that fit `wanted`."""
        given = DecideIn(data=request.data)
        given.is_valid(raise_exception=True)
        job = operations.start_deciding(**given.validated_data, by=request.actor)
        return Response(JobOut(job).data, status=status.HTTP_202_ACCEPTED)

    @extend_schema(request=None, responses={202: JobOut})
    @action(detail=False, methods=["post"])
    def find(self, request: ApiRequest) -> Response:
        """Have the worker look through all values."""
        return Response(JobOut(operations.start_finding(by=request.actor)).data, status=status.HTTP_202_ACCEPTED)

    def _decided(self, decide: Any) -> Response:
        require(self.request.actor, rules.CLEAN_DATA)
        found: Suggestion = get_object_or_404(self.get_queryset(), pk=self.kwargs["pk"])
        decide(suggestion_id=found.pk, by=self.request.actor, at=now())
        return Response(SuggestionOut(self.get_queryset().get(pk=found.pk)).data)
