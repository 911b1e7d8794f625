from typing import Any

import django_filters
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils.timezone import now
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.response import Response
from rest_framework.viewsets import ReadOnlyModelViewSet

from core.http import UUID_PATTERN, ApiRequest
from core.rules import require
from core.time import month_of
from kpis import rules
from kpis.formula import place
from kpis.models import Formula, Kpi
from kpis.operations.formulas import GoesInACircle, NotAFormula, retire_formula, understood_for, write_formula
from kpis.queries.formulas import find_circle, formulas, newest_month, preview
from kpis.serializers.formulas import FormulaNew, FormulaOut, FormulaText, FormulaVerdict


class FormulaFilter(django_filters.FilterSet):
    kpi = django_filters.CharFilter(field_name="kpi__code")
    live = django_filters.BooleanFilter()

    class Meta:
        model = Formula
        fields: list[str] = []


class Formulas(ReadOnlyModelViewSet[Formula]):
    """Formulas of custom KPIs, every version; the live one of a KPI computes its values."""

    request: ApiRequest
    queryset = Formula.objects.none()
    serializer_class = FormulaOut
    filterset_class = FormulaFilter
    ordering = ("-created_at", "id")
    sort_fields = ("created_at", "version")
    lookup_value_regex = UUID_PATTERN

    def get_queryset(self) -> QuerySet[Formula]:
        return formulas()

    @extend_schema(request=FormulaNew, responses={201: FormulaOut})
    def create(self, request: ApiRequest) -> Response:
        """Make this the KPI's formula, as a new version; a job computes its values. 409 says what is wrong."""
        given = FormulaNew(data=request.data)
        given.is_valid(raise_exception=True)
        asked = given.validated_data
        made = write_formula(
            kpi_code=asked["kpi"],
            text=asked["text"],
            expected_version=asked["expected_version"],
            by=request.actor,
            at=now(),
        )
        return Response(FormulaOut(made).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=FormulaText, responses=FormulaVerdict)
    @action(detail=False, methods=["post"])
    def check(self, request: ApiRequest) -> Response:
        """What is wrong with a text and where, or how it reads and for how many accounts it gives a value."""
        require(request.actor, rules.EDIT_CATALOGUE)
        given = FormulaText(data=request.data)
        given.is_valid(raise_exception=True)
        kpi = get_object_or_404(Kpi, code=given.validated_data["kpi"])
        return Response(FormulaVerdict(_verdict(request, kpi, given.validated_data["text"])).data)

    @extend_schema(request=None, responses=FormulaOut)
    @action(detail=True, methods=["post"])
    def retire(self, request: ApiRequest, pk: str) -> Response:
        """Compute the KPI no more; the values it has stay."""
        found = self.get_object()
        return Response(
            FormulaOut(retire_formula(kpi_code=found.kpi.code, version=found.version, by=request.actor)).data
        )


def _verdict(request: ApiRequest, kpi: Kpi, text: str) -> dict[str, Any]:
    nothing = dict.fromkeys(("words", "unit", "outcome_like", "month", "known", "total"))
    try:
        understood = understood_for(kpi, text)
    except NotAFormula as refusal:
        problems = []
        for one in refusal.problems:
            at = place(text, one.span)
            problems.append(
                {
                    "message": one.message,
                    "line": at.line,
                    "column": at.column,
                    "length": at.length,
                    "suggestions": list(one.suggestions),
                }
            )
        return {**nothing, "problems": problems}
    if path := find_circle(kpi.code, understood):
        whole = {"line": 1, "column": 1, "length": len(text), "suggestions": []}
        return {**nothing, "problems": [{"message": str(GoesInACircle(path)), **whole}]}
    month = newest_month(understood, by=request.actor, on=month_of(now().date()))
    shown = preview(understood, kpi, by=request.actor, month=month)
    return {
        "problems": [],
        "words": understood.words,
        "unit": understood.unit,
        "outcome_like": understood.outcome_like,
        "month": month,
        "known": shown.known,
        "total": shown.total,
    }
