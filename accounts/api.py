from typing import Any

import django_filters
from django.db.models import QuerySet
from django.utils.timezone import now
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.response import Response
from rest_framework.viewsets import ReadOnlyModelViewSet

from accounts import operations, queries
from accounts.models import Account
from accounts.serializers import AccountArchive, AccountEdit, AccountInput, AccountOut
from core.http import ApiRequest


class AccountFilter(django_filters.FilterSet):
    q = django_filters.CharFilter(method="matching", label="Part of the name")
    archived = django_filters.BooleanFilter(field_name="archived_at", lookup_expr="isnull", exclude=True)

    class Meta:
        model = Account
        fields = ["owner_id", "tier", "industry", "region", "stage", "sample", "name", "key"]

    def matching(self, queryset: QuerySet[Account], name: str, value: str) -> QuerySet[Account]:
        return queryset.filter(pk__in=queries.accounts_matching(value, by=self.request.actor).values("pk"))


class Accounts(ReadOnlyModelViewSet[Account]):
    """Customers of the workspace, as far as the caller sees them."""

    request: ApiRequest
    serializer_class = AccountOut
    filterset_class = AccountFilter
    sort_fields = ("name", "arr", "created_at")
    queryset = Account.objects.none()

    def get_queryset(self) -> QuerySet[Account]:
        return Account.objects.visible_to(self.request.actor).active()

    @extend_schema(request=AccountInput, responses={201: AccountOut})
    def create(self, request: ApiRequest) -> Response:
        given = AccountInput(data=request.data)
        given.is_valid(raise_exception=True)
        account = operations.create_account(**given.validated_data, by=request.actor, source="api")
        return Response(AccountOut(account).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=AccountEdit, responses=AccountOut)
    def partial_update(self, request: ApiRequest, pk: str) -> Response:
        given = AccountEdit(data=request.data)
        given.is_valid(raise_exception=True)
        changes: dict[str, Any] = dict(given.validated_data)
        account = operations.edit_account(
            account_id=self.get_object().pk, expected_version=changes.pop("version"), changes=changes, by=request.actor
        )
        return Response(AccountOut(account).data)

    @extend_schema(request=AccountArchive, responses=AccountOut)
    @action(detail=True, methods=["post"])
    def archive(self, request: ApiRequest, pk: str) -> Response:
        given = AccountArchive(data=request.data)
        given.is_valid(raise_exception=True)
        account = operations.archive_account(account_id=pk, by=request.actor, at=now(), **given.validated_data)
        return Response(AccountOut(account).data)
