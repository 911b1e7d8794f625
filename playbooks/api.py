from django.db.models import QuerySet
from django.utils.timezone import now
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.response import Response
from rest_framework.viewsets import ReadOnlyModelViewSet

from core.http import ApiRequest
from playbooks import operations, queries
from playbooks.models import Playbook, Run, Step
from playbooks.serializers import (
    PlaybookOut,
    RunOut,
    RunStart,
    RunStop,
    StepCompletion,
    StepOut,
    TriggerOut,
    TriggerSetting,
)


class Playbooks(ReadOnlyModelViewSet[Playbook]):
    """The ways of working of this workspace, with what starts them."""

    request: ApiRequest
    serializer_class = PlaybookOut
    queryset = Playbook.objects.none()
    ordering = ("position", "id")

    def get_queryset(self) -> QuerySet[Playbook]:
        return Playbook.objects.prefetch_related("triggers__kpi")

    @extend_schema(request=TriggerSetting, responses=TriggerOut)
    @action(detail=False, methods=["post"], url_path=r"triggers/(?P<trigger_id>[0-9a-f-]{36})")
    def trigger(self, request: ApiRequest, trigger_id: str) -> Response:
        given = TriggerSetting(data=request.data)
        given.is_valid(raise_exception=True)
        trigger = operations.set_trigger(trigger_id=trigger_id, **given.validated_data, by=request.actor)
        return Response(TriggerOut(trigger).data)


class Runs(ReadOnlyModelViewSet[Run]):
    """Playbooks at work on accounts the caller sees."""

    request: ApiRequest
    serializer_class = RunOut
    filterset_fields = ["account_id", "state", "playbook__code"]
    sort_fields = ("started_at",)
    ordering = ("-started_at", "id")
    queryset = Run.objects.none()

    def get_queryset(self) -> QuerySet[Run]:
        return Run.objects.visible_to(self.request.actor).select_related("playbook").prefetch_related("steps")

    @extend_schema(request=RunStart, responses={201: RunOut})
    def create(self, request: ApiRequest) -> Response:
        given = RunStart(data=request.data)
        given.is_valid(raise_exception=True)
        run = operations.start_run(**given.validated_data, by=request.actor, at=now())
        return Response(RunOut(run).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=RunStop, responses=RunOut)
    @action(detail=True, methods=["post"])
    def stop(self, request: ApiRequest, pk: str) -> Response:
        given = RunStop(data=request.data)
        given.is_valid(raise_exception=True)
        run = operations.stop_run(run_id=self.get_object().pk, **given.validated_data, by=request.actor, at=now())
        return Response(RunOut(run).data)


class WorkItems(ReadOnlyModelViewSet[Step]):
    """Open steps: the work list. `?owner_id=` narrows it to one person."""

    request: ApiRequest
    serializer_class = StepOut
    filterset_fields = ["owner_id", "account_id", "run_id", "due_on"]
    ordering = ("due_on", "id")
    queryset = Step.objects.none()

    def get_queryset(self) -> QuerySet[Step]:
        return queries.open_steps(by=self.request.actor)

    @extend_schema(request=StepCompletion, responses=StepOut)
    @action(detail=True, methods=["post"])
    def complete(self, request: ApiRequest, pk: str) -> Response:
        given = StepCompletion(data=request.data)
        given.is_valid(raise_exception=True)
        fields = dict(given.validated_data)
        step = operations.complete_step(
            step_id=pk, expected_version=fields.pop("version"), **fields, by=request.actor, at=now()
        )
        return Response(StepOut(step).data)
