from uuid import UUID

import django_filters
from django.db.models import Prefetch, QuerySet
from django.shortcuts import get_object_or_404
from django.utils.timezone import localdate, now
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.response import Response
from rest_framework.viewsets import ReadOnlyModelViewSet

from core.http import UUID_PATTERN, ApiRequest
from playbooks import operations, queries
from playbooks.measured.effects import measured_of
from playbooks.measured.replay import replay
from playbooks.models import EffectEstimate, Playbook, Run, Step, Trigger
from playbooks.operations.effects import start_estimate
from playbooks.operations.measuring import set_result
from playbooks.serializers import (
    EstimateOut,
    EstimateStart,
    MeasurementOut,
    PlaybookOut,
    ReplayAsked,
    ResultSetting,
    RunOut,
    RunResultOut,
    RunStart,
    RunStop,
    StepCompletion,
    StepDecision,
    StepDelegation,
    StepOut,
    StepRepair,
    TriggerOut,
    TriggerReplayOut,
    TriggerSetting,
    WorkItemOut,
)


class Playbooks(ReadOnlyModelViewSet[Playbook]):
    """The ways of working of this workspace, with what starts them."""

    request: ApiRequest
    serializer_class = PlaybookOut
    lookup_value_regex = UUID_PATTERN
    filterset_fields = ["code", "active"]
    sort_fields = ("name", "position")
    ordering = ("position", "id")
    queryset = Playbook.objects.none()

    def get_queryset(self) -> QuerySet[Playbook]:
        triggers = Prefetch("triggers", Trigger.objects.select_related("kpi").order_by("id"))
        return Playbook.objects.select_related("live").prefetch_related(triggers)

    @extend_schema(request=TriggerSetting, responses=TriggerOut)
    @action(detail=False, methods=["post"], url_path=f"triggers/(?P<trigger_id>{UUID_PATTERN})")
    def trigger(self, request: ApiRequest, trigger_id: str) -> Response:
        """Set the threshold of one trigger, and whether it is on."""
        given = TriggerSetting(data=request.data)
        given.is_valid(raise_exception=True)
        trigger = operations.set_trigger(trigger_id=UUID(trigger_id), **given.validated_data, by=request.actor)
        return Response(TriggerOut(trigger).data)

    @extend_schema(parameters=[ReplayAsked], responses=TriggerReplayOut, filters=False)
    @action(detail=False, url_path=f"triggers/(?P<trigger_id>{UUID_PATTERN})/replay", pagination_class=None)
    def replay(self, request: ApiRequest, trigger_id: str) -> Response:
        """Hold two thresholds of a trigger against the last twelve month ends."""
        given = ReplayAsked(data=request.query_params)
        given.is_valid(raise_exception=True)
        asked = dict(given.validated_data)
        trigger = get_object_or_404(Trigger.objects.select_related("kpi", "playbook"), pk=trigger_id)
        limits = [asked.pop("threshold"), asked.pop("other")]
        return Response(TriggerReplayOut(replay(trigger, limits, by=request.actor, on=localdate(), **asked)).data)


class RunFilter(django_filters.FilterSet):
    account_id = django_filters.UUIDFilter()
    playbook = django_filters.CharFilter(field_name="playbook__code")

    class Meta:
        model = Run
        fields = ["state"]


class Runs(ReadOnlyModelViewSet[Run]):
    """Playbooks at work on accounts the caller sees."""

    request: ApiRequest
    serializer_class = RunOut
    filterset_class = RunFilter
    lookup_value_regex = UUID_PATTERN
    sort_fields = ("started_at",)
    ordering = ("-started_at", "id")
    queryset = Run.objects.none()

    def get_queryset(self) -> QuerySet[Run]:
        steps = Prefetch("steps", Step.objects.order_by("position"))
        return Run.objects.visible_to(self.request.actor).select_related("playbook", "version").prefetch_related(steps)

    @extend_schema(request=RunStart, responses={201: RunOut})
    def create(self, request: ApiRequest) -> Response:
        given = RunStart(data=request.data)
        given.is_valid(raise_exception=True)
        run = operations.start_run(**given.validated_data, by=request.actor, at=now())
        return Response(RunOut(self.get_queryset().get(pk=run.pk)).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=RunStop, responses=RunOut)
    @action(detail=True, methods=["post"])
    def stop(self, request: ApiRequest, pk: str) -> Response:
        given = RunStop(data=request.data)
        given.is_valid(raise_exception=True)
        operations.stop_run(run_id=self.get_object().pk, **given.validated_data, by=request.actor, at=now())
        return Response(RunOut(self.get_object()).data)

    @extend_schema(responses=MeasurementOut(many=True), filters=False)
    @action(detail=True, pagination_class=None)
    def measurements(self, request: ApiRequest, pk: str) -> Response:
        """Read what a run started from and what it came to, each figure as it was known then."""
        return Response(MeasurementOut(measured_of(self.get_object()), many=True).data)

    @extend_schema(request=ResultSetting, responses=RunResultOut)
    @action(detail=True, methods=["post"])
    def result(self, request: ApiRequest, pk: str) -> Response:
        """Say what came of a run that has ended."""
        given = ResultSetting(data=request.data)
        given.is_valid(raise_exception=True)
        made = set_result(run_id=self.get_object().pk, **given.fields_given, by=request.actor, at=now())
        return Response(RunResultOut(made).data)


