from django.db.models import QuerySet
from django.utils.timezone import now
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import action
from rest_framework.response import Response
from rest_framework.viewsets import ReadOnlyModelViewSet

from core.http import ApiRequest
from core.rules import require
from kpis import operations, rules
from kpis.models import InboxFile
from kpis.queries.inbox import inbox_files, sources
from kpis.serializers import InboxFileOut, InboxSourceOut, SourceIn


class Inbox(ReadOnlyModelViewSet[InboxFile]):
    """The inbox folder: files that were seen in it, and the sources they belong to."""

    request: ApiRequest
    queryset = InboxFile.objects.none()
    serializer_class = InboxFileOut
    filterset_fields = ["state", "file_name"]
    ordering = ("-seen_at", "id")
    sort_fields = ("seen_at", "file_name")

    def get_queryset(self) -> QuerySet[InboxFile]:
        require(self.request.actor, rules.UPLOAD)
        return inbox_files()

    @extend_schema(
        methods=["GET"], responses=InboxSourceOut(many=True), filters=False, parameters=[OpenApiParameter("cursor")]
    )
    @extend_schema(methods=["POST"], request=SourceIn, responses=InboxSourceOut(many=True))
    @action(detail=False, methods=["get", "post"], pagination_class=None, filterset_fields=None)
    def sources(self, request: ApiRequest) -> Response:
        """GET: names of files that were picked up, at most a hundred. POST: say that one imports by itself."""
        require(request.actor, rules.UPLOAD)
        if request.method == "POST":
            given = SourceIn(data=request.data)
            given.is_valid(raise_exception=True)
            operations.set_source(**given.validated_data, by=request.actor, at=now())
        return Response(InboxSourceOut(sources(by=request.actor), many=True).data)
