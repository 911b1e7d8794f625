from typing import Any
from uuid import UUID

import django_filters
from django.db.models import QuerySet
from django.utils.timezone import now
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.response import Response
from rest_framework.viewsets import ReadOnlyModelViewSet, ViewSet

from accounts.api.accounts import flat
from accounts.custom import CONTACT
from accounts.models import Account, Contact, ContactRole
from accounts.operations import people, roles
from accounts.queries.custom import fields_seen
from accounts.queries.people import Wanted
from accounts.queries.people import people as people_seen
from accounts.queries.stakeholders import stakeholder_map
from accounts.serializers.people import (
    ContactArchive,
    ContactEdit,
    ContactNew,
    ContactOut,
    ContactRoleOut,
    Leave,
    MapOut,
    Move,
    RoleEdit,
    RoleEnd,
    RoleNew,
)
from core.http import UUID_PATTERN, ApiRequest


class ContactFilter(django_filters.FilterSet):
    q = django_filters.CharFilter(method="matching", label="Words of the name or the e-mail")
    role = django_filters.ChoiceFilter(choices=ContactRole.Role.choices, method="holding", label="A role held now")
    account_id = django_filters.UUIDFilter(method="at", label="Where they have a role now")
    archived = django_filters.BooleanFilter(method="in_archive", label="Those in the archive instead of the others")

    class Meta:
        model = Contact
        fields = ["email"]

    def _narrowed(self, queryset: QuerySet[Contact], **wanted: Any) -> QuerySet[Contact]:
        return queryset.filter(pk__in=people_seen(Wanted(**wanted), by=self.request.actor).values("pk"))

    def matching(self, queryset: QuerySet[Contact], name: str, value: str) -> QuerySet[Contact]:
        archived = "archived" if self.form.cleaned_data.get("archived") else "all"
        return self._narrowed(queryset, q=value, state=archived)

    def holding(self, queryset: QuerySet[Contact], name: str, value: str) -> QuerySet[Contact]:
        return self._narrowed(queryset, role=value, account_id=self.form.cleaned_data.get("account_id"))

    def at(self, queryset: QuerySet[Contact], name: str, value: UUID) -> QuerySet[Contact]:
        return self._narrowed(queryset, account_id=value)

    def in_archive(self, queryset: QuerySet[Contact], name: str, value: bool) -> QuerySet[Contact]:
        return queryset.filter(archived_at__isnull=not value)

    def filter_queryset(self, queryset: QuerySet[Contact]) -> QuerySet[Contact]:
        """The archive is left out unless it is asked for."""
        if self.form.cleaned_data.get("archived") is None:
            self.form.cleaned_data["archived"] = False
        return super().filter_queryset(queryset)