class EffectFilter(django_filters.FilterSet):
    playbook = django_filters.CharFilter(field_name="playbook__code")

    class Meta:
        model = EffectEstimate
        fields: list[str] = []


class PlaybookEffects(ReadOnlyModelViewSet[EffectEstimate]):
    """Estimates of what playbooks have changed, newest first; the worker makes them."""

    request: ApiRequest
    serializer_class = EstimateOut
    filterset_class = EffectFilter
    lookup_value_regex = UUID_PATTERN
    sort_fields = ("created_at",)
    ordering = ("-created_at", "id")
    queryset = EffectEstimate.objects.select_related("playbook")

    @extend_schema(request=EstimateStart, responses={202: EstimateOut})
    def create(self, request: ApiRequest) -> Response:
        """Have the worker estimate the effect of a playbook; one that is under way is the answer."""
        given = EstimateStart(data=request.data)
        given.is_valid(raise_exception=True)
        playbook = get_object_or_404(Playbook, pk=given.validated_data["playbook_id"])
        made = start_estimate(playbook_id=playbook.pk, by=request.actor, at=now())
        out = EstimateOut(made, context=self.get_serializer_context())
        return Response(out.data, status=status.HTTP_202_ACCEPTED)


class WorkFilter(django_filters.FilterSet):
    owner_id = django_filters.UUIDFilter()
    account_id = django_filters.UUIDFilter()
    run_id = django_filters.UUIDFilter()
    due_before = django_filters.DateFilter(field_name="due_on", lookup_expr="lt")
    unowned = django_filters.BooleanFilter(field_name="owner", lookup_expr="isnull")

    class Meta:
        model = Step
        fields = ["due_on"]


class WorkItems(ReadOnlyModelViewSet[Step]):
    """Open steps: the work list. `?owner_id=` narrows it to one person."""

    request: ApiRequest
    serializer_class = WorkItemOut
    filterset_class = WorkFilter
    lookup_value_regex = UUID_PATTERN
    sort_fields = ("due_on",)
    ordering = ("due_on", "id")
    queryset = Step.objects.none()

    def get_queryset(self) -> QuerySet[Step]:
        return queries.open_steps(by=self.request.actor)

    @extend_schema(request=StepCompletion, responses=StepOut)
    @action(detail=True, methods=["post"])
    def complete(self, request: ApiRequest, pk: str) -> Response:
        """Complete or skip a step; `version` is the one you saw."""
        given = StepCompletion(data=request.data)
        given.is_valid(raise_exception=True)
        fields = dict(given.validated_data)
        version = fields.pop("version")
        step = operations.complete_step(
            step_id=UUID(pk), expected_version=version, **fields, by=request.actor, at=now()
        )
        return Response(StepOut(step).data)

    @extend_schema(request=StepDecision, responses=StepOut)
    @action(detail=True, methods=["post"])
    def decide(self, request: ApiRequest, pk: str) -> Response:
        """Say yes or no to a step that asks you."""
        given = StepDecision(data=request.data)
        given.is_valid(raise_exception=True)
        step = operations.decide_step(step_id=UUID(pk), **given.validated_data, by=request.actor, at=now())
        return Response(StepOut(step).data)

    @extend_schema(request=StepDelegation, responses=StepOut)
    @action(detail=True, methods=["post"])
    def delegate(self, request: ApiRequest, pk: str) -> Response:
        """Let somebody else decide in your place."""
        given = StepDelegation(data=request.data)
        given.is_valid(raise_exception=True)
        step = operations.delegate_step(step_id=UUID(pk), **given.validated_data, by=request.actor, at=now())
        return Response(StepOut(step).data)

    @extend_schema(responses=WorkItemOut(many=True))
    @action(detail=False, methods=["get"], filterset_class=None)
    def failed(self, request: ApiRequest) -> Response:
        """Steps that the engine gave up, with their errors."""
        page = self.paginate_queryset(queries.failed_steps(by=request.actor).order_by("due_on", "id"))
        return self.get_paginated_response(WorkItemOut(page, many=True).data)

    @extend_schema(request=StepRepair, responses=StepOut)
    @action(detail=True, methods=["post"])
    def resume(self, request: ApiRequest, pk: str) -> Response:
        """Take up a step that was given up, or leave it out; `version` is the one you saw."""
        given = StepRepair(data=request.data)
        given.is_valid(raise_exception=True)
        fields = dict(given.validated_data)
        version = fields.pop("version")
        step = operations.resume_step(step_id=UUID(pk), expected_version=version, **fields, by=request.actor, at=now())
        return Response(StepOut(step).data)

    @extend_schema(request=None, responses=StepOut)
    @action(detail=True, methods=["post"])
    def reopen(self, request: ApiRequest, pk: str) -> Response:
        """Take a completed step back."""
        return Response(StepOut(operations.reopen_step(step_id=UUID(pk), by=request.actor, at=now())).data)
