from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils.timezone import localdate, now
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ReadOnlyModelViewSet

from accounts.models import Renewal, RenewalCheckpoint
from accounts.operations.closing import close_renewal
from accounts.operations.renewals import decide_checkpoint, edit_renewal
from accounts.queries import renewals as queries
from accounts.renewing import Period, period_of, quarter_by
from accounts.serializers.renewals import (
    CheckpointDecision,
    CheckpointOut,
    RenewalClose,
    RenewalEdit,
    RenewalOut,
    RenewalQuery,
)
from core.http import UUID_PATTERN, ApiRequest

AMOUNTS = (
    "due", "renewed", "lost", "commit", "best_case", "at_risk", "unsaid", "expected_loss", "forecast", "low", "high",
)  # fmt: skip


class Renewals(ReadOnlyModelViewSet[Renewal]):
    """Renewals of contracts; without `period` those due in the running quarter."""

    request: ApiRequest
    serializer_class = RenewalOut
    lookup_value_regex = UUID_PATTERN
    ordering = ("due_on", "id")
    sort_fields = ("due_on", "amount")
    also_asks = tuple(RenewalQuery().fields)
    queryset = Renewal.objects.none()

    def get_queryset(self) -> QuerySet[Renewal]:
        rows: QuerySet[Renewal] = Renewal.objects.visible_to(self.request.actor)
        if self.action in ("list", "totals"):
            given = RenewalQuery(data=self._filters())
            given.is_valid(raise_exception=True)
            rows = queries.due(queries.Asked(**given.validated_data), by=self.request.actor, today=localdate())
        return rows.select_related("account", "contract").prefetch_related("checkpoints")

    def _filters(self) -> dict[str, str]:
        asked = self.request.query_params.dict()
        return {name: str(value) for name, value in asked.items() if name in RenewalQuery().fields}

    @extend_schema(parameters=[RenewalQuery])
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """By the day they are due."""
        return super().list(request, *args, **kwargs)

    @extend_schema(request=RenewalEdit, responses=RenewalOut)
    def partial_update(self, request: ApiRequest, pk: str) -> Response:
        """Say what is expected; `version` is the one you saw."""
        given = RenewalEdit(data=request.data)
        given.is_valid(raise_exception=True)
        changes = dict(given.validated_data)
        version = changes.pop("version")
        edit_renewal(renewal_id=UUID(pk), expected_version=version, changes=changes, by=request.actor, at=now())
        return Response(self._out(pk))

    @extend_schema(request=RenewalClose, responses=RenewalOut)
    @action(detail=True, methods=["post"])
    def close(self, request: ApiRequest, pk: str) -> Response:
        """Renewed, extended or lost: the contract and the account's outcome follow."""
        given = RenewalClose(data=request.data)
        given.is_valid(raise_exception=True)
        closing = dict(given.validated_data)
        version = closing.pop("version")
        close_renewal(renewal_id=UUID(pk), expected_version=version, **closing, by=request.actor, at=now())
        return Response(self._out(pk))

    @extend_schema(request=CheckpointDecision, responses=CheckpointOut)
    @action(detail=True, methods=["post"], url_path=f"checkpoints/(?P<checkpoint_id>{UUID_PATTERN})")
    def decide(self, request: ApiRequest, pk: str, checkpoint_id: str) -> Response:
        """A leader decides what goes up: secure or at risk."""
        given = CheckpointDecision(data=request.data)
        given.is_valid(raise_exception=True)
        if not RenewalCheckpoint.objects.filter(pk=checkpoint_id, renewal_id=pk).exists():
            raise NotFound
        made = decide_checkpoint(checkpoint_id=UUID(checkpoint_id), **given.validated_data, by=request.actor, at=now())
        return Response(CheckpointOut(made).data)

    @extend_schema(parameters=[RenewalQuery], responses={200: dict})
    @action(detail=False)
    def totals(self, request: ApiRequest) -> Response:
        """Forecast and renewal rates per currency; unknown rates are null."""
        return Response([_plain(one) for one in queries.totals(self.get_queryset())])

    @extend_schema(responses={200: dict})
    @action(detail=False)
    def replay(self, request: ApiRequest) -> Response:
        """?quarter=2026-Q3: the forecast of each week beside the result; last quarter when left out."""
        period: Period | None = period_of(request.query_params.get("quarter") or quarter_by(localdate(), -1))
        if period is None:
            raise NotFound
        found = queries.replay(period, by=request.actor)
        return Response(
            [
                {
                    "currency": one.currency,
                    "final": one.final,
                    "result": _plain(one.result),
                    "weeks": [{"week": week.monday, **_plain(week.total)} for week in one.weeks],
                }
                for one in found
            ]
        )

    def _out(self, pk: str) -> Any:
        return RenewalOut(self.get_queryset().get(pk=pk)).data


def _plain(total: queries.Total) -> dict[str, Any]:
    """Figures as text, so that no digit is lost."""
    rates = total.rates
    return {
        "currency": total.currency,
        "count": total.count,
        "open": total.open,
        **{name: str(getattr(total, name)) for name in AMOUNTS},
        "gross_renewal_rate": None if rates.gross is None else str(rates.gross),
        "net_renewal_rate": None if rates.net is None else str(rates.net),
        "renewal_rate_by_count": None if rates.by_count is None else str(rates.by_count),
    }
