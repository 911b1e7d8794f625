"""Tasks, their templates, comments and notices."""

from typing import Any
from uuid import UUID

import django_filters
from django.db.models import QuerySet
from django.utils.timezone import now
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.response import Response
from rest_framework.viewsets import ReadOnlyModelViewSet

from accounts.models import Comment, DayOff, Notice, Task, TaskTemplate
from accounts.operations import comments, notices, task_templates, tasks
from accounts.operations.settling import settle_tasks
from accounts.queries.comments import comments_seen
from accounts.queries.tasks import notices_of
from accounts.serializers import work as shapes
from core.http import UUID_PATTERN, ApiRequest


def _given(shape: Any, request: ApiRequest) -> dict[str, Any]:
    given = shape(data=request.data)
    given.is_valid(raise_exception=True)
    return dict(given.validated_data)


class TaskFilter(django_filters.FilterSet):
    account_id = django_filters.UUIDFilter()
    assignee_id = django_filters.UUIDFilter()
    due_before = django_filters.DateFilter(field_name="due_on", lookup_expr="lt")
    open = django_filters.BooleanFilter(field_name="done_at", lookup_expr="isnull")

    class Meta:
        model = Task
        fields = ["priority", "private"]


class Tasks(ReadOnlyModelViewSet[Task]):
    """Tasks as far as the caller sees them; a private one only by who made it and who has it."""

    request: ApiRequest
    serializer_class = shapes.TaskOut
    filterset_class = TaskFilter
    lookup_value_regex = UUID_PATTERN
    sort_fields = ("created_at",)
    queryset = Task.objects.none()

    def get_queryset(self) -> QuerySet[Task]:
        return Task.objects.visible_to(self.request.actor)

    @extend_schema(request=shapes.TaskNew, responses={201: shapes.TaskOut})
    def create(self, request: ApiRequest) -> Response:
        made = tasks.create_task(**_given(shapes.TaskNew, request), by=request.actor, at=now())
        return Response(shapes.TaskOut(made).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=shapes.TaskEdit, responses=shapes.TaskOut)
    def partial_update(self, request: ApiRequest, pk: str) -> Response:
        self.get_object()
        changes = _given(shapes.TaskEdit, request)
        version = changes.pop("version")
        saved = tasks.edit_task(task_id=UUID(pk), expected_version=version, changes=changes, by=request.actor, at=now())
        return Response(shapes.TaskOut(saved).data)

    @extend_schema(request=shapes.TaskSettle, responses=OpenApiTypes.OBJECT)
    @action(detail=False, methods=["post"])
    def settle(self, request: ApiRequest) -> Response:
        """Say what becomes of the open tasks of an account, a contract or a renewal."""
        given = _given(shapes.TaskSettle, request)
        choices = {task: how for how in ("done", "drop", "move") for task in given.get(how, [])}
        counts = settle_tasks(
            kind=given["kind"], parent_id=given["id"], choices=choices, account_id=given.get("account_id"),
            by=request.actor, at=now(),
        )  # fmt: skip
        return Response(counts)

    @extend_schema(request=shapes.TaskClose, responses=shapes.TaskOut)
    @action(detail=True, methods=["post"])
    def close(self, request: ApiRequest, pk: str) -> Response:
        given = _given(shapes.TaskClose, request)
        return Response(shapes.TaskOut(tasks.close_task(task_id=UUID(pk), by=request.actor, at=now(), **given)).data)

    @extend_schema(request=None, responses=shapes.TaskOut)
    @action(detail=True, methods=["post"])
    def reopen(self, request: ApiRequest, pk: str) -> Response:
        return Response(shapes.TaskOut(tasks.reopen_task(task_id=UUID(pk), by=request.actor, at=now())).data)

    @extend_schema(request=shapes.TaskSnooze, responses=shapes.TaskOut)
    @action(detail=True, methods=["post"])
    def snooze(self, request: ApiRequest, pk: str) -> Response:
        """Put it away until a day, with the reason."""
        given = _given(shapes.TaskSnooze, request)
        return Response(shapes.TaskOut(tasks.snooze_task(task_id=UUID(pk), by=request.actor, at=now(), **given)).data)


