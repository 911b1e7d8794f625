from uuid import UUID

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from accounts.models import Account
from core.http import ApiRequest
from kpis.queries.family import family
from kpis.serializers.family import RollUpOut


class AccountRollUp(ViewSet):
    """The health of the accounts below an account as one figure, with what each of them gives."""

    request: ApiRequest

    @extend_schema(responses=RollUpOut, operation_id="accounts_roll_up")
    def list(self, request: ApiRequest, account_id: str) -> Response:
        account = Account.objects.visible_to(request.actor).get(pk=UUID(account_id))
        found = family(account, by=request.actor)
        if found is None:
            raise Http404("No account stands below this one.")
        return Response(RollUpOut(found).data)
