from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils.timezone import localdate, now
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.response import Response
from rest_framework.viewsets import ModelViewSet, ReadOnlyModelViewSet, ViewSet

from accounts import rules
from accounts.api.accounts import flat
from accounts.conditions import matching, read
from accounts.custom import CONTRACT
from accounts.models import Account, Contract, Product, RevenueMovement
from accounts.operations import contracts as operations
from accounts.operations.exchange import set_rate
from accounts.operations.holdings import save_product
from accounts.operations.revenue_rules import REBUILD, set_revenue_rules, start_rebuilding_revenue
from accounts.queries import revenue as queries
from accounts.queries.custom import fields_seen
from accounts.queries.revenue_check import Broken, Check, Reading, broken_renewals, check, overdue_contracts
from accounts.queries.revenue_rules import finance_today, main_currency, rules_in_force, versions
from accounts.serializers.revenue import (
    ContractEdit,
    ContractNew,
    ContractOut,
    ContractStep,
    LineChange,
    LineEdit,
    LineInput,
    LineOut,
    LineWithdraw,
    MovementOut,
    ProductOut,
    RateInput,
    RevenueQuery,
    RevenueRulesInput,
)
from core.http import UUID_PATTERN, ApiRequest
from core.models import Job
from core.rules import require

RATES = ("nrr", "nrr_without_uplift", "grr", "logo_churn", "expansion", "contraction", "churn", "quick_ratio")


class Products(ModelViewSet[Product]):
    """What the workspace sells."""

    request: ApiRequest
    serializer_class = ProductOut
    queryset = Product.objects.all()
    http_method_names = ["get", "post", "patch"]
    lookup_value_regex = UUID_PATTERN
    sort_fields = ("name",)

    def perform_create(self, serializer: Any) -> None:
        serializer.instance = save_product(values=serializer.validated_data, by=self.request.actor)

    def perform_update(self, serializer: Any) -> None:
        serializer.instance = save_product(
            values=serializer.validated_data, product_id=serializer.instance.pk, by=self.request.actor
        )


