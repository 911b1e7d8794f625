from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.response import Response
from rest_framework.viewsets import ReadOnlyModelViewSet

from accounts import rules
from accounts.models import CustomField
from accounts.operations.custom import add_field, change_field, move_field, retire_field
from accounts.queries.custom import every_field_seen
from accounts.serializers.custom import FieldEdit, FieldMove, FieldNew, FieldOut, FieldRetire
from core.http import UUID_PATTERN, ApiRequest
from core.rules import allowed


class CustomFields(ReadOnlyModelViewSet[CustomField]):
    """Fields that the workspace added to its records, as far as the caller's role sees them."""

    request: ApiRequest
    serializer_class = FieldOut
    filterset_fields = ("record", "kind", "active")
    lookup_value_regex = UUID_PATTERN
    ordering = ("position", "id")
    queryset = CustomField.objects.none()

    def get_queryset(self) -> QuerySet[CustomField]:
        """Who keeps the fields sees the retired ones too."""
        if allowed(self.request.actor, rules.KEEP_FIELDS):
            return CustomField.objects.all()
        return CustomField.objects.filter(pk__in=[field.pk for field in every_field_seen(by=self.request.actor)])

    @extend_schema(request=FieldNew, responses={201: FieldOut})
    def create(self, request: ApiRequest) -> Response:
        given = FieldNew(data=request.data)
        given.is_valid(raise_exception=True)
        made = add_field(**given.validated_data, by=request.actor)
        return Response(FieldOut(made).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=FieldEdit, responses=FieldOut)
    def partial_update(self, request: ApiRequest, pk: str) -> Response:
        given = FieldEdit(data=request.data)
        given.is_valid(raise_exception=True)
        changes: dict[str, Any] = dict(given.validated_data)
        saved = change_field(
            field_id=self.get_object().pk,
            expected_version=changes.pop("version"),
            changes=changes,
            by=request.actor,
        )
        return Response(FieldOut(saved).data)

    @extend_schema(request=FieldMove, responses=FieldOut)
    @action(detail=True, methods=["post"])
    def move(self, request: ApiRequest, pk: str) -> Response:
        """Change places with the field before or behind it."""
        given = FieldMove(data=request.data)
        given.is_valid(raise_exception=True)
        return Response(
            FieldOut(move_field(field_id=self.get_object().pk, **given.validated_data, by=request.actor)).data
        )

    @extend_schema(request=FieldRetire, responses=FieldOut)
    @action(detail=True, methods=["post"])
    def retire(self, request: ApiRequest, pk: str) -> Response:
        """Take the field out of use, values kept, or bring it back."""
        given = FieldRetire(data=request.data)
        given.is_valid(raise_exception=True)
        saved = retire_field(field_id=self.get_object().pk, **given.validated_data, by=request.actor)
        return Response(FieldOut(saved).data)