class TaskTemplates(ReadOnlyModelViewSet[TaskTemplate]):
    """Lists of tasks that begin on a day."""

    request: ApiRequest
    serializer_class = shapes.TemplateOut
    lookup_value_regex = UUID_PATTERN
    sort_fields = ("name",)
    queryset = TaskTemplate.objects.none()

    def get_queryset(self) -> QuerySet[TaskTemplate]:
        return TaskTemplate.objects.all()

    @extend_schema(request=shapes.TemplateInput, responses={201: shapes.TemplateOut})
    def create(self, request: ApiRequest) -> Response:
        given = _given(shapes.TemplateInput, request)
        made = task_templates.save_template(name=given["name"], items=given["items"], by=request.actor)
        return Response(shapes.TemplateOut(made).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=shapes.TemplateInput, responses=shapes.TemplateOut)
    def update(self, request: ApiRequest, pk: str) -> Response:
        """Replace name and tasks; `version` is the one it was read with."""
        given = _given(shapes.TemplateInput, request)
        saved = task_templates.save_template(
            name=given["name"], items=given["items"], template_id=self.get_object().pk,
            expected_version=given.get("version"), by=request.actor,
        )  # fmt: skip
        return Response(shapes.TemplateOut(saved).data)

    @extend_schema(request=shapes.Restore, responses=shapes.TemplateOut)
    @action(detail=True, methods=["post"])
    def archive(self, request: ApiRequest, pk: str) -> Response:
        given = _given(shapes.Restore, request)
        found = task_templates.archive_template(template_id=UUID(pk), by=request.actor, at=now(), **given)
        return Response(shapes.TemplateOut(found).data)

    @extend_schema(request=shapes.TemplateApply, responses={201: shapes.TaskOut(many=True)})
    @action(detail=True, methods=["post"])
    def apply(self, request: ApiRequest, pk: str) -> Response:
        """Make its tasks at an account."""
        given = _given(shapes.TemplateApply, request)
        made = task_templates.apply_template(template_id=UUID(pk), by=request.actor, at=now(), **given)
        return Response(shapes.TaskOut(made, many=True).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=shapes.TemplateApply, responses=shapes.TemplateDay(many=True))
    @action(detail=True, methods=["post"])
    def preview(self, request: ApiRequest, pk: str) -> Response:
        """On which days its tasks would fall."""
        given, found = _given(shapes.TemplateApply, request), self.get_object()
        days = task_templates.planned_days(found, given["starts_on"])
        rows = [{"title": item["title"], "due_on": day} for item, day in zip(found.items, days, strict=True)]
        return Response(shapes.TemplateDay(rows, many=True).data)


class DaysOff(ReadOnlyModelViewSet[DayOff]):
    """Days on which nobody works; templates that skip weekends skip them."""

    request: ApiRequest
    serializer_class = shapes.DayOffOut
    lookup_value_regex = UUID_PATTERN
    ordering = ("on", "id")
    queryset = DayOff.objects.none()

    def get_queryset(self) -> QuerySet[DayOff]:
        return DayOff.objects.all()

    @extend_schema(request=shapes.DayOffInput, responses={204: None})
    def create(self, request: ApiRequest) -> Response:
        """Add a day, or take one back with `remove`."""
        task_templates.keep_day_off(**_given(shapes.DayOffInput, request), by=request.actor)
        return Response(status=status.HTTP_204_NO_CONTENT)


class CommentFilter(django_filters.FilterSet):
    subject_id = django_filters.UUIDFilter()

    class Meta:
        model = Comment
        fields = ["subject_kind"]


class Comments(ReadOnlyModelViewSet[Comment]):
    """Comments at records that the caller sees."""

    request: ApiRequest
    serializer_class = shapes.CommentOut
    filterset_class = CommentFilter
    lookup_value_regex = UUID_PATTERN
    sort_fields = ("created_at",)
    queryset = Comment.objects.none()

    def get_queryset(self) -> QuerySet[Comment]:
        return comments_seen(by=self.request.actor)

    @extend_schema(request=shapes.CommentNew, responses={201: shapes.CommentOut})
    def create(self, request: ApiRequest) -> Response:
        """Write one; who is named as @Name is told."""
        made = comments.write_comment(**_given(shapes.CommentNew, request), by=request.actor, at=now())
        return Response(shapes.CommentOut(made).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=shapes.CommentText, responses=shapes.CommentOut)
    def partial_update(self, request: ApiRequest, pk: str) -> Response:
        given = _given(shapes.CommentText, request)
        saved = comments.edit_comment(comment_id=self.get_object().pk, by=request.actor, at=now(), **given)
        return Response(shapes.CommentOut(saved).data)

    @extend_schema(request=shapes.Restore, responses=shapes.CommentOut)
    @action(detail=True, methods=["post"])
    def remove(self, request: ApiRequest, pk: str) -> Response:
        given = _given(shapes.Restore, request)
        found = comments.remove_comment(comment_id=UUID(pk), by=request.actor, at=now(), **given)
        return Response(shapes.CommentOut(found).data)


class Notices(ReadOnlyModelViewSet[Notice]):
    """What the caller was told."""

    request: ApiRequest
    serializer_class = shapes.NoticeOut
    lookup_value_regex = UUID_PATTERN
    ordering = ("-created_at", "id")
    queryset = Notice.objects.none()

    def get_queryset(self) -> QuerySet[Notice]:
        return notices_of(by=self.request.actor)

    @extend_schema(request=shapes.NoticeRead, responses=shapes.NoticeOut)
    @action(detail=True, methods=["post"])
    def read(self, request: ApiRequest, pk: str) -> Response:
        found, given = self.get_object(), _given(shapes.NoticeRead, request)
        notices.read_notices(notice_id=found.pk, by=request.actor, at=now(), **given)
        found.refresh_from_db()
        return Response(shapes.NoticeOut(found).data)

    @extend_schema(request=shapes.TaskSnooze, responses=shapes.NoticeOut)
    @action(detail=True, methods=["post"])
    def snooze(self, request: ApiRequest, pk: str) -> Response:
        """Put it away until a day, with the reason; null wakes it."""
        found, given = self.get_object(), _given(shapes.TaskSnooze, request)
        saved = notices.snooze_notice(notice_id=found.pk, **given, by=request.actor, at=now())
        return Response(shapes.NoticeOut(saved).data)
