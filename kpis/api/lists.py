from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils.timezone import now
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response
from rest_framework.viewsets import ReadOnlyModelViewSet

from accounts.models import Account, BulkChange, SavedView
from accounts.operations import bulk
from accounts.operations.pasting import PastedRow, paste_cells
from accounts.operations.views import change_view, remove_view, save_view
from accounts.queries.bulk import labels_of, rows_of
from accounts.queries.typed import Reader
from core.errors import DomainError
from core.http import UUID_PATTERN, ApiRequest
from kpis.queries.portfolio import BookFilter, book
from kpis.serializers.lists import (
    BulkCellsIn,
    BulkChangeIn,
    BulkChangeOut,
    BulkLookOut,
    BulkRowOut,
    SavedViewEdit,
    SavedViewIn,
    SavedViewOut,
)

STATES = ("changed", "same", "failed", "undone")


class SavedViews(ReadOnlyModelViewSet[SavedView]):
    """Ways to look at the list of accounts: one's own and the shared ones. Only the owner changes one."""

    request: ApiRequest
    serializer_class = SavedViewOut
    filterset_fields = ["shared", "name"]
    lookup_value_regex = UUID_PATTERN
    sort_fields = ("name",)
    queryset = SavedView.objects.none()

    def get_queryset(self) -> QuerySet[SavedView]:
        found: QuerySet[SavedView] = SavedView.objects.visible_to(self.request.actor).exclude(name="")
        return found.filter(removed_at=None)

    @extend_schema(request=SavedViewIn, responses={201: SavedViewOut})
    def create(self, request: ApiRequest) -> Response:
        given = SavedViewIn(data=request.data)
        given.is_valid(raise_exception=True)
        made = save_view(**{"filters": {}, **given.validated_data}, by=request.actor)
        return Response(SavedViewOut(made).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=SavedViewEdit, responses=SavedViewOut)
    def update(self, request: ApiRequest, pk: str) -> Response:
        given = SavedViewEdit(data=request.data)
        given.is_valid(raise_exception=True)
        wanted: dict[str, Any] = {"filters": {}, **given.validated_data}
        version = wanted.pop("version")
        made = change_view(view_id=UUID(pk), expected_version=version, **wanted, by=request.actor)
        return Response(SavedViewOut(made).data)

    @extend_schema(responses={204: None})
    def destroy(self, request: ApiRequest, pk: str) -> Response:
        remove_view(view_id=UUID(pk), by=request.actor, at=now())
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request=None, responses=SavedViewOut)
    @action(detail=True, methods=["post"])
    def restore(self, request: ApiRequest, pk: str) -> Response:
        """Bring back a view that was removed."""
        return Response(SavedViewOut(remove_view(view_id=UUID(pk), by=request.actor, at=now(), restore=True)).data)


class BulkChanges(ReadOnlyModelViewSet[BulkChange]):
    """Changes of many accounts at once; the job of one says how far it is."""

    request: ApiRequest
    serializer_class = BulkChangeOut
    filterset_fields = ["created_by_id"]
    lookup_value_regex = UUID_PATTERN
    sort_fields = ("created_at",)
    ordering = ("-created_at", "id")
    queryset = BulkChange.objects.none()

    def get_queryset(self) -> QuerySet[BulkChange]:
        by = self.request.actor
        found: QuerySet[BulkChange] = BulkChange.objects.all()
        return found if by.sees_all else found.filter(created_by_id=by.user_id)

    def get_serializer_context(self) -> dict[str, Any]:
        actor = getattr(self.request, "actor", None)  # there is none while the schema is written
        of_reader = {"own": labels_of(by=actor), "by_id": actor.user_id} if actor else {}
        return {**super().get_serializer_context(), **of_reader}

    def _out(self, change: BulkChange, code: int = status.HTTP_200_OK) -> Response:
        return Response(BulkChangeOut(change, context=self.get_serializer_context()).data, status=code)

    @extend_schema(request=BulkChangeIn, responses={200: BulkLookOut, 201: BulkChangeOut})
    def create(self, request: ApiRequest) -> Response:
        """Start it, or with dry_run only say what it would do."""
        given = BulkChangeIn(data=request.data)
        given.is_valid(raise_exception=True)
        wanted, at = given.validated_data, now()
        if wanted.get("where"):
            accounts = book(BookFilter(where=wanted["where"]), by=request.actor, today=at.date())
        else:
            accounts = Account.objects.visible_to(request.actor).active().filter(pk__in=wanted["account_ids"])
        if wanted["dry_run"]:
            return Response(BulkLookOut(bulk.look(accounts=accounts, changes=wanted["changes"], by=request.actor)).data)
        made = bulk.start_bulk_change(
            accounts=accounts, changes=wanted["changes"], where=wanted.get("where", ""), by=request.actor, at=at
        )
        return self._out(made, status.HTTP_201_CREATED)

    @extend_schema(request=BulkCellsIn, responses={201: BulkChangeOut})
    @action(detail=False, methods=["post"])
    def cells(self, request: ApiRequest) -> Response:
        """Change accounts each in its own fields, as one change that is taken back as one.

        A row whose account was changed since `version` is left alone and says so among the rows.
        """
        given = BulkCellsIn(data=request.data)
        given.is_valid(raise_exception=True)
        reader, rows, wrong = Reader(request.actor), [], {}
        for at, row in enumerate(given.validated_data["rows"]):
            changes: dict[str, Any] = {}
            for code, text in row["changes"].items():
                try:
                    name, value = reader.read(code, text)
                    changes[name] = value
                except DomainError as refusal:
                    wrong[f"rows.{at}.{code}"] = [str(refusal)]
            rows.append(PastedRow(row["account_id"], row["version"], changes))
        if wrong:
            raise ValidationError(wrong)
        made = paste_cells(rows=rows, by=request.actor, at=now())
        return self._out(made, status.HTTP_201_CREATED)

    @extend_schema(responses=BulkRowOut(many=True), parameters=[OpenApiParameter("state", enum=STATES)], filters=False)
    @action(detail=True, filterset_fields=None)
    def rows(self, request: ApiRequest, pk: str) -> Response:
        """What it did to each account."""
        change = get_object_or_404(self.get_queryset(), pk=pk)
        self.ordering = ("id", "change_id")
        state = request.query_params.get("state", "")
        rows: Any = rows_of(change, by=request.actor, state=state if state in STATES else "")
        page: Any = self.paginate_queryset(rows)
        context = self.get_serializer_context()
        return self.get_paginated_response(BulkRowOut(page, many=True, context=context).data)

    @extend_schema(request=None, responses=BulkChangeOut)
    @action(detail=True, methods=["post"])
    def undo(self, request: ApiRequest, pk: str) -> Response:
        """Take it back as one; what somebody changed since stays and is listed."""
        change = get_object_or_404(self.get_queryset(), pk=pk)
        return self._out(bulk.undo_bulk_change(change_id=change.pk, by=request.actor, at=now()))