class Contracts(ReadOnlyModelViewSet[Contract]):
    """Contracts with their subscription lines."""

    request: ApiRequest
    serializer_class = ContractOut
    filterset_fields = ["account_id", "state"]
    lookup_value_regex = UUID_PATTERN
    sort_fields = ("starts_on", "ends_on")
    queryset = Contract.objects.none()

    def get_queryset(self) -> QuerySet[Contract]:
        return Contract.objects.visible_to(self.request.actor).prefetch_related("lines")

    @extend_schema(request=ContractNew, responses={201: ContractOut})
    def create(self, request: ApiRequest) -> Response:
        """Draft a contract, with lines if there are any yet."""
        given = ContractNew(data=request.data)
        given.is_valid(raise_exception=True)
        made = operations.create_contract(**flat(given.validated_data), by=request.actor, at=now())
        return Response(self._out(made.pk), status=status.HTTP_201_CREATED)

    @extend_schema(request=ContractEdit, responses=ContractOut)
    def partial_update(self, request: ApiRequest, pk: str) -> Response:
        """Change a contract; `version` is the one you saw."""
        given = ContractEdit(data=request.data)
        given.is_valid(raise_exception=True)
        changes = flat(given.validated_data)
        version = changes.pop("version")
        operations.edit_contract(
            contract_id=UUID(pk), expected_version=version, changes=changes, by=request.actor, at=now()
        )
        return Response(self._out(UUID(pk)))

    @extend_schema(request=None, responses=ContractOut)
    @action(detail=True, methods=["post"])
    def activate(self, request: ApiRequest, pk: str) -> Response:
        """Bring a draft into force; its revenue counts from then on."""
        operations.activate_contract(contract_id=UUID(pk), by=request.actor, at=now())
        return Response(self._out(UUID(pk)))

    @extend_schema(request=ContractStep, responses=ContractOut)
    @action(detail=True, methods=["post"])
    def cancel(self, request: ApiRequest, pk: str) -> Response:
        """Record the notice: `on` the day it was given, `last_day` when the contract has no end."""
        given = self._step(request)
        operations.cancel_contract(
            contract_id=UUID(pk), on=given.get("on") or finance_today(), last_day=given.get("last_day"),
            reason=given.get("reason", ""), by=request.actor, at=now(),
        )  # fmt: skip
        return Response(self._out(UUID(pk)))

    @extend_schema(request=ContractStep, responses=ContractOut)
    @action(detail=True, methods=["post"])
    def end(self, request: ApiRequest, pk: str) -> Response:
        """End it; `on` is its last day, today when left out."""
        given = self._step(request)
        operations.end_contract(
            contract_id=UUID(pk), on=given.get("on") or finance_today(), reason=given.get("reason", ""),
            by=request.actor, at=now(),
        )  # fmt: skip
        return Response(self._out(UUID(pk)))

    @extend_schema(request=ContractStep, responses={201: ContractOut})
    @action(detail=True, methods=["post"])
    def renew(self, request: ApiRequest, pk: str) -> Response:
        """A new contract follows with the same lines; `uplift` 0.05 is an agreed rise of 5 %."""
        given = self._step(request)
        made = operations.renew_contract(
            contract_id=UUID(pk), starts_on=given.get("starts_on") or finance_today(), ends_on=given.get("ends_on"),
            uplift=given.get("uplift") or Decimal(0), by=request.actor, at=now(),
        )  # fmt: skip
        return Response(self._out(made.pk), status=status.HTTP_201_CREATED)

    @extend_schema(request=LineInput, responses={201: LineOut})
    @action(detail=True, methods=["post"])
    def lines(self, request: ApiRequest, pk: str) -> Response:
        """Add a subscription line."""
        given = LineInput(data=request.data)
        given.is_valid(raise_exception=True)
        made = operations.add_line(contract_id=UUID(pk), **given.validated_data, by=request.actor, at=now())
        return Response(LineOut(made).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=LineEdit, responses=LineOut)
    @action(detail=True, methods=["patch"], url_path=f"lines/(?P<line_id>{UUID_PATTERN})")
    def line(self, request: ApiRequest, pk: str, line_id: str) -> Response:
        """Correct a line with a reason; the old one is kept."""
        given = LineEdit(data=request.data)
        given.is_valid(raise_exception=True)
        changes = dict(given.validated_data)
        reason = changes.pop("reason")
        made = operations.correct_line(
            line_id=UUID(line_id), changes=changes, reason=reason, by=request.actor, at=now()
        )
        return Response(LineOut(made).data)

    @extend_schema(request=LineChange, responses={201: LineOut})
    @action(detail=True, methods=["post"], url_path=f"lines/(?P<line_id>{UUID_PATTERN})/change")
    def change_line(self, request: ApiRequest, pk: str, line_id: str) -> Response:
        """From a day on something else is paid: an upgrade or a downgrade. What was paid before stays as it is."""
        given = LineChange(data=request.data)
        given.is_valid(raise_exception=True)
        changes = dict(given.validated_data)
        on, reason = changes.pop("on"), changes.pop("reason", "")
        made = operations.change_line(
            line_id=UUID(line_id), on=on, changes=changes, reason=reason, by=request.actor, at=now()
        )
        return Response(LineOut(made).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=LineWithdraw, responses={204: None})
    @action(detail=True, methods=["post"], url_path=f"lines/(?P<line_id>{UUID_PATTERN})/withdraw")
    def withdraw(self, request: ApiRequest, pk: str, line_id: str) -> Response:
        """Withdraw a line that was entered in error; it is kept, and counts no more."""
        given = LineWithdraw(data=request.data)
        given.is_valid(raise_exception=True)
        operations.remove_line(line_id=UUID(line_id), **given.validated_data, by=request.actor, at=now())
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _step(self, request: ApiRequest) -> dict[str, Any]:
        given = ContractStep(data=request.data)
        given.is_valid(raise_exception=True)
        return dict(given.validated_data)

    def _out(self, contract_id: UUID) -> Any:
        return ContractOut(self.get_queryset().get(pk=contract_id), context=self.get_serializer_context()).data

    def get_serializer_context(self) -> dict[str, Any]:
        actor = getattr(self.request, "actor", None)  # there is none while the schema is written
        own = fields_seen(by=actor, record=CONTRACT) if actor else []
        return {**super().get_serializer_context(), "own_fields": own}


class Movements(ReadOnlyModelViewSet[RevenueMovement]):
    """Dated movements of MRR, each of one account, in its currency."""

    request: ApiRequest
    serializer_class = MovementOut
    filterset_fields = {"account_id": ["exact"], "kind": ["exact"], "on": ["exact", "gt", "lte"]}
    lookup_value_regex = UUID_PATTERN
    sort_fields = ("on",)
    queryset = RevenueMovement.objects.none()

    def get_queryset(self) -> QuerySet[RevenueMovement]:
        return RevenueMovement.objects.visible_to(self.request.actor).select_related("account")


