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
from kpis.models import BackTest
from kpis.operations import back_tests as operations
from kpis.queries import back_tests as queries
from kpis.serializers.back_tests import BackTestOut, BackTestRow, BackTestStart


class BackTestFilter(django_filters.FilterSet):
    version_id = django_filters.UUIDFilter()
    finished = django_filters.BooleanFilter(field_name="finished_at", lookup_expr="isnull", exclude=True)

    class Meta:
        model = BackTest
        fields = ["definition_hash"]


class BackTests(ReadOnlyModelViewSet[BackTest]):
    """Versions of scorecards held against what really happened, with intervals, or "cannot tell" and why."""

    request: ApiRequest
    queryset = BackTest.objects.none()
    filterset_class = BackTestFilter
    lookup_value_regex = UUID_PATTERN
    ordering = ("-created_at", "id")
    sort_fields = ("created_at",)

    def get_queryset(self) -> QuerySet[BackTest]:
        return queries.back_tests()

    def get_serializer_class(self) -> Any:
        return BackTestRow if self.action == "list" else BackTestOut

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "by": getattr(self.request, "actor", None)}

    @extend_schema(request=BackTestStart, responses={202: BackTestOut})
    def create(self, request: ApiRequest) -> Response:
        """Have a version tested in the background; a test of the same text that is under way is the answer."""
        given = BackTestStart(data=request.data)
        given.is_valid(raise_exception=True)
        made = operations.start_back_test(**given.validated_data, by=request.actor, at=now())
        return Response(BackTestOut(made, context={"by": request.actor}).data, status=status.HTTP_202_ACCEPTED)

    @extend_schema(request=None, responses=BackTestOut)
    @action(detail=True, methods=["post"])
    def cancel(self, request: ApiRequest, pk: str) -> Response:
        """Ask the worker to stop a test that is under way; nothing of it is kept."""
        made = operations.cancel_back_test(back_test_id=UUID(pk), by=request.actor)
        made.refresh_from_db()
        return Response(BackTestOut(made, context={"by": request.actor}).data)
