import hashlib
from typing import Any
from uuid import UUID

import django_filters
from django.db.models import QuerySet
from django.utils.timezone import now
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response
from rest_framework.viewsets import ReadOnlyModelViewSet

from accounts import columns, custom, operations, queries, rules
from accounts.models import Account, Outcome
from accounts.queries.custom import fields_seen, own_columns
from accounts.serializers import (
    AccountArchive,
    AccountEdit,
    AccountInput,
    AccountOut,
    AccountsImport,
    ImportedOut,
    OutcomeNew,
    OutcomeOut,
)
from core.http import UUID_PATTERN, ApiRequest
from core.rules import require


class AccountFilter(django_filters.FilterSet):
    q = django_filters.CharFilter(method="matching", label="Words of the name, or the number")
    owner_id = django_filters.UUIDFilter()
    archived = django_filters.BooleanFilter(method="in_archive", label="Those in the archive instead of the others")

    class Meta:
        model = Account
        fields = ["tier", "industry", "region", "stage", "sample", "name", "key"]

    def matching(self, queryset: QuerySet[Account], name: str, value: str) -> QuerySet[Account]:
        return queryset.filter(pk__in=queries.accounts_matching(value, by=self.request.actor).values("pk"))

    def in_archive(self, queryset: QuerySet[Account], name: str, value: bool) -> QuerySet[Account]:
        return queryset.filter(archived_at__isnull=not value)

    def filter_queryset(self, queryset: QuerySet[Account]) -> QuerySet[Account]:
        """The archive is left out unless it is asked for."""
        if self.form.cleaned_data.get("archived") is None:
            self.form.cleaned_data["archived"] = False
        return super().filter_queryset(queryset)


class Accounts(ReadOnlyModelViewSet[Account]):
    """Customers of the workspace, as far as the caller sees them."""

    request: ApiRequest
    serializer_class = AccountOut
    filterset_class = AccountFilter
    lookup_value_regex = UUID_PATTERN
    sort_fields = ("name", "created_at")
    queryset = Account.objects.none()

    def get_queryset(self) -> QuerySet[Account]:
        return Account.objects.visible_to(self.request.actor)

    def get_serializer_context(self) -> dict[str, Any]:
        actor = getattr(self.request, "actor", None)  # there is none while the schema is written
        return {**super().get_serializer_context(), "own_fields": fields_seen(by=actor) if actor else []}

    def _out(self, account: Account) -> dict[str, Any]:
        return dict(AccountOut(account, context=self.get_serializer_context()).data)

    def filter_queryset(self, queryset: Any) -> Any:
        """Filters are for the list: an account in the archive keeps its address."""
        return super().filter_queryset(queryset) if self.action == "list" else queryset

    @extend_schema(request=AccountInput, responses={201: AccountOut})
    def create(self, request: ApiRequest) -> Response:
        given = AccountInput(data=request.data)
        given.is_valid(raise_exception=True)
        account = operations.create_account(**flat(given.validated_data), by=request.actor, source="api")
        return Response(self._out(account), status=status.HTTP_201_CREATED)

    @extend_schema(request=AccountEdit, responses=AccountOut)
    def partial_update(self, request: ApiRequest, pk: str) -> Response:
        found = self.get_object()
        given = AccountEdit(data=request.data, context={"owner_id": found.owner_id})
        given.is_valid(raise_exception=True)
        changes = flat(given.validated_data)
        account = operations.edit_account(
            account_id=found.pk, expected_version=changes.pop("version"), changes=changes, by=request.actor
        )
        return Response(self._out(account))

    @extend_schema(request=AccountArchive, responses=AccountOut)
    @action(detail=True, methods=["post"])
    def archive(self, request: ApiRequest, pk: str) -> Response:
        given = AccountArchive(data=request.data)
        given.is_valid(raise_exception=True)
        account = operations.archive_account(
            account_id=self.get_object().pk, by=request.actor, at=now(), **given.validated_data
        )
        return Response(self._out(account))

    @extend_schema(request=AccountsImport, responses=ImportedOut)
    @action(detail=False, methods=["post"], url_path="import")
    def bring(self, request: ApiRequest) -> Response:
        """Bring a whole table of accounts; known ones are updated, not doubled."""
        require(request.actor, rules.IMPORT)
        given = AccountsImport(data=request.data)
        given.is_valid(raise_exception=True)
        text, wanted = given.validated_data["text"], given.validated_data["columns"]
        sheet = _sheet(text, wanted, own_columns(by=request.actor))
        if given.validated_data["dry_run"]:
            result = operations.check_import(rows=sheet.rows, by=request.actor, at=now())
        else:
            sha256 = hashlib.sha256(text.encode()).hexdigest()
            result = operations.import_accounts(rows=sheet.rows, sha256=sha256, by=request.actor, at=now())
        refused = sorted([*sheet.problems, *result.refused])
        return Response(
            ImportedOut(
                {
                    "created": result.created,
                    "updated": result.updated,
                    "unchanged": result.unchanged,
                    "refused": refused,
                    "outcomes": result.outcomes,
                }
            ).data
        )