class Revenue(ViewSet):
    """A period: opening, movements, closing, rates, and every convention."""

    request: ApiRequest

    @extend_schema(parameters=[RevenueQuery], responses={200: dict})
    def list(self, request: ApiRequest) -> Response:
        require(request.actor, rules.SEE_REVENUE)
        given = RevenueQuery(data=request.query_params.dict())
        given.is_valid(raise_exception=True)
        asked = given.validated_data
        accounts = _accounts(asked, request)
        currency = asked.get("currency") or main_currency()
        found = queries.period(accounts, asked["opening"], asked["closing"], reporting=currency)
        return Response(_plain(found, currency))

    @extend_schema(parameters=[RevenueQuery], responses={200: dict})
    @action(detail=False, methods=["get"])
    def check(self, request: ApiRequest) -> Response:
        """Hold the stored movements of a period against the subscription lines, and renewals against contracts.

        `holds` is whether all is well, null where what was read is well and `unread` accounts were not; accounts that
        differ are named with both figures, the first thousand of each kind.
        """
        require(request.actor, rules.SEE_REVENUE)
        given = RevenueQuery(data=request.query_params.dict())
        given.is_valid(raise_exception=True)
        asked, in_force = given.validated_data, rules_in_force()
        today = in_force.day(now())
        found = check(
            _accounts(asked, request), asked["opening"], asked["closing"], known_on=today, rules=in_force
        )  # fmt: skip
        return Response(
            _checked(found, broken_renewals(by=request.actor), overdue_contracts(by=request.actor, on=today))
        )

    @extend_schema(responses={200: dict}, methods=["GET"])
    @extend_schema(request=RevenueRulesInput, responses={200: dict}, methods=["PUT"])
    @action(detail=False, methods=["get", "put"], url_path="rules")
    def reading(self, request: ApiRequest) -> Response:
        """Read how revenue is read, in words and as values, or change it. `version` is the one you saw; a change is a
        new version, by which the worker reads every account anew."""
        if request.method == "PUT":
            given = RevenueRulesInput(data=request.data)
            given.is_valid(raise_exception=True)
            changes = dict(given.validated_data)
            version, reason = changes.pop("version"), changes.pop("reason", "")
            set_revenue_rules(
                expected_version=version, changes=changes, reason=reason, by=request.actor, at=now()
            )  # fmt: skip
        require(request.actor, rules.SEE_REVENUE)
        in_force = rules_in_force()
        running = Job.objects.filter(kind=REBUILD, finished_at=None).order_by("-created_at").first()
        return Response(
            {
                "version": in_force.version,
                **in_force.given(),
                "words": in_force.words(),
                "reading_anew": {"done": running.done, "total": running.total} if running else None,
                "versions": [
                    {"version": one.row.version, "made_at": one.row.made_at, "made_by": one.row.made_by,
                     "reason": one.row.reason, "changes": {label: [old, new] for label, old, new in one.changes}}
                    for one in versions()
                ],
            }
        )  # fmt: skip

    @extend_schema(request=None, responses={202: dict})
    @action(detail=False, methods=["post"])
    def rebuild(self, request: ApiRequest) -> Response:
        """Have the worker read the revenue of every account anew."""
        job = start_rebuilding_revenue(by=request.actor)
        return Response({"job": job.pk, "state": job.state}, status=status.HTTP_202_ACCEPTED)

    @extend_schema(request=RateInput, responses={201: RateInput})
    @action(detail=False, methods=["post"], url_path="exchange-rates")
    def exchange_rates(self, request: ApiRequest) -> Response:
        """Set the rate of a currency from a day on."""
        given = RateInput(data=request.data)
        given.is_valid(raise_exception=True)
        made = set_rate(**given.validated_data, by=request.actor)
        return Response(RateInput(made).data, status=status.HTTP_201_CREATED)


def _accounts(asked: dict[str, Any], request: ApiRequest) -> QuerySet[Account]:
    where = matching(read(asked["where"]), today=localdate()) if asked.get("where") else None
    return queries.book(by=request.actor, where=where)


NAMED = 1000  # of each kind in the answer to a check


def _checked(found: Check, broken: list[Broken], overdue: QuerySet[Contract]) -> dict[str, Any]:
    def reading(one: Reading) -> dict[str, str]:
        return {"opening_mrr": str(one.opening), "closing_mrr": str(one.closing)}

    return {
        "opening": found.opening,
        "closing": found.closing,
        "known_on": found.known_on,
        "holds": False if found.off or broken else None if found.unread else True,
        "accounts": found.accounts,
        "unread": found.unread,
        "behind": found.behind,
        "followed_on": found.followed.on if found.followed else None,
        "differing": [
            {
                "account_id": one.account.pk,
                "account": one.account.name,
                "currency": one.currency,
                "stored": reading(one.stored),
                "by_lines": reading(one.read),
                "movements": {kind: {"stored": str(said), "by_lines": str(read)} for kind, said, read in one.kinds},
            }
            for one in found.off[:NAMED]
        ],
        "renewals": [{"contract_id": one.contract.pk, "why": one.why} for one in broken[:NAMED]],
        "overdue": [
            {"contract_id": one.pk, "account_id": one.account_id, "ends_on": one.ends_on} for one in overdue[:NAMED]
        ],
        "counts": {"differing": len(found.off), "renewals": len(broken), "overdue": overdue.count()},
    }


def _plain(found: queries.Period, currency: str) -> dict[str, Any]:
    """Figures as text, so that no digit is lost; unknown rates are null."""
    rates = found.rates
    return {
        "opening": found.opening,
        "closing": found.closing,
        "currency": currency,
        "opening_mrr": str(found.opening_mrr),
        "closing_mrr": str(found.closing_mrr),
        "closing_mrr_reported": str(found.closing_reported),
        "movements": {bar.kind: {"amount": str(bar.amount), "accounts": bar.accounts} for bar in found.bars},
        "left_out": {code: str(amount) for code, amount in found.left_out.items()},
        "rates": {
            name: None if getattr(rates, name) is None else str(getattr(rates, name))
            for name in RATES
        },
        "conventions": {
            one.convention.code: {"name": one.convention.name, "value": None if one.value is None else str(one.value)}
            for one in found.readings
        },
    }  # fmt: skip
