"""Places of accounts, and what accounts may use."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.response import Response
from rest_framework.viewsets import ReadOnlyModelViewSet

from accounts.models import Entitlement, Location
from accounts.operations import holdings as operations
from accounts.serializers import holdings as shapes
from core.http import UUID_PATTERN, ApiRequest


def _given(shape: Any, request: ApiRequest) -> dict[str, Any]:
    given = shape(data=request.data)
    given.is_valid(raise_exception=True)
    return dict(given.validated_data)


class Sites(ReadOnlyModelViewSet[Location]):
    """Places where accounts are."""

    request: ApiRequest
    serializer_class = shapes.SiteOut
    filterset_fields = ["account_id", "region", "country"]
    lookup_value_regex = UUID_PATTERN
    queryset = Location.objects.none()

    def get_queryset(self) -> QuerySet[Location]:
        return Location.objects.visible_to(self.request.actor)

    @extend_schema(request=shapes.SiteNew, responses={201: shapes.SiteOut})
    def create(self, request: ApiRequest) -> Response:
        given = _given(shapes.SiteNew, request)
        made = operations.save_site(account_id=given.pop("account_id"), values=given, by=request.actor)
        return Response(shapes.SiteOut(made).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=shapes.SiteInput, responses=shapes.SiteOut)
    def update(self, request: ApiRequest, pk: str) -> Response:
        """Replace what is said of it; `version` is the one you saw."""
        given, found = _given(shapes.SiteInput, request), self.get_object()
        version = given.pop("version", None)
        saved = operations.save_site(
            account_id=found.account_id, values=given, site_id=found.pk, expected_version=version, by=request.actor
        )
        return Response(shapes.SiteOut(saved).data)

    @extend_schema(responses={204: None})
    def destroy(self, request: ApiRequest, pk: str) -> Response:
        operations.remove_site(site_id=UUID(pk), by=request.actor)
        return Response(status=status.HTTP_204_NO_CONTENT)


class Entitlements(ReadOnlyModelViewSet[Entitlement]):
    """What accounts may use, said by hand; contract lines say the rest."""

    request: ApiRequest
    serializer_class = shapes.EntitlementOut
    filterset_fields = ["account_id", "product_id"]
    lookup_value_regex = UUID_PATTERN
    queryset = Entitlement.objects.none()

    def get_queryset(self) -> QuerySet[Entitlement]:
        return Entitlement.objects.visible_to(self.request.actor)

    @extend_schema(request=shapes.EntitlementNew, responses={201: shapes.EntitlementOut})
    def create(self, request: ApiRequest) -> Response:
        given = _given(shapes.EntitlementNew, request)
        made = operations.save_entitlement(account_id=given.pop("account_id"), values=given, by=request.actor)
        return Response(shapes.EntitlementOut(made).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=shapes.EntitlementInput, responses=shapes.EntitlementOut)
    def update(self, request: ApiRequest, pk: str) -> Response:
        """Replace what is said of it; `version` is the one you saw."""
        given, found = _given(shapes.EntitlementInput, request), self.get_object()
        version = given.pop("version", None)
        saved = operations.save_entitlement(
            account_id=found.account_id, values=given, entitlement_id=found.pk, expected_version=version,
            by=request.actor,
        )  # fmt: skip
        return Response(shapes.EntitlementOut(saved).data)

    @extend_schema(responses={204: None})
    def destroy(self, request: ApiRequest, pk: str) -> Response:
        operations.remove_entitlement(entitlement_id=UUID(pk), by=request.actor)
        return Response(status=status.HTTP_204_NO_CONTENT)
