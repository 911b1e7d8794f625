from urllib.parse import urlencode
from uuid import UUID

from django.http import Http404
from django.utils.timezone import now
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from accounts.models import Account
from core.http import UUID_PATTERN, ApiRequest, keyset_page
from kpis.models import HealthScore
from kpis.queries.evidence import stored_score
from kpis.queries.history import replay
from kpis.queries.lines import lines
from kpis.queries.waterfall import default_ends, moved, readings
from kpis.serializers.history import (
    LinesOut,
    MovesOut,
    MovesQuery,
    ReplayOut,
    ScoreOut,
    ScorePage,
    ScoreQuery,
)

PAGE = 50
ORDER = ["-as_of", "-scored_at", "-pk"]


def _account(request: ApiRequest, account_id: str) -> Account:
    found: Account = Account.objects.visible_to(request.actor).get(pk=UUID(account_id))
    return found


class AccountScores(ViewSet):
    """Every score that was ever stored of an account."""

    request: ApiRequest
    lookup_value_regex = UUID_PATTERN

    @extend_schema(parameters=[ScoreQuery], responses=ScorePage, operation_id="accounts_scores")
    def list(self, request: ApiRequest, account_id: str) -> Response:
        """Stored scores, superseded ones too, the newest day first."""
        given = ScoreQuery(data=request.query_params.dict())
        given.is_valid(raise_exception=True)
        asked = given.validated_data
        rows = HealthScore.objects.visible_to(request.actor).filter(account=_account(request, account_id))
        days = {"as_of__gte": asked.get("since"), "as_of__lte": asked.get("until")}
        rows = rows.filter(**{name: day for name, day in days.items() if day}).select_related("version__scorecard")
        after, before = asked.get("after", ""), asked.get("before", "")
        page = keyset_page(
            rows.defer("parts", "categories"), ORDER, size=asked.get("page_size", PAGE), after=after, before=before
        )
        return Response(
            {
                "next": self._address(after=page.after) if page.after else None,
                "previous": self._address(before=page.before) if page.before else None,
                "results": ScoreOut(page.rows, many=True).data,  # type: ignore[arg-type]
            }
        )

    def _address(self, **cursor: str) -> str:
        kept = {name: value for name, value in self.request.query_params.items() if name not in ("after", "before")}
        return self.request.build_absolute_uri(f"{self.request.path}?{urlencode({**kept, **cursor})}")

    @extend_schema(responses=ReplayOut, operation_id="accounts_scores_replay")
    def retrieve(self, request: ApiRequest, account_id: str, pk: str) -> Response:
        """One stored score computed again: as it was known then, and as that day is known today."""
        score = stored_score(UUID(pk), _account(request, account_id), by=request.actor)
        return Response(ReplayOut(replay(score)).data)


class AccountHistory(ViewSet):
    """The year's line as it was, and the same days under the definition of today."""

    request: ApiRequest

    @extend_schema(responses=LinesOut, operation_id="accounts_history")
    def list(self, request: ApiRequest, account_id: str) -> Response:
        """A change of the scorecard moves the first line and never the second."""
        found = lines(_account(request, account_id), now().date(), by=request.actor)
        return Response(LinesOut(found).data)


class AccountMoves(ViewSet):
    """What moved the score between two stored ones."""

    request: ApiRequest

    @extend_schema(parameters=[MovesQuery], responses=MovesOut, operation_id="accounts_moves")
    def list(self, request: ApiRequest, account_id: str) -> Response:
        """Parts by cause with their KPIs and values; they sum exactly to the change."""
        given = MovesQuery(data=request.query_params.dict())
        given.is_valid(raise_exception=True)
        account = _account(request, account_id)
        ends = default_ends(readings(account.pk, by=request.actor), now().date())
        asked = [given.validated_data.get(name) for name in ("start", "end")]
        if ends is None and None in asked:
            raise Http404("There are not two scores to compare.")
        ids = [one or ends[at].pk for at, one in enumerate(asked)] if ends else asked
        first, last = (stored_score(one, account, by=request.actor) for one in ids)
        if (first.as_of, first.scored_at) > (last.as_of, last.scored_at):
            first, last = last, first
        found = moved(first, last)
        if found is None:
            raise Http404("One of the two had no data at all.")
        return Response(MovesOut(found).data)
