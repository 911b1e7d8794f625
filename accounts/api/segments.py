from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils.timezone import localdate, now
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.response import Response
from rest_framework.viewsets import ReadOnlyModelViewSet

from accounts.models import Segment
from accounts.operations.segments import write_segment
from accounts.queries import segments as queries
from accounts.serializers.segments import MembershipOut, SegmentEdit, SegmentIn, SegmentOut, SegmentPreviewOut
from core.http import UUID_PATTERN, ApiRequest


class Segments(ReadOnlyModelViewSet[Segment]):
    """Named conditions whose accounts are kept with the days they came and went."""

    request: ApiRequest
    serializer_class = SegmentOut
    filterset_fields = ["active", "name"]
    lookup_value_regex = UUID_PATTERN
    sort_fields = ("name", "created_at")
    queryset = Segment.objects.none()

    def get_queryset(self) -> QuerySet[Segment]:
        return Segment.objects.all()

    @extend_schema(request=SegmentIn, responses={201: SegmentOut})
    def create(self, request: ApiRequest) -> Response:
        given = SegmentIn(data=request.data)
        given.is_valid(raise_exception=True)
        made = write_segment(segment_id=None, expected_version=None, **given.validated_data, by=request.actor, at=now())
        return Response(SegmentOut(made).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=SegmentEdit, responses=SegmentOut)
    def update(self, request: ApiRequest, pk: str) -> Response:
        given = SegmentEdit(data=request.data)
        given.is_valid(raise_exception=True)
        wanted = dict(given.validated_data)
        version = wanted.pop("version")
        made = write_segment(segment_id=UUID(pk), expected_version=version, **wanted, by=request.actor, at=now())
        return Response(SegmentOut(made).data)

    @extend_schema(
        responses=MembershipOut(many=True), parameters=[OpenApiParameter("state", enum=["in", "left"])], filters=False
    )
    @action(detail=True, filterset_fields=None)
    def stays(self, request: ApiRequest, pk: str) -> Response:
        """Entries and exits, newest first; `state=in` those that go on, `state=left` those that ended."""
        found = get_object_or_404(Segment, pk=pk)
        state = request.query_params.get("state", "")
        stays: Any = queries.stays(found, by=request.actor, state=state if state in ("in", "left") else "")
        self.ordering = ("-entered_at", "id")
        page: Any = self.paginate_queryset(stays)
        return self.get_paginated_response(MembershipOut(page, many=True).data)

    @extend_schema(responses=SegmentPreviewOut, parameters=[OpenApiParameter("where", required=True)], filters=False)
    @action(detail=False, pagination_class=None, filterset_fields=None)
    def preview(self, request: ApiRequest) -> Response:
        """How a condition reads and how many accounts it holds, before it is saved."""
        where = request.query_params.get("where", "")
        return Response(SegmentPreviewOut(queries.preview(where, by=request.actor, today=localdate())).data)
