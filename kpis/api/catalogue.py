from typing import Any

import django_filters
from django.db.models import QuerySet
from django.utils.timezone import now
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.response import Response
from rest_framework.viewsets import ReadOnlyModelViewSet

from core.http import ApiRequest
from kpis import operations, queries
from kpis.catalogue import normalise
from kpis.models import Kpi, KpiAlias, UnknownKpi
from kpis.operations.catalogue_edit import add_alias, create_kpi, edit_kpi, remove_alias, retire_kpi
from kpis.queries.card import card_of_kpi
from kpis.serializers import KpiOut, UnknownKpiOut, UnknownKpiSettlement
from kpis.serializers.catalogue import KpiCardOut
from kpis.serializers.definitions import AliasInput, KpiEdit, KpiInput


class KpiFilter(django_filters.FilterSet):
    class Meta:
        model = Kpi
        fields = ["code", "category", "template_only", "portfolio_only", "outcome_like", "custom"]


class Kpis(ReadOnlyModelViewSet[Kpi]):
    """The KPI catalogue: units, directions, anchors, weights, spellings. The list holds those in use; a retired one
    keeps its address."""

    request: ApiRequest
    queryset = Kpi.objects.none()
    serializer_class = KpiOut
    filterset_class = KpiFilter
    lookup_field = "code"
    ordering = ("position", "id")
    sort_fields = ("position", "name", "code")

    def get_queryset(self) -> QuerySet[Kpi]:
        shown = queries.active_kpis() if self.action == "list" else Kpi.objects.all()
        return shown.prefetch_related("aliases")

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return super().filter_queryset(queryset) if self.action == "list" else queryset

    def _out(self, code: str, status: int = 200) -> Response:
        return Response(KpiOut(Kpi.objects.prefetch_related("aliases").get(code=code)).data, status=status)

    @extend_schema(request=KpiInput, responses={201: KpiOut})
    def create(self, request: ApiRequest) -> Response:
        """Make a KPI of your own. It has no ranges yet and is never scored without; see `ranges`."""
        given = KpiInput(data=request.data)
        given.is_valid(raise_exception=True)
        made = create_kpi(**given.validated_data, by=request.actor, at=now())
        return self._out(made.code, 201)

    @extend_schema(request=KpiEdit, responses=KpiOut)
    def partial_update(self, request: ApiRequest, code: str) -> Response:
        """Change what a KPI says of itself. Unit, direction and level stay once it has values (409 MeansValues)."""
        given = KpiEdit(data=request.data)
        given.is_valid(raise_exception=True)
        changes: dict[str, Any] = dict(given.validated_data)
        edit_kpi(code=code, expected_version=changes.pop("version"), changes=changes, by=request.actor, at=now())
        return self._out(code)

    @extend_schema(request=None, responses=KpiOut)
    @action(detail=True, methods=["post"])
    def retire(self, request: ApiRequest, code: str) -> Response:
        """Take a KPI out of use; nothing of it is deleted. 409 InUse while something live reads it."""
        retire_kpi(code=code, by=request.actor)
        return self._out(code)

    @extend_schema(request=None, responses=KpiOut)
    @action(detail=True, methods=["post"])
    def restore(self, request: ApiRequest, code: str) -> Response:
        retire_kpi(code=code, by=request.actor, restore=True)
        return self._out(code)

    @extend_schema(request=AliasInput, responses=KpiOut)
    @action(detail=True, methods=["post"], url_path="names")
    def add_name(self, request: ApiRequest, code: str) -> Response:
        """Let files call the KPI by one more name. 409 NameMeansAnother says which KPI the name means already."""
        given = AliasInput(data=request.data)
        given.is_valid(raise_exception=True)
        add_alias(code=code, text=given.validated_data["text"], by=request.actor)
        return self._out(code)

    @extend_schema(request=AliasInput, responses=KpiOut)
    @action(detail=True, methods=["post"], url_path="names/remove")
    def remove_name(self, request: ApiRequest, code: str) -> Response:
        """Take a name away; files that use it are asked about it again."""
        given = AliasInput(data=request.data)
        given.is_valid(raise_exception=True)
        alias = KpiAlias.objects.get(kpi__code=code, normalised=normalise(given.validated_data["text"]))
        remove_alias(code=code, alias_id=alias.pk, by=request.actor)
        return self._out(code)

    @extend_schema(responses=KpiCardOut)
    @action(detail=True, methods=["get"])
    def card(self, request: ApiRequest, code: str) -> Response:
        """The card in the metric dictionary: origin, grain, who reads it, live scorecards behind, change log."""
        kpi = self.get_object()
        names = frozenset({normalise(kpi.name), normalise(kpi.code)})
        return Response(KpiCardOut(card_of_kpi(kpi, on=now().date(), own_names=names), context={"kpi": kpi}).data)


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
