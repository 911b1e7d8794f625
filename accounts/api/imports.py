from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils.timezone import now
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.response import Response
from rest_framework.viewsets import ReadOnlyModelViewSet

from accounts import rules
from accounts.models import ImportRow, RecordImport
from accounts.operations.name_matches import say_names
from accounts.operations.record_imports import map_import, start_import, start_step
from accounts.queries.imports import imports
from accounts.serializers.imports import ImportInput, ImportMapping, ImportNames, ImportOut, ImportRowOut, ImportStep
from core.http import UUID_PATTERN, ApiRequest
from core.rules import require


class Imports(ReadOnlyModelViewSet[RecordImport]):
    """Files of records: mapped, tried, brought in, undone. The worker does the steps; read the import to watch it."""

    request: ApiRequest
    serializer_class = ImportOut
    lookup_value_regex = UUID_PATTERN
    sort_fields = ("created_at",)
    ordering = ("-created_at", "-id")
    queryset = RecordImport.objects.none()

    def get_queryset(self) -> QuerySet[RecordImport]:
        require(self.request.actor, rules.IMPORT)
        return imports(by=self.request.actor)

    @extend_schema(request=ImportInput, responses={201: ImportOut})
    def create(self, request: ApiRequest) -> Response:
        """Keep the table and propose what its columns mean."""
        given = ImportInput(data=request.data)
        given.is_valid(raise_exception=True)
        data: dict[str, Any] = dict(given.validated_data)
        made = start_import(data=data.pop("text").encode(), **data, by=request.actor, at=now())
        return Response(ImportOut(made).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=ImportMapping, responses=ImportOut)
    @action(detail=True, methods=["post"])
    def mapping(self, request: ApiRequest, pk: str) -> Response:
        given = ImportMapping(data=request.data)
        given.is_valid(raise_exception=True)
        return Response(ImportOut(map_import(import_id=UUID(pk), **given.validated_data, by=request.actor)).data)

    @extend_schema(request=ImportNames, responses=ImportOut)
    @action(detail=True, methods=["post"])
    def names(self, request: ApiRequest, pk: str) -> Response:
        """Say which accounts the names mean that its rows wait for; kept for every file to come."""
        given = ImportNames(data=request.data)
        given.is_valid(raise_exception=True)
        say_names(import_id=UUID(pk), said=given.validated_data["said"], by=request.actor, at=now())
        return Response(ImportOut(self.get_object()).data)

    @extend_schema(request=ImportStep, responses={202: ImportOut})
    @action(detail=True, methods=["post"])
    def step(self, request: ApiRequest, pk: str) -> Response:
        given = ImportStep(data=request.data)
        given.is_valid(raise_exception=True)
        batch = start_step(import_id=UUID(pk), step=given.validated_data["step"], by=request.actor)
        return Response(ImportOut(batch).data, status=status.HTTP_202_ACCEPTED)


class ImportRows(ReadOnlyModelViewSet[ImportRow]):
    """What each row of an import did, or why it waits."""

    request: ApiRequest
    serializer_class = ImportRowOut
    filterset_fields = ["action"]
    lookup_value_regex = UUID_PATTERN
    ordering = ("line", "id")
    queryset = ImportRow.objects.none()

    def get_queryset(self) -> QuerySet[ImportRow]:
        require(self.request.actor, rules.IMPORT)
        batch = get_object_or_404(imports(by=self.request.actor), pk=self.kwargs.get("import_id"))
        rows: QuerySet[ImportRow] = batch.lines.all()
        return rows
