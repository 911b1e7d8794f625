from urllib.parse import urlencode
from uuid import UUID

from django.http import Http404
from django.utils.timezone import now
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from accounts.conditions import fields_named
from accounts.models import Account
from core.http import UUID_PATTERN, ApiRequest, keyset_page
from kpis import operations
from kpis.queries import portfolio as queries
from kpis.queries.evidence import evidence
from kpis.queries.health import score_on
from kpis.serializers.health import EvidenceOut, EvidenceQuery, HealthOut, HealthPage, HealthQuery, HealthRow
from kpis.serializers.uploads import JobOut

PAGE = 25


class Health(ViewSet):
    """Every account with its health, what needs attention first; filters and order as on the portfolio's page."""

    request: ApiRequest
    lookup_value_regex = UUID_PATTERN

    @extend_schema(parameters=[HealthQuery], responses=HealthPage)
    def list(self, request: ApiRequest) -> Response:
        given = HealthQuery(data=request.query_params.dict(), context={"by": request.actor})
        given.is_valid(raise_exception=True)
        asked, by, today = dict(given.validated_data), request.actor, now().date()
        size, after, before = asked.pop("page_size", PAGE), asked.pop("after", ""), asked.pop("before", "")
        wanted = queries.BookFilter(**{name: value for name, value in asked.items() if value})
        every = Account.objects.visible_to(by).active()
        name = wanted.sort.lstrip("-")
        ordered, order = queries.in_order(
            queries.book(wanted, by=by, today=today),
            wanted.sort,
            all_scored=not every.filter(health=None).exists(),
            field=None if name in queries.SORTS else fields_named([name], by=by).get(name),
        )
        page = keyset_page(ordered, order, size=size, after=after, before=before)
        return Response(
            {
                "next": self._address(after=page.after) if page.after else None,
                "previous": self._address(before=page.before) if page.before else None,
                "results": HealthRow(page.rows, many=True).data,  # type: ignore[arg-type]
            }
        )

    def _address(self, **cursor: str) -> str:
        kept = {name: value for name, value in self.request.query_params.items() if name not in ("after", "before")}
        return self.request.build_absolute_uri(f"{self.request.path}?{urlencode({**kept, **cursor})}")

    @extend_schema(responses=HealthOut)
    def retrieve(self, request: ApiRequest, pk: str) -> Response:
        """Where one account stands."""
        found = Account.objects.visible_to(request.actor).select_related("health__latest").get(pk=UUID(pk))
        return Response(HealthOut(found).data)

    @extend_schema(request=None, responses={202: JobOut})
    @action(detail=False, methods=["post"])
    def rescore(self, request: ApiRequest) -> Response:
        """Have every account scored again in the background; it happens by itself after changes and each night."""
        job = operations.start_rescoring(by=request.actor)
        return Response(JobOut(job).data, status=status.HTTP_202_ACCEPTED)


class AccountHealth(ViewSet):
    """Where one account stands."""

    request: ApiRequest

    @extend_schema(responses=HealthOut, operation_id="accounts_health")
    def list(self, request: ApiRequest, account_id: str) -> Response:
        found = Account.objects.visible_to(request.actor).select_related("health__latest").get(pk=UUID(account_id))
        return Response(HealthOut(found).data)


class AccountEvidence(ViewSet):
    """A score down to its cells: categories, KPIs, values, files; what is missing; whether it still computes."""

    request: ApiRequest

    @extend_schema(parameters=[EvidenceQuery], responses=EvidenceOut, operation_id="accounts_evidence")
    def list(self, request: ApiRequest, account_id: str) -> Response:
        given = EvidenceQuery(data=request.query_params.dict())
        given.is_valid(raise_exception=True)
        account = Account.objects.visible_to(request.actor).get(pk=UUID(account_id))
        score = score_on(account.pk, given.validated_data.get("as_of", now().date()), by=request.actor)
        if score is None:
            raise Http404("No score is stored for that day.")
        return Response(EvidenceOut(evidence(score)).data)


class SampleData(ViewSet):
    """Openly synthetic accounts to look around with."""

    request: ApiRequest

    @extend_schema(request=None, responses={202: JobOut})
    def create(self, request: ApiRequest) -> Response:
        """Add the sample accounts in the background."""
        job = operations.start_adding_sample_data(by=request.actor)
        return Response(JobOut(job).data, status=status.HTTP_202_ACCEPTED)

    @extend_schema(request=None, responses={202: JobOut})
    @action(detail=False, methods=["post"])
    def remove(self, request: ApiRequest) -> Response:
        """Remove every sample account with all that hangs on it; real data stay."""
        job = operations.start_removing_sample_data(by=request.actor)
        return Response(JobOut(job).data, status=status.HTTP_202_ACCEPTED)
