"""Ranges, benchmarks, targets, the metric dictionary and where an account stands in a KPI."""

from typing import Any
from uuid import UUID

import django_filters
from django.db.models import QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils.timezone import now
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.parsers import FormParser, JSONParser, MultiPartParser
from rest_framework.response import Response
from rest_framework.viewsets import ReadOnlyModelViewSet, ViewSet

from accounts.models import Account
from core.errors import DomainError
from core.http import UUID_PATTERN, ApiRequest
from core.rules import require
from kpis import rules
from kpis.catalogue.edges import NewRange
from kpis.catalogue.metric import Metric
from kpis.catalogue.metrics import METRICS, metric_named
from kpis.models import Benchmark, Kpi, ReferenceRange, Target
from kpis.operations.goals import add_benchmark, end_target, remove_benchmark, set_target
from kpis.operations.ranges import import_ranges, set_range, withdraw_range
from kpis.queries.goals import targets_seen
from kpis.queries.range_sheet import SheetPreview
from kpis.queries.standing import standing_of
from kpis.serializers.definitions import (
    BenchmarkInput,
    BenchmarkOut,
    RangeInput,
    RangeOut,
    TargetInput,
    TargetOut,
    edges_given,
)
from kpis.serializers.standing import MetricOut, RangeSheetInput, RangeSheetOut, StandingOut, read_sheet
from kpis.workbook import FileRefused


class RangeFilter(django_filters.FilterSet):
    kpi = django_filters.CharFilter(field_name="kpi__code")

    class Meta:
        model = ReferenceRange
        fields: list[str] = []


class KpiRangeInput(RangeInput):
    kpi = serializers.SlugField(max_length=80)


class KpiRanges(ReadOnlyModelViewSet[ReferenceRange]):
    """Reference ranges with the day they begin; the newest that has begun is in force. Nothing is deleted."""

    request: ApiRequest
    queryset = ReferenceRange.objects.none()
    serializer_class = RangeOut
    filterset_class = RangeFilter
    ordering = ("-valid_from", "-id")
    lookup_value_regex = UUID_PATTERN

    def get_queryset(self) -> QuerySet[ReferenceRange]:
        return ReferenceRange.objects.select_related("kpi")

    @extend_schema(request=KpiRangeInput, responses={201: RangeOut})
    def create(self, request: ApiRequest) -> Response:
        """Set a range from a day on by its edges. Live scorecards keep the ranges they were published with."""
        given = KpiRangeInput(data=request.data)
        given.is_valid(raise_exception=True)
        data: dict[str, Any] = dict(given.validated_data)
        new = NewRange(
            data["kpi"], edges_given(data), data["never_red"], data["source"], data["source_year"], data["note"]
        )
        made = set_range(
            new=new, valid_from=data["valid_from"], expected_version=data["version"], by=request.actor, at=now()
        )
        return Response(RangeOut(made).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=None, responses=RangeOut)
    @action(detail=True, methods=["post"])
    def withdraw(self, request: ApiRequest, pk: str) -> Response:
        """Take a range back; what it replaced on its day counts again."""
        withdraw_range(range_id=UUID(pk), by=request.actor, at=now())
        return Response(RangeOut(self.get_queryset().get(pk=pk)).data)

    @extend_schema(request=RangeSheetInput, responses=RangeSheetOut)
    @action(detail=False, methods=["post"], url_path="import", parser_classes=[JSONParser, MultiPartParser, FormParser])
    def import_sheet(self, request: ApiRequest) -> Response:
        """A reference-range sheet as `text` (CSV) or `file`: every row with its problems; with `commit` the rows
        without one are set, all or none."""
        require(request.actor, rules.EDIT_CATALOGUE)
        given = RangeSheetInput(data=request.data)
        given.is_valid(raise_exception=True)
        data = given.validated_data
        preview = _sheet(data.get("file"), data["text"])
        made = []
        if data["commit"]:
            made = import_ranges(ranges=preview.good, valid_from=data["valid_from"], by=request.actor, at=now())
        return Response(RangeSheetOut(preview, context={"made": made}).data)


def _sheet(file: Any, text: str) -> SheetPreview:
    try:
        return read_sheet(file, text)
    except FileRefused as refused:
        raise DomainError(refused.message, field="file") from None