def flat(given: dict[str, Any]) -> dict[str, Any]:
    """`custom` as operations take it: custom.<code> -> value."""
    plain = {name: value for name, value in given.items() if name != "custom"}
    return plain | {f"{custom.PREFIX}{code}": value for code, value in given.get("custom", {}).items()}


class OutcomeFilter(django_filters.FilterSet):
    account_id = django_filters.UUIDFilter()
    since = django_filters.DateFilter(field_name="on", lookup_expr="gte")
    until = django_filters.DateFilter(field_name="on", lookup_expr="lte")
    withdrawn = django_filters.BooleanFilter(
        field_name="withdrawn_at", lookup_expr="isnull", exclude=True, label="Those taken back, or those that count"
    )

    class Meta:
        model = Outcome
        fields = ["kind"]


class Outcomes(ReadOnlyModelViewSet[Outcome]):
    """What really happened to customers: churned, renewed, contracted, expanded. Back-tests are held against it."""

    request: ApiRequest
    serializer_class = OutcomeOut
    filterset_class = OutcomeFilter
    lookup_value_regex = UUID_PATTERN
    sort_fields = ("on", "recorded_at")
    queryset = Outcome.objects.none()

    def get_queryset(self) -> QuerySet[Outcome]:
        return Outcome.objects.visible_to(self.request.actor)

    @extend_schema(request=OutcomeNew, responses={201: OutcomeOut})
    def create(self, request: ApiRequest) -> Response:
        """Record what happened to an account on a day that has come."""
        given = OutcomeNew(data=request.data)
        given.is_valid(raise_exception=True)
        made = operations.record_outcome(**given.validated_data, by=request.actor, at=now())
        return Response(OutcomeOut(made).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=None, responses=OutcomeOut)
    @action(detail=True, methods=["post"])
    def withdraw(self, request: ApiRequest, pk: str) -> Response:
        """Take back an outcome that was recorded in error; it stays on the trail."""
        taken = operations.withdraw_outcome(outcome_id=UUID(pk), by=request.actor, at=now())
        return Response(OutcomeOut(taken).data)


def _sheet(text: str, wanted: dict[str, str], own: list[columns.OwnColumn]) -> columns.Sheet:
    """wanted: title of the column -> field ('' leaves it out)."""
    unknown = set(wanted.values()) - {"", *columns.FIELDS, *(one.field for one in own)}
    if unknown:
        raise ValidationError({"columns": [f"No such field: {', '.join(sorted(unknown))}."]})
    try:
        first = next(columns.lines_of(text), (0, []))[1]
        chosen = {at: wanted[str(title).strip()] for at, title in enumerate(first) if str(title).strip() in wanted}
        return columns.read(columns.lines_of(text), chosen, own)
    except columns.NotASheet as refusal:
        raise ValidationError({"text": [str(refusal)]}) from refusal
