import django_filters
from django.db.models import QuerySet
from django.http import FileResponse
from django.utils.timezone import localdate, now
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.response import Response
from rest_framework.viewsets import ReadOnlyModelViewSet

from analytics import operations, queries
from analytics.models import Report
from analytics.serializers import ReportOut, ReportRequest
from analytics.serving import pdf_answer
from core.http import UUID_PATTERN, ApiRequest


class ReportFilter(django_filters.FilterSet):
    account_id = django_filters.UUIDFilter()

    class Meta:
        model = Report
        fields = ["kind", "as_of"]


class Reports(ReadOnlyModelViewSet[Report]):
    """Health reports as PDF: ask for one, look whether it is ready, download it."""

    request: ApiRequest
    serializer_class = ReportOut
    filterset_class = ReportFilter
    lookup_value_regex = UUID_PATTERN
    sort_fields = ("created_at",)
    ordering = ("-created_at", "id")
    queryset = Report.objects.none()

    def get_queryset(self) -> QuerySet[Report]:
        return queries.reports_seen(by=self.request.actor)

    @extend_schema(request=ReportRequest, responses={202: ReportOut})
    def create(self, request: ApiRequest) -> Response:
        given = ReportRequest(data=request.data)
        given.is_valid(raise_exception=True)
        report = operations.create_report(**given.validated_data, on=localdate(), by=request.actor, at=now())
        return Response(ReportOut(report).data, status=status.HTTP_202_ACCEPTED)

    @extend_schema(responses={(200, "application/pdf"): OpenApiResponse(OpenApiTypes.BINARY)})
    @action(detail=True, methods=["get"])
    def download(self, request: ApiRequest, pk: str) -> FileResponse:
        """The finished file; 409 while it is being written."""
        return pdf_answer(self.get_object())