class BenchmarkFilter(django_filters.FilterSet):
    kpi = django_filters.CharFilter(field_name="kpi__code")

    class Meta:
        model = Benchmark
        fields = ["year"]


class Benchmarks(ReadOnlyModelViewSet[Benchmark]):
    """Published figures beside KPIs, with source and year; never part of a score."""

    request: ApiRequest
    queryset = Benchmark.objects.none()
    serializer_class = BenchmarkOut
    filterset_class = BenchmarkFilter
    ordering = "id"
    lookup_value_regex = UUID_PATTERN

    def get_queryset(self) -> QuerySet[Benchmark]:
        return Benchmark.objects.select_related("kpi")

    @extend_schema(request=BenchmarkInput, responses={201: BenchmarkOut})
    def create(self, request: ApiRequest) -> Response:
        given = BenchmarkInput(data=request.data)
        given.is_valid(raise_exception=True)
        data: dict[str, Any] = dict(given.validated_data)
        made = add_benchmark(kpi_code=data.pop("kpi"), **data, by=request.actor, at=now())
        return Response(BenchmarkOut(made).data, status=status.HTTP_201_CREATED)

    @extend_schema(responses={204: None})
    def destroy(self, request: ApiRequest, pk: str) -> Response:
        remove_benchmark(benchmark_id=UUID(pk), by=request.actor)
        return Response(status=status.HTTP_204_NO_CONTENT)


class TargetFilter(django_filters.FilterSet):
    kpi = django_filters.CharFilter(field_name="kpi__code")
    account_id = django_filters.UUIDFilter()
    ended = django_filters.BooleanFilter(field_name="ended_at", lookup_expr="isnull", exclude=True)

    class Meta:
        model = Target
        fields: list[str] = []


class Targets(ReadOnlyModelViewSet[Target]):
    """What accounts are to reach in a KPI, by when and on what basis, ended ones included."""

    request: ApiRequest
    queryset = Target.objects.none()
    serializer_class = TargetOut
    filterset_class = TargetFilter
    ordering = "id"
    lookup_value_regex = UUID_PATTERN

    def get_queryset(self) -> QuerySet[Target]:
        return targets_seen(by=self.request.actor)

    @extend_schema(request=TargetInput, responses={201: TargetOut})
    def create(self, request: ApiRequest) -> Response:
        """Set a target; the one before it ends. `expected` is the target you saw; 409 says that somebody was faster."""
        given = TargetInput(data=request.data)
        given.is_valid(raise_exception=True)
        data: dict[str, Any] = dict(given.validated_data)
        made = set_target(
            kpi_code=data.pop("kpi"), expected_target_id=data.pop("expected"), **data, by=request.actor, at=now()
        )
        return Response(TargetOut(made).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=None, responses=TargetOut)
    @action(detail=True, methods=["post"])
    def end(self, request: ApiRequest, pk: str) -> Response:
        return Response(TargetOut(end_target(target_id=UUID(pk), by=request.actor, at=now())).data)


class Metrics(ViewSet):
    """The cards of figures that are not KPIs: what they say, how they are made, what they do not say."""

    request: ApiRequest
    serializer_class = MetricOut
    lookup_field = "slug"
    lookup_value_regex = "[a-z-]+"

    @extend_schema(responses=MetricOut(many=True))
    def list(self, request: ApiRequest) -> Response:
        return Response(MetricOut(METRICS, many=True).data)

    @extend_schema(responses=MetricOut)
    def retrieve(self, request: ApiRequest, slug: str) -> Response:
        found: Metric | None = metric_named(slug)
        if found is None:
            raise Http404("There is no such figure.")
        return Response(MetricOut(found).data)


class AccountStanding(ViewSet):
    """Where an account stands in one KPI: target with the way left, place among the others, benchmarks."""

    request: ApiRequest
    serializer_class = StandingOut
    lookup_field = "code"
    lookup_value_regex = "[a-z0-9_-]+"

    @extend_schema(responses=StandingOut)
    def retrieve(self, request: ApiRequest, account_id: str, code: str) -> Response:
        """A group of fewer than 8 accounts gets no percentile. No other account's value is ever in the answer."""
        account = get_object_or_404(Account.objects.visible_to(request.actor), pk=account_id)
        kpi = get_object_or_404(Kpi, code=code, portfolio_only=False)
        return Response(StandingOut(standing_of(account, kpi, on=now().date()), context={"kpi": kpi}).data)
