"""Documents of accounts and the links to them."""

from uuid import UUID

import django_filters
from django.db.models import QuerySet
from django.http import FileResponse
from django.urls import reverse
from django.utils.timezone import now
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.parsers import JSONParser, MultiPartParser
from rest_framework.response import Response
from rest_framework.viewsets import ReadOnlyModelViewSet

from accounts.models import Document, ShareLink
from accounts.operations import documents as operations
from accounts.queries.documents import downloads_of
from accounts.serializers import work as shapes
from accounts.serving import document_answer
from core.http import UUID_PATTERN, ApiRequest


class DocumentFilter(django_filters.FilterSet):
    account_id = django_filters.UUIDFilter()

    class Meta:
        model = Document
        fields: list[str] = []


class Documents(ReadOnlyModelViewSet[Document]):
    """Files kept at accounts that the caller sees."""

    request: ApiRequest
    serializer_class = shapes.DocumentOut
    filterset_class = DocumentFilter
    lookup_value_regex = UUID_PATTERN
    sort_fields = ("created_at",)
    queryset = Document.objects.none()
    parser_classes = (JSONParser, MultiPartParser)

    def get_queryset(self) -> QuerySet[Document]:
        return Document.objects.visible_to(self.request.actor).filter(removed_at=None)

    @extend_schema(request=shapes.DocumentNew, responses={201: shapes.DocumentOut})
    def create(self, request: ApiRequest) -> Response:
        """Add a file, as multipart/form-data."""
        given = shapes.DocumentNew(data=request.data)
        given.is_valid(raise_exception=True)
        made = operations.add_document(**given.validated_data, by=request.actor, at=now())
        return Response(shapes.DocumentOut(made).data, status=status.HTTP_201_CREATED)

    @extend_schema(responses=OpenApiTypes.BINARY)
    @action(detail=True)
    def file(self, request: ApiRequest, pk: str) -> FileResponse:
        return document_answer(self.get_object())

    @extend_schema(request=shapes.Restore, responses=shapes.DocumentOut)
    @action(detail=True, methods=["post"])
    def remove(self, request: ApiRequest, pk: str) -> Response:
        given = shapes.Restore(data=request.data)
        given.is_valid(raise_exception=True)
        found = operations.remove_document(document_id=UUID(pk), by=request.actor, at=now(), **given.validated_data)
        return Response(shapes.DocumentOut(found).data)

    @extend_schema(request=shapes.ShareInput, responses={201: shapes.ShareOut})
    @action(detail=True, methods=["post"])
    def share(self, request: ApiRequest, pk: str) -> Response:
        """Make a link; its address is in this answer and nowhere else."""
        given = shapes.ShareInput(data=request.data)
        given.is_valid(raise_exception=True)
        link, token = operations.share_document(
            document_id=self.get_object().pk, by=request.actor, at=now(), **given.validated_data
        )
        url = request.build_absolute_uri(reverse("accounts:shared", args=[token]))
        return Response(shapes.ShareOut(link, context={"url": url}).data, status=status.HTTP_201_CREATED)

    @extend_schema(responses=shapes.DownloadOut(many=True))
    @action(detail=True)
    def downloads(self, request: ApiRequest, pk: str) -> Response:
        """The newest 200 downloads through its links."""
        return Response(shapes.DownloadOut(downloads_of(self.get_object().pk)[:200], many=True).data)


class ShareLinks(ReadOnlyModelViewSet[ShareLink]):
    """Links to documents that the caller sees."""

    request: ApiRequest
    serializer_class = shapes.ShareOut
    lookup_value_regex = UUID_PATTERN
    ordering = ("-created_at", "id")
    queryset = ShareLink.objects.none()

    def get_queryset(self) -> QuerySet[ShareLink]:
        return ShareLink.objects.filter(document__in=Document.objects.visible_to(self.request.actor).values("pk"))

    @extend_schema(request=None, responses=shapes.ShareOut)
    @action(detail=True, methods=["post"])
    def revoke(self, request: ApiRequest, pk: str) -> Response:
        return Response(shapes.ShareOut(operations.revoke_link(link_id=UUID(pk), by=request.actor, at=now())).data)
