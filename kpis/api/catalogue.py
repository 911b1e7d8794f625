from typing import Any

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.response import Response
from rest_framework.viewsets import ReadOnlyModelViewSet

from core.http import ApiRequest
from kpis import operations, queries
from kpis.models import Kpi, UnknownKpi
from kpis.serializers import KpiOut, UnknownKpiOut, UnknownKpiSettlement


class KpiFilter(django_filters.FilterSet):
    class Meta:
        model = Kpi
        fields = ["code", "category", "template_only", "portfolio_only", "outcome_like"]


class Kpis(ReadOnlyModelViewSet[Kpi]):
    """The KPI catalogue: units, directions, anchors, weights, spellings."""

    request: ApiRequest
    queryset = Kpi.objects.none()
    serializer_class = KpiOut
    filterset_class = KpiFilter
    lookup_field = "code"
    ordering = ("position", "id")
    sort_fields = ("position", "name", "code")

    def get_queryset(self) -> QuerySet[Kpi]:
        return queries.active_kpis().prefetch_related("aliases")


class UnknownKpiFilter(django_filters.FilterSet):
    state = django_filters.ChoiceFilter(choices=UnknownKpi.State.choices)

    class Meta:
        model = UnknownKpi
        fields: list[str] = []


class UnknownKpis(ReadOnlyModelViewSet[UnknownKpi]):
    """KPI names from files that mean nothing yet, with the values that wait for them."""

    request: ApiRequest
    queryset = UnknownKpi.objects.none()
    serializer_class = UnknownKpiOut
    filterset_class = UnknownKpiFilter
    ordering = ("first_seen_at", "id")
    sort_fields = ("first_seen_at", "text")

    def get_queryset(self) -> QuerySet[UnknownKpi]:
        return queries.unknown_kpis(state=None)

    @extend_schema(request=UnknownKpiSettlement, responses=UnknownKpiOut)
    @action(detail=True, methods=["post"])
    def settle(self, request: ApiRequest, pk: str) -> Response:
        """Name the KPI that the spelling means, or ignore it with null. Held rows stay held: see take-in of uploads."""
        given = UnknownKpiSettlement(data=request.data)
        given.is_valid(raise_exception=True)
        code: Any = given.validated_data.get("kpi") or None
        settled = operations.settle_unknown_kpi(unknown_id=self.get_object().pk, kpi=code, by=request.actor)
        return Response(UnknownKpiOut(self.get_queryset().get(pk=settled.pk)).data)
