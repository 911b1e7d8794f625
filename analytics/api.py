from django.db.models import QuerySet
from django.http import FileResponse
from django.utils.timezone import now
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.response import Response
from rest_framework.viewsets import ReadOnlyModelViewSet

from analytics import operations
from analytics.models import Report
from analytics.serializers import ReportOut, ReportRequest
from analytics.serving import pdf_answer
from core.http import ApiRequest


class Reports(ReadOnlyModelViewSet[Report]):
    """Health reports as PDF: ask for one, look whether it is ready, download it."""

    request: ApiRequest
    serializer_class = ReportOut
    filterset_fields = ["account_id"]
    ordering = ("-created_at", "id")
    queryset = Report.objects.none()

    def get_queryset(self) -> QuerySet[Report]:
        return Report.objects.visible_to(self.request.actor).select_related("job")

    @extend_schema(request=ReportRequest, responses={202: ReportOut})
    def create(self, request: ApiRequest) -> Response:
        given = ReportRequest(data=request.data)
        given.is_valid(raise_exception=True)
        report = operations.create_report(**given.validated_data, by=request.actor, at=now())
        return Response(ReportOut(report).data, status=status.HTTP_202_ACCEPTED)

    @extend_schema(responses={(200, "application/pdf"): OpenApiResponse(OpenApiTypes.BINARY)})
    @action(detail=True, methods=["get"])
    def download(self, request: ApiRequest, pk: str) -> FileResponse:
        return pdf_answer(self.get_object())
