from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils.timezone import now
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.response import Response
from rest_framework.viewsets import ReadOnlyModelViewSet

from accounts import rules
from accounts.models import DuplicatePair, Merge
from accounts.operations.duplicates import decide_pair, start_finding_duplicates
from accounts.operations.merging import merge_accounts, undo_merge
from accounts.queries.duplicates import duplicate_pairs, merges
from accounts.serializers.duplicates import MergeInput, MergeOut, PairDecision, PairOut
from core.http import UUID_PATTERN, ApiRequest
from core.rules import require

STATE = OpenApiParameter("state", str, enum=DuplicatePair.State.values, description="“open” unless it is said")


@extend_schema(parameters=[STATE])
class Duplicates(ReadOnlyModelViewSet[DuplicatePair]):
    """Accounts that may be one customer, with score and reasons."""

    request: ApiRequest
    serializer_class = PairOut
    lookup_value_regex = UUID_PATTERN
    sort_fields = ("score", "found_at")
    also_asks = ("state",)
    ordering = ("-score", "id")
    queryset = DuplicatePair.objects.none()

    def get_queryset(self) -> QuerySet[DuplicatePair]:
        require(self.request.actor, rules.MERGE)
        state = self.request.query_params.get("state", "open")
        return duplicate_pairs(by=self.request.actor, state=state if state in DuplicatePair.State.values else "open")

    @extend_schema(request=PairDecision, responses=PairOut)
    @action(detail=True, methods=["post"])
    def decide(self, request: ApiRequest, pk: str) -> Response:
        """Remember that they are different, or have them looked at again."""
        given = PairDecision(data=request.data)
        given.is_valid(raise_exception=True)
        pair = decide_pair(pair_id=UUID(pk), different=given.validated_data["different"], by=request.actor, at=now())
        return Response(PairOut(pair).data)

    @extend_schema(request=None, responses={202: OpenApiTypes.OBJECT})
    @action(detail=False, methods=["post"])
    def find(self, request: ApiRequest) -> Response:
        """Have the worker compare all accounts; answers with the job."""
        job = start_finding_duplicates(by=request.actor)
        return Response({"job_id": str(job.pk), "state": job.state}, status=status.HTTP_202_ACCEPTED)


class Merges(ReadOnlyModelViewSet[Merge]):
    """What was merged, with everything that was moved."""

    request: ApiRequest
    serializer_class = MergeOut
    lookup_value_regex = UUID_PATTERN
    sort_fields = ("at",)
    ordering = ("-at", "-id")
    queryset = Merge.objects.none()

    def get_queryset(self) -> QuerySet[Merge]:
        require(self.request.actor, rules.MERGE)
        return merges(by=self.request.actor)

    @extend_schema(request=MergeInput, responses={201: MergeOut})
    def create(self, request: ApiRequest) -> Response:
        """Make two accounts one."""
        given = MergeInput(data=request.data)
        given.is_valid(raise_exception=True)
        data: dict[str, Any] = dict(given.validated_data)
        versions = (data.pop("kept_version"), data.pop("gone_version"))
        done = merge_accounts(**data, versions=versions, by=request.actor, at=now())
        return Response(MergeOut(done).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=None, responses=MergeOut)
    @action(detail=True, methods=["post"])
    def undo(self, request: ApiRequest, pk: str) -> Response:
        """Part them again: every row goes back."""
        return Response(MergeOut(undo_merge(merge_id=UUID(pk), by=request.actor, at=now())).data)
