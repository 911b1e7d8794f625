from uuid import UUID

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils.timezone import now
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from accounts.models import Account
from core.http import UUID_PATTERN, ApiRequest
from kpis.models import ScoreException
from kpis.operations import exceptions as operations
from kpis.queries.assignment import why
from kpis.queries.exceptions import exceptions_on, one_exception
from kpis.serializers.exceptions import AssignmentOut, ExceptionInput, ExceptionOut


class AccountExceptions(ViewSet):
    """Caps and floors that people have set on an account's score; withdrawn and expired ones stay on record."""

    request: ApiRequest
    lookup_value_regex = UUID_PATTERN

    @extend_schema(responses=ExceptionOut(many=True), operation_id="accounts_exceptions")
    def list(self, request: ApiRequest, account_id: str) -> Response:
        account = Account.objects.visible_to(request.actor).get(pk=UUID(account_id))
        found = exceptions_on(account, today=now().date(), by=request.actor)
        return Response(ExceptionOut(found, many=True).data)  # type: ignore[arg-type]

    @extend_schema(request=ExceptionInput, responses={201: ExceptionOut}, operation_id="accounts_exceptions_create")
    def create(self, request: ApiRequest, account_id: str) -> Response:
        """Cap or lift the score from today or a later day on; the account is scored again at once."""
        account = Account.objects.visible_to(request.actor).active().get(pk=UUID(account_id))
        given = ExceptionInput(data=request.data)
        given.is_valid(raise_exception=True)
        at = now()
        first = given.validated_data["starts_on"] or at.date()
        wanted = operations.Wanted(**{**given.validated_data, "starts_on": first})
        made = operations.set_exception(account_id=account.pk, wanted=wanted, by=request.actor, at=at)
        return self._one(made, status.HTTP_201_CREATED)

    @extend_schema(request=None, responses=ExceptionOut, operation_id="accounts_exceptions_withdraw")
    @action(detail=True, methods=["post"])
    def withdraw(self, request: ApiRequest, account_id: str, pk: str) -> Response:
        """Take it back from today on; what was scored with it stays on record."""
        found = self._of(request, account_id, pk)
        return self._one(operations.withdraw_exception(exception_id=found, by=request.actor, at=now()))

    @extend_schema(request=None, responses={201: ExceptionOut}, operation_id="accounts_exceptions_restore")
    @action(detail=True, methods=["post"])
    def restore(self, request: ApiRequest, account_id: str, pk: str) -> Response:
        """Undo a withdrawal: the same once more, from today on."""
        found = self._of(request, account_id, pk)
        made = operations.restore_exception(exception_id=found, by=request.actor, at=now())
        return self._one(made, status.HTTP_201_CREATED)

    def _of(self, request: ApiRequest, account_id: str, pk: str) -> UUID:
        mine = ScoreException.objects.visible_to(request.actor).filter(account_id=UUID(account_id))
        return UUID(str(get_object_or_404(mine, pk=UUID(pk)).pk))

    def _one(self, row: ScoreException, code: int = status.HTTP_200_OK) -> Response:
        return Response(ExceptionOut(one_exception(row, today=now().date())).data, status=code)


class AccountScorecard(ViewSet):
    """Which scorecard applies to an account, why, and which others match it."""

    request: ApiRequest

    @extend_schema(responses=AssignmentOut, operation_id="accounts_scorecard")
    def list(self, request: ApiRequest, account_id: str) -> Response:
        account = Account.objects.visible_to(request.actor).get(pk=UUID(account_id))
        found = why(account, today=now().date())
        if found is None:
            raise Http404("No live scorecard is for this account.")
        return Response(AssignmentOut(found).data)
