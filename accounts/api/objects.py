from typing import Any

import django_filters
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils.timezone import now
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response
from rest_framework.viewsets import ReadOnlyModelViewSet

from accounts import rules
from accounts.api.accounts import flat
from accounts.conditions import ConditionError
from accounts.models import CustomObject, CustomRecord
from accounts.operations.objects import add_object, change_object, retire_object
from accounts.operations.records import archive_record, create_record, edit_record
from accounts.queries.custom import fields_seen
from accounts.queries.objects import Wanted, objects_seen, records
from accounts.serializers.objects import (
    ObjectEdit,
    ObjectNew,
    ObjectOut,
    ObjectRetire,
    RecordArchive,
    RecordEdit,
    RecordNew,
    RecordOut,
)
from core.http import UUID_PATTERN, ApiRequest
from core.rules import allowed

CODE = "[a-z][a-z0-9_]*"


class CustomObjects(ReadOnlyModelViewSet[CustomObject]):
    """Kinds of record that the workspace made for itself, as far as the caller's role may know of them."""

    request: ApiRequest
    serializer_class = ObjectOut
    filterset_fields = ["active"]
    lookup_field = "code"
    lookup_value_regex = CODE
    ordering = ("plural", "id")
    queryset = CustomObject.objects.none()

    def get_queryset(self) -> QuerySet[CustomObject]:
        """Who keeps the objects sees the retired ones too."""
        if allowed(self.request.actor, rules.KEEP_FIELDS):
            return CustomObject.objects.all()
        return objects_seen(by=self.request.actor)

    @extend_schema(request=ObjectNew, responses={201: ObjectOut})
    def create(self, request: ApiRequest) -> Response:
        given = ObjectNew(data=request.data)
        given.is_valid(raise_exception=True)
        made = add_object(**given.validated_data, by=request.actor)
        return Response(ObjectOut(made).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=ObjectEdit, responses=ObjectOut)
    def partial_update(self, request: ApiRequest, code: str) -> Response:
        given = ObjectEdit(data=request.data)
        given.is_valid(raise_exception=True)
        changes: dict[str, Any] = dict(given.validated_data)
        version = changes.pop("version")
        saved = change_object(
            object_id=self.get_object().pk, expected_version=version, changes=changes, by=request.actor
        )
        return Response(ObjectOut(saved).data)

    @extend_schema(request=ObjectRetire, responses=ObjectOut)
    @action(detail=True, methods=["post"])
    def retire(self, request: ApiRequest, code: str) -> Response:
        """Take the object out of use, fields and records kept, or bring it back."""
        given = ObjectRetire(data=request.data)
        given.is_valid(raise_exception=True)
        saved = retire_object(object_id=self.get_object().pk, **given.validated_data, by=request.actor)
        return Response(ObjectOut(saved).data)


class RecordFilter(django_filters.FilterSet):
    q = django_filters.CharFilter(method="asked", label="Words of the name")
    account_id = django_filters.UUIDFilter()
    where = django_filters.CharFilter(method="asked", label="A condition over the object's fields")
    deleted = django_filters.BooleanFilter(method="asked", label="Those that were deleted instead of the others")

    class Meta:
        model = CustomRecord
        fields: list[str] = []

    def asked(self, queryset: QuerySet[CustomRecord], name: str, value: Any) -> QuerySet[CustomRecord]:
        return queryset  # CustomRecords.get_queryset reads them together


@extend_schema_view(
    list=extend_schema(parameters=[OpenApiParameter("object_code", str, "path")]),
    retrieve=extend_schema(parameters=[OpenApiParameter("object_code", str, "path")]),
)
class CustomRecords(ReadOnlyModelViewSet[CustomRecord]):
    """Records of one object of the workspace's own, as far as the caller sees them."""

    request: ApiRequest
    serializer_class = RecordOut
    filterset_class = RecordFilter
    lookup_value_regex = UUID_PATTERN
    ordering = ("name", "id")
    sort_fields = ("name", "created_at")
    queryset = CustomRecord.objects.none()

    def _kind(self) -> CustomObject:
        found: CustomObject = get_object_or_404(objects_seen(by=self.request.actor), code=self.kwargs["object_code"])
        return found

    def get_queryset(self) -> QuerySet[CustomRecord]:
        """A deleted record keeps its address; the list leaves it out unless it is asked for."""
        kind = self._kind()
        if self.action != "list":
            return CustomRecord.objects.visible_to(self.request.actor).filter(object=kind)
        asked = self.request.query_params
        deleted = asked.get("deleted", "").lower() in ("true", "1")
        try:
            wanted = Wanted(q=asked.get("q", ""), where=asked.get("where", ""), deleted=deleted)
            return records(kind, wanted, by=self.request.actor)
        except ConditionError as wrong:
            raise ValidationError({"where": [wrong.message]}) from wrong

    def get_serializer_context(self) -> dict[str, Any]:
        actor = getattr(self.request, "actor", None)  # there is none while the schema is written
        own = fields_seen(by=actor, record=f"object:{self.kwargs['object_code']}") if actor else []
        return {**super().get_serializer_context(), "own_fields": own}

    def _out(self, found: CustomRecord) -> dict[str, Any]:
        return dict(RecordOut(found, context=self.get_serializer_context()).data)

    @extend_schema(request=RecordNew, responses={201: RecordOut})
    def create(self, request: ApiRequest, object_code: str) -> Response:
        given = RecordNew(data=request.data)
        given.is_valid(raise_exception=True)
        made = create_record(
            code=self._kind().code, **flat(given.validated_data), by=request.actor, at=now(), source="api"
        )
        return Response(self._out(made), status=status.HTTP_201_CREATED)

    @extend_schema(request=RecordEdit, responses=RecordOut)
    def partial_update(self, request: ApiRequest, object_code: str, pk: str) -> Response:
        given = RecordEdit(data=request.data)
        given.is_valid(raise_exception=True)
        changes = flat(given.validated_data)
        version = changes.pop("version")
        saved = edit_record(record_id=self.get_object().pk, expected_version=version, changes=changes, by=request.actor)
        return Response(self._out(saved))

    @extend_schema(request=RecordArchive, responses=RecordOut)
    @action(detail=True, methods=["post"])
    def archive(self, request: ApiRequest, object_code: str, pk: str) -> Response:
        """Delete the record so that it can be brought back, or bring it back."""
        given = RecordArchive(data=request.data)
        given.is_valid(raise_exception=True)
        done = archive_record(record_id=self.get_object().pk, by=request.actor, at=now(), **given.validated_data)
        return Response(self._out(done))
