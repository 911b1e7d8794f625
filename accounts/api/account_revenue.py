from typing import Any
from uuid import UUID

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from accounts.models import Account
from accounts.queries.family_revenue import FamilyRevenue, Member, family_revenue
from accounts.serializers.revenue import RevenueQuery
from core.http import ApiRequest


class AccountRevenue(ViewSet):
    """The revenue of an account with everything below it that you see."""

    request: ApiRequest

    @extend_schema(parameters=[RevenueQuery], responses={200: dict})
    def list(self, request: ApiRequest, account_id: str) -> Response:
        """Rolled up in the account's currency, and account by account; `rolled_up` is null without any below it."""
        account = get_object_or_404(Account.objects.visible_to(request.actor), pk=UUID(account_id))
        given = RevenueQuery(data=request.query_params.dict())
        given.is_valid(raise_exception=True)
        days = given.validated_data["opening"], given.validated_data["closing"]
        found = family_revenue(account, *days, by=request.actor)
        return Response({"opening": days[0], "closing": days[1], "rolled_up": _plain(found) if found else None})


def _plain(found: FamilyRevenue) -> dict[str, Any]:
    """Figures as text; unknown ones are null."""
    return {
        "currency": found.exchange.currency,
        "mrr": str(found.mrr),
        "arr": str(found.arr),
        "arr_by_hand": str(found.by_hand),
        "unknown": found.unknown,
        "hidden": found.hidden,
        "without_rate": found.missing,
        "movements": {bar.kind: {"amount": str(bar.amount), "accounts": bar.accounts} for bar in found.found.bars},
        "accounts": [_member(one) for one in found.members],
    }


def _member(one: Member) -> dict[str, Any]:
    def text(amount: Any) -> str | None:
        return None if amount is None else str(amount)

    return {
        "account_id": one.account.pk,
        "account": one.account.name,
        "depth": one.depth,
        "currency": one.currency,
        "opening_mrr": text(one.opening),
        "closing_mrr": text(one.closing),
        "arr": text(one.arr),
        "by_hand": one.by_hand,
    }
