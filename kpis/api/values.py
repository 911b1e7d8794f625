from typing import Any
from uuid import UUID

import django_filters
from django.db.models import QuerySet
from django.utils.timezone import now
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.response import Response
from rest_framework.viewsets import ReadOnlyModelViewSet

from core.http import UUID_PATTERN, ApiRequest
from kpis import operations
from kpis.models import KpiValue
from kpis.queries.lineage import lineage
from kpis.serializers.values import KpiValueInput, KpiValueOut, LineageOut


class KpiValueFilter(django_filters.FilterSet):
    account_id = django_filters.UUIDFilter()
    kpi = django_filters.CharFilter(field_name="kpi__code")
    period = django_filters.DateFilter(label="First day of the month")
    period_from = django_filters.DateFilter(field_name="period", lookup_expr="gte")
    period_to = django_filters.DateFilter(field_name="period", lookup_expr="lte")
    upload_id = django_filters.UUIDFilter()
    history = django_filters.BooleanFilter(
        field_name="superseded_at", lookup_expr="isnull", exclude=True, label="true: those that were superseded"
    )

    class Meta:
        model = KpiValue
        fields = ["origin"]

    def filter_queryset(self, queryset: QuerySet[KpiValue]) -> QuerySet[KpiValue]:
        """Values in force unless the superseded ones are asked for."""
        if self.form.cleaned_data.get("history") is None:
            self.form.cleaned_data["history"] = False
        return super().filter_queryset(queryset)


class KpiValues(ReadOnlyModelViewSet[KpiValue]):
    """KPI values with where they came from; set one, correct one, take a correction back."""

    request: ApiRequest
    serializer_class = KpiValueOut
    filterset_class = KpiValueFilter
    queryset = KpiValue.objects.none()
    ordering = "id"
    lookup_value_regex = UUID_PATTERN

    def get_queryset(self) -> QuerySet[KpiValue]:
        return KpiValue.objects.visible_to(self.request.actor).select_related("kpi")

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Filters are for the list: a superseded value keeps its address."""
        return super().filter_queryset(queryset) if self.action == "list" else queryset

    @extend_schema(request=KpiValueInput, responses={201: KpiValueOut})
    def create(self, request: ApiRequest) -> Response:
        """Set or correct one value with a reason. `expected_value_id` is the value you saw, null for an empty cell;
        409 with code CellChanged says that somebody was faster."""
        given = KpiValueInput(data=request.data)
        given.is_valid(raise_exception=True)
        asked: dict[str, Any] = dict(given.validated_data)
        made = operations.correct_kpi_value(kpi_code=asked.pop("kpi"), **asked, by=request.actor, at=now())
        return Response(KpiValueOut(made).data, status=status.HTTP_201_CREATED)

    @extend_schema(responses=LineageOut)
    @action(detail=True)
    def lineage(self, request: ApiRequest, pk: str) -> Response:
        """Where the value went: the scores it is part of, newest first, and the reports made from those."""
        return Response(LineageOut(lineage(self.get_object(), by=request.actor)).data)

    @extend_schema(request=None, responses={200: KpiValueOut, 204: None})
    @action(detail=True, methods=["post"])
    def undo(self, request: ApiRequest, pk: str) -> Response:
        """Take a correction back while it is the last word; 204 when the cell is empty again."""
        made = operations.undo_correction(value_id=UUID(pk), by=request.actor, at=now())
        if made is None:
            return Response(status=status.HTTP_204_NO_CONTENT)
        return Response(KpiValueOut(made).data)
