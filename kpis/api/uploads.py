from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import django_filters
from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils.timezone import now
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.generics import get_object_or_404
from rest_framework.parsers import FormParser, JSONParser, MultiPartParser
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.viewsets import ReadOnlyModelViewSet

from core.http import ApiRequest, file_too_large
from core.rules import require
from kpis import operations, queries, rules
from kpis.models import Upload, UploadIssue
from kpis.queries.compare import difference, version_before
from kpis.queries.rollback import effect_of_rollback
from kpis.serializers import (
    AccountDecisions,
    CompareQuery,
    DifferencePageOut,
    RollbackEffectOut,
    RollbackReason,
    UploadAnswers,
    UploadInput,
    UploadIssueOut,
    UploadOut,
    UploadRow,
)

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
REFUSED = OpenApiResponse(description="The file cannot be taken, or not now; `detail` says why.")


class UploadFilter(django_filters.FilterSet):
    class Meta:
        model = Upload
        fields = ["state", "layout", "file_name", "sha256"]


class IssueFilter(django_filters.FilterSet):
    class Meta:
        model = UploadIssue
        fields = ["kind", "state", "sheet"]


class Uploads(ReadOnlyModelViewSet[Upload]):
    """KPI files: bring one, look at what was read, answer its questions, commit it, fetch what is held."""

    request: ApiRequest
    queryset = Upload.objects.none()
    filterset_class = UploadFilter
    parser_classes = [MultiPartParser, JSONParser, FormParser]
    ordering = ("-created_at", "id")
    sort_fields = ("created_at", "file_name", "state")

    def get_queryset(self) -> QuerySet[Upload]:
        return queries.uploads_seen(by=self.request.actor)

    def get_serializer_class(self) -> type[BaseSerializer[Any]]:
        return UploadRow if self.action == "list" else UploadOut

    @extend_schema(request={"multipart/form-data": UploadInput}, responses={201: UploadOut, 409: REFUSED})
    def create(self, request: ApiRequest) -> Response:
        """Bring a file. It is read in the background; poll the upload until its state is `proposed`."""
        require(request.actor, rules.UPLOAD)
        data = request.data
        if file_too_large(request._request):
            raise operations.too_large(settings.UPLOAD_MAX_BYTES)
        given = UploadInput(data=data)
        given.is_valid(raise_exception=True)
        file = given.validated_data["file"]
        upload = operations.receive_upload(
            name=file.name,
            chunks=file.chunks(),
            by=request.actor,
            at=now(),
            corrects=given.validated_data.get("corrects"),
        )
        if upload.state == Upload.State.REFUSED:
            refusal = {"detail": upload.message, "code": "FileRefused", "upload": str(upload.pk)}
            return Response(refusal, status=status.HTTP_409_CONFLICT)
        return Response(UploadOut(upload).data, status=status.HTTP_201_CREATED)

    @extend_schema(
        responses=UploadIssueOut(many=True),
        filters=False,  # the schema would hold them against uploads
        parameters=[OpenApiParameter(name) for name in ("kind", "state", "sheet")],
    )
    @action(detail=True, filterset_class=IssueFilter, ordering=("number",), sort_fields=("number",))
    def issues(self, request: ApiRequest, pk: str) -> Response:
        """Every problem of the file at its cell; filter by `kind` and `state`."""
        found: Any = self.filter_queryset(queries.upload_issues(self._upload()))  # type: ignore[arg-type]
        page = self.paginate_queryset(found)
        return self.get_paginated_response(UploadIssueOut(page, many=True).data)

    @extend_schema(request=UploadAnswers, responses={200: UploadOut, 409: REFUSED})
    @action(detail=True, methods=["post"])
    def answer(self, request: ApiRequest, pk: str) -> Response:
        """Answer the questions of the file; it is read again."""
        given = UploadAnswers(data=request.data)
        given.is_valid(raise_exception=True)
        return self._out(
            operations.answer_upload(upload_id=self._upload().pk, **given.validated_data, by=request.actor)
        )

    @extend_schema(request=AccountDecisions, responses={200: UploadOut, 409: REFUSED})
    @action(detail=True, methods=["post"])
    def accounts(self, request: ApiRequest, pk: str) -> Response:
        """Say what unknown account names in the file mean; their rows are then read again or taken in."""
        given = AccountDecisions(data=request.data)
        given.is_valid(raise_exception=True)
        return self._out(
            operations.settle_accounts(upload_id=self._upload().pk, **given.validated_data, by=request.actor)
        )

    @extend_schema(request=None, responses={200: UploadOut, 409: REFUSED})
    @action(detail=True, methods=["post"])
    def commit(self, request: ApiRequest, pk: str) -> Response:
        """Import the good rows; the others stay held."""
        return self._out(operations.commit_upload(upload_id=self._upload().pk, by=request.actor))

    @extend_schema(request=None, responses={200: UploadOut, 409: REFUSED})
    @action(detail=True, methods=["post"])
    def cancel(self, request: ApiRequest, pk: str) -> Response:
        """Stop after the current batch, or drop a file that was not imported."""
        return self._out(operations.cancel_upload(upload_id=self._upload().pk, by=request.actor, at=now()))

    @extend_schema(request=None, responses={200: UploadOut, 409: REFUSED})
    @action(detail=True, methods=["post"], url_path="take-in")
    def take_in(self, request: ApiRequest, pk: str) -> Response:
        """Try the held rows again with what is known now."""
        return self._out(operations.take_in_held(upload_id=self._upload().pk, by=request.actor))

    @extend_schema(responses={(200, XLSX): OpenApiTypes.BINARY})
    @action(detail=True)
    def held(self, request: ApiRequest, pk: str) -> HttpResponse:
        """The held rows as a workbook that can be corrected and brought again."""
        upload = self._upload()
        with TemporaryDirectory() as folder:
            path = Path(folder) / "held.xlsx"
            queries.write_held_rows(upload, path)
            return HttpResponse(path.read_bytes(), content_type=XLSX)

    @extend_schema(parameters=[CompareQuery], responses=DifferencePageOut, filters=False)
    @action(detail=True, pagination_class=None, filterset_class=None)
    def compare(self, request: ApiRequest, pk: str) -> Response:
        """What the file says differently than another one, cell by cell, 50 to a page."""
        given = CompareQuery(data=request.query_params)
        given.is_valid(raise_exception=True)
        upload, other_id = self._upload(), given.other()
        other = (
            get_object_or_404(self.get_queryset(), pk=other_id)
            if other_id
            else version_before(upload, by=request.actor)
        )
        if other is None:
            raise operations.NotNow("There is no version before this one.", field="with")
        page = difference(other, upload, given.wanted(), by=request.actor)
        found = {"upload": upload.pk, "other": other.pk, "counts": page.counts, "next": page.after}
        return Response(DifferencePageOut({**found, "results": page.rows}).data)

    @extend_schema(methods=["GET"], responses=RollbackEffectOut)
    @extend_schema(methods=["POST"], request=RollbackReason, responses={200: UploadOut, 409: REFUSED})
    @action(detail=True, methods=["get", "post"], url_path="roll-back")
    def roll_back(self, request: ApiRequest, pk: str) -> Response:
        """GET: what it would do. POST: take the file's values back; what they had replaced is in force again."""
        require(request.actor, rules.ROLL_BACK)
        upload = self._upload()
        if request.method == "GET":
            return Response(RollbackEffectOut(effect_of_rollback(upload)).data)
        given = RollbackReason(data=request.data)
        given.is_valid(raise_exception=True)
        reason = given.validated_data["reason"]
        return self._out(operations.roll_back_upload(upload_id=upload.pk, reason=reason, by=request.actor, at=now()))

    @extend_schema(request=None, responses={201: UploadOut, 409: REFUSED})
    @action(detail=True, methods=["post"], url_path="import-again")
    def import_again(self, request: ApiRequest, pk: str) -> Response:
        """Bring a file that was rolled back once more, as its next version; it is read and waits for `commit`."""
        again = operations.import_again(upload_id=self._upload().pk, by=request.actor, at=now())
        return Response(UploadOut(again).data, status=status.HTTP_201_CREATED)

    def _upload(self) -> Upload:
        upload: Upload = get_object_or_404(self.get_queryset(), pk=self.kwargs["pk"])
        return upload

    def _out(self, upload: Upload) -> Response:
        return Response(UploadOut(upload).data)
