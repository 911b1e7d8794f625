from django.utils.timezone import now
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from accounts.operations.places import pin
from accounts.queries.places import places
from accounts.serializers.places import SpotOut, SpotPin
from core.http import ApiRequest


class Places(ViewSet):
    """One's own pins in their order, then where one was lately, newest first; nothing that one may not see any more."""

    request: ApiRequest

    @extend_schema(responses=SpotOut(many=True))
    def list(self, request: ApiRequest) -> Response:
        pinned, recent = places(by=request.actor)
        return Response(SpotOut([*pinned, *recent], many=True).data)

    @extend_schema(request=SpotPin, responses={204: None})
    def create(self, request: ApiRequest) -> Response:
        given = SpotPin(data=request.data)
        given.is_valid(raise_exception=True)
        wanted = given.validated_data
        pin(kind=wanted["kind"], thing_id=wanted["id"], on=wanted["pinned"], by=request.actor, at=now())
        return Response(status=status.HTTP_204_NO_CONTENT)
