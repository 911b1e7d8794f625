from uuid import UUID

from django.shortcuts import get_object_or_404
from django.utils.timezone import localdate
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from accounts.models import Account
from accounts.queries.as_of import account_as_of
from accounts.queries.past import lines_at, subject
from accounts.serializers.custom import AsOfLine, AsOfQuery
from core.http import ApiRequest


class AccountAsOf(ViewSet):
    """An account as it stood at the end of a past day, rebuilt from the trail."""

    @extend_schema(parameters=[AsOfQuery], responses=AsOfLine(many=True))
    def list(self, request: ApiRequest, account_id: str) -> Response:
        """Every field on the day `on`, who changed it last before, and what differs from now."""
        account = get_object_or_404(Account.objects.visible_to(request.actor), pk=account_id)
        given = AsOfQuery(data=request.query_params)
        given.is_valid(raise_exception=True)
        on = given.validated_data["on"]
        if on > localdate():
            raise ValidationError({"on": ["That day has not come yet."]})
        if on < localdate(account.created_at):
            raise NotFound("This account was not here yet.")
        return Response(AsOfLine(account_as_of(account, on=on, by=request.actor), many=True).data)


class RecordAsOf(ViewSet):
    """A person, contract, task or own record as it stood at the end of a past day."""

    @extend_schema(
        parameters=[AsOfQuery, OpenApiParameter("kind", str, "path"), OpenApiParameter("record_id", str, "path")],
        responses=AsOfLine(many=True),
    )
    def list(self, request: ApiRequest, kind: str, record_id: str) -> Response:
        """Every field on the day `on`, who changed it last before, and what differs from now."""
        given = AsOfQuery(data=request.query_params)
        given.is_valid(raise_exception=True)
        one, on = subject(kind, UUID(record_id), by=request.actor), given.validated_data["on"]
        if on > localdate():
            raise ValidationError({"on": ["That day has not come yet."]})
        if on < localdate(one.began):
            raise NotFound("It was not here yet.")
        return Response(AsOfLine(lines_at(one, on=on, by=request.actor), many=True).data)
