"""What people do with accounts: activities, tasks, comments, notices, documents."""

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

from accounts.models import Activity
from accounts.operations import activities
from accounts.serializers.work import ActivityEdit, ActivityNew, ActivityOut, Restore
from core.http import UUID_PATTERN, ApiRequest


class ActivityFilter(django_filters.FilterSet):
    account_id = django_filters.UUIDFilter()
    since = django_filters.IsoDateTimeFilter(field_name="happened_at", lookup_expr="gte")
    until = django_filters.IsoDateTimeFilter(field_name="happened_at", lookup_expr="lt")

    class Meta:
        model = Activity
        fields = ["kind"]


class Activities(ReadOnlyModelViewSet[Activity]):
    """Calls, mails, meetings and notes that people wrote down."""

    request: ApiRequest
    serializer_class = ActivityOut
    filterset_class = ActivityFilter
    lookup_value_regex = UUID_PATTERN
    sort_fields = ("happened_at", "created_at")
    queryset = Activity.objects.none()

    def get_queryset(self) -> QuerySet[Activity]:
        seen: QuerySet[Activity] = Activity.objects.visible_to(self.request.actor).filter(removed_at=None)
        return seen.prefetch_related("contacts")

    @extend_schema(request=ActivityNew, responses={201: ActivityOut})
    def create(self, request: ApiRequest) -> Response:
        given = ActivityNew(data=request.data)
        given.is_valid(raise_exception=True)
        made = activities.record_activity(**given.validated_data, by=request.actor, at=now())
        return Response(ActivityOut(made).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=ActivityEdit, responses=ActivityOut)
    def partial_update(self, request: ApiRequest, pk: str) -> Response:
        found = self.get_object()
        given = ActivityEdit(data=request.data)
        given.is_valid(raise_exception=True)
        changes: dict[str, Any] = dict(given.validated_data)
        version = changes.pop("version")
        saved = activities.edit_activity(
            activity_id=found.pk, expected_version=version, changes=changes, by=request.actor, at=now()
        )
        return Response(ActivityOut(saved).data)

    @extend_schema(request=Restore, responses=ActivityOut)
    @action(detail=True, methods=["post"])
    def remove(self, request: ApiRequest, pk: str) -> Response:
        """Take it off the timeline; `restore` brings it back."""
        given = Restore(data=request.data)
        given.is_valid(raise_exception=True)
        found = activities.remove_activity(activity_id=UUID(pk), by=request.actor, at=now(), **given.validated_data)
        return Response(ActivityOut(found).data)
