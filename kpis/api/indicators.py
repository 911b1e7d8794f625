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
from core.rules import require
from kpis import rules
from kpis.models import Indicator, IndicatorRule
from kpis.operations.indicators import checked_conditions, switch_rule, write_rule
from kpis.queries.indicators import indicators_seen, preview_rule
from kpis.serializers.indicators import (
    IndicatorConditions,
    IndicatorEffect,
    IndicatorOut,
    IndicatorRuleInput,
    IndicatorRuleOut,
)


class IndicatorFilter(django_filters.FilterSet):
    account_id = django_filters.UUIDFilter()
    rule_id = django_filters.UUIDFilter()
    kind = django_filters.ChoiceFilter(field_name="rule__kind", choices=IndicatorRule.Kind.choices)
    open = django_filters.BooleanFilter(field_name="closed_at", lookup_expr="isnull")
    opened_from = django_filters.DateFilter(field_name="opened_on", lookup_expr="gte")
    opened_to = django_filters.DateFilter(field_name="opened_on", lookup_expr="lte")

    class Meta:
        model = Indicator
        fields: list[str] = []


class Indicators(ReadOnlyModelViewSet[Indicator]):
    """Risks and opportunities of the accounts you see, open and closed, with what opened and closed them."""

    request: ApiRequest
    queryset = Indicator.objects.none()
    serializer_class = IndicatorOut
    filterset_class = IndicatorFilter
    ordering = ("-opened_at", "id")
    sort_fields = ("opened_at", "closed_at")
    lookup_value_regex = UUID_PATTERN

    def get_queryset(self) -> QuerySet[Indicator]:
        return indicators_seen(by=self.request.actor)


class IndicatorRules(ReadOnlyModelViewSet[IndicatorRule]):
    """What opens and closes indicators."""

    request: ApiRequest
    queryset = IndicatorRule.objects.order_by("name")
    serializer_class = IndicatorRuleOut
    filterset_fields = ("kind", "active")
    ordering = ("name", "id")
    sort_fields = ("name", "created_at")
    lookup_value_regex = UUID_PATTERN

    @extend_schema(request=IndicatorRuleInput, responses={201: IndicatorRuleOut})
    def create(self, request: ApiRequest) -> Response:
        """Make a rule; a job holds every account against it."""
        return Response(self._written(request, None), status=status.HTTP_201_CREATED)

    @extend_schema(request=IndicatorRuleInput, responses=IndicatorRuleOut)
    def update(self, request: ApiRequest, pk: str) -> Response:
        """Change a rule. 409 with code RuleChanged says that somebody was faster."""
        return Response(self._written(request, UUID(pk)))

    def _written(self, request: ApiRequest, rule_id: UUID | None) -> Any:
        given = IndicatorRuleInput(data=request.data)
        given.is_valid(raise_exception=True)
        made = write_rule(rule_id=rule_id, **given.validated_data, by=request.actor, at=now())
        return IndicatorRuleOut(made).data

    @extend_schema(request=None, responses=IndicatorRuleOut)
    @action(detail=True, methods=["post"])
    def pause(self, request: ApiRequest, pk: str) -> Response:
        """Stop evaluating it; what it holds open is closed."""
        rule = switch_rule(rule_id=UUID(pk), active=False, by=request.actor, at=now())
        return Response(IndicatorRuleOut(rule).data)

    @extend_schema(request=None, responses=IndicatorRuleOut)
    @action(detail=True, methods=["post"])
    def resume(self, request: ApiRequest, pk: str) -> Response:
        rule = switch_rule(rule_id=UUID(pk), active=True, by=request.actor, at=now())
        return Response(IndicatorRuleOut(rule).data)

    @extend_schema(request=IndicatorConditions, responses=IndicatorEffect)
    @action(detail=False, methods=["post"])
    def preview(self, request: ApiRequest) -> Response:
        """For how many accounts the conditions hold today; nothing is stored."""
        require(request.actor, rules.EDIT_INDICATORS)
        given = IndicatorConditions(data=request.data)
        given.is_valid(raise_exception=True)
        conditions = checked_conditions(given.validated_data["conditions"])
        effect = preview_rule(conditions, by=request.actor, on=now().date())
        return Response(IndicatorEffect(effect).data)