class Contacts(ReadOnlyModelViewSet[Contact]):
    """People at customers, as far as the caller sees an account where they are or were."""

    request: ApiRequest
    serializer_class = ContactOut
    filterset_class = ContactFilter
    lookup_value_regex = UUID_PATTERN
    sort_fields = ("name", "created_at")
    queryset = Contact.objects.none()

    def get_queryset(self) -> QuerySet[Contact]:
        return Contact.objects.visible_to(self.request.actor)

    def filter_queryset(self, queryset: Any) -> Any:
        """Filters are for the list: somebody in the archive keeps their address."""
        return super().filter_queryset(queryset) if self.action == "list" else queryset

    def get_serializer_context(self) -> dict[str, Any]:
        actor = getattr(self.request, "actor", None)  # there is none while the schema is written
        own = fields_seen(by=actor, record=CONTACT) if actor else []
        return {**super().get_serializer_context(), "own_fields": own}

    def _out(self, contact: Contact) -> dict[str, Any]:
        return dict(ContactOut(contact, context=self.get_serializer_context()).data)

    @extend_schema(request=ContactNew, responses={201: ContactOut})
    def create(self, request: ApiRequest) -> Response:
        given = ContactNew(data=request.data)
        given.is_valid(raise_exception=True)
        fields = flat(given.validated_data)
        made = people.create_contact(role=fields.pop("at", None), **fields, by=request.actor, at=now(), source="api")
        return Response(self._out(made), status=status.HTTP_201_CREATED)

    @extend_schema(request=ContactEdit, responses=ContactOut)
    def partial_update(self, request: ApiRequest, pk: str) -> Response:
        given = ContactEdit(data=request.data)
        given.is_valid(raise_exception=True)
        changes = flat(given.validated_data)
        version = changes.pop("version")
        saved = people.edit_contact(contact_id=UUID(pk), expected_version=version, changes=changes, by=request.actor)
        return Response(self._out(saved))

    @extend_schema(request=ContactArchive, responses=ContactOut)
    @action(detail=True, methods=["post"])
    def archive(self, request: ApiRequest, pk: str) -> Response:
        given = ContactArchive(data=request.data)
        given.is_valid(raise_exception=True)
        saved = people.archive_contact(contact_id=UUID(pk), **given.validated_data, by=request.actor, at=now())
        return Response(self._out(saved))

    @extend_schema(request=Move, responses={201: ContactRoleOut})
    @action(detail=True, methods=["post"])
    def move(self, request: ApiRequest, pk: str) -> Response:
        """To another company: the roles at the old account end, one at the new account opens; both stay on record."""
        given = Move(data=request.data)
        given.is_valid(raise_exception=True)
        made = roles.move_contact(contact_id=UUID(pk), **given.validated_data, by=request.actor, at=now())
        return Response(ContactRoleOut(made).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=Leave, responses=ContactRoleOut(many=True))
    @action(detail=True, methods=["post"], filterset_class=None, pagination_class=None)
    def leave(self, request: ApiRequest, pk: str) -> Response:
        """They are at the account no more: every role there ends."""
        given = Leave(data=request.data)
        given.is_valid(raise_exception=True)
        ended = roles.leave_account(contact_id=UUID(pk), **given.validated_data, by=request.actor, at=now())
        return Response(ContactRoleOut(ended, many=True).data)


class RoleFilter(django_filters.FilterSet):
    contact_id = django_filters.UUIDFilter()
    account_id = django_filters.UUIDFilter()
    open = django_filters.BooleanFilter(field_name="ends_on", lookup_expr="isnull", label="Those that hold now")

    class Meta:
        model = ContactRole
        fields = ["role"]


class ContactRoles(ReadOnlyModelViewSet[ContactRole]):
    """What people are and were at accounts, from a day to a day."""

    request: ApiRequest
    serializer_class = ContactRoleOut
    filterset_class = RoleFilter
    lookup_value_regex = UUID_PATTERN
    sort_fields = ("starts_on",)
    queryset = ContactRole.objects.none()

    def get_queryset(self) -> QuerySet[ContactRole]:
        return ContactRole.objects.visible_to(self.request.actor)

    @extend_schema(request=RoleNew, responses={201: ContactRoleOut})
    def create(self, request: ApiRequest) -> Response:
        given = RoleNew(data=request.data)
        given.is_valid(raise_exception=True)
        made = roles.open_role(**given.validated_data, by=request.actor, at=now())
        return Response(ContactRoleOut(made).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=RoleEdit, responses=ContactRoleOut)
    def partial_update(self, request: ApiRequest, pk: str) -> Response:
        """Influence, stance and whom they report to; for all of their open roles at the account."""
        given = RoleEdit(data=request.data)
        given.is_valid(raise_exception=True)
        changes = dict(given.validated_data)
        version = changes.pop("version")
        saved = roles.change_standing(role_id=UUID(pk), expected_version=version, changes=changes, by=request.actor)
        return Response(ContactRoleOut(saved).data)

    @extend_schema(request=RoleEnd, responses=ContactRoleOut)
    @action(detail=True, methods=["post"])
    def end(self, request: ApiRequest, pk: str) -> Response:
        given = RoleEnd(data=request.data)
        given.is_valid(raise_exception=True)
        ended = roles.end_role(role_id=UUID(pk), **given.validated_data, by=request.actor, at=now())
        return Response(ContactRoleOut(ended).data)


class AccountPeople(ViewSet):
    """The stakeholder map of an account."""

    request: ApiRequest

    @extend_schema(responses=MapOut, operation_id="accounts_people")
    def list(self, request: ApiRequest, account_id: str) -> Response:
        account = Account.objects.visible_to(request.actor).get(pk=UUID(account_id))
        return Response(MapOut(stakeholder_map(account.pk, at=now())).data)
