from typing import Any, cast

import django_filters
from django.db.models import QuerySet
from django.utils.timezone import now
from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import ReadOnlyModelViewSet

from core.audit import verify_chain
from core.http import ApiRequest
from core.models import Entry, EntryHead
from core.rules import allowed
from users import operations, queries, rules
from users.models import ApiToken, Role, User
from users.operations import Wanted
from users.serializers import (
    ChainOut,
    EntryOut,
    EntryQuery,
    Invitation,
    MeOut,
    NewTokenOut,
    ProfileInput,
    RoleChange,
    RoleInput,
    RoleOut,
    TokenInput,
    TokenOut,
    UserOut,
)


def holds(permission: str) -> type[BasePermission]:
    """The door of a whole resource: 403 for callers without the permission."""

    class Holds(IsAuthenticated):
        message = "Your role does not allow this."

        def has_permission(self, request: Any, view: Any) -> bool:
            return super().has_permission(request, view) and allowed(request.actor, permission)

    return Holds


class Me(APIView):
    """The caller: name, role and what they may do. A token acts with its owner's rights."""

    @extend_schema(responses=MeOut)
    def get(self, request: ApiRequest) -> Response:
        return Response(MeOut(cast(User, request.user)).data)

    @extend_schema(request=ProfileInput, responses=MeOut)
    def patch(self, request: ApiRequest) -> Response:
        """Change one's own name and time zone."""
        given = ProfileInput(data=request.data)
        given.is_valid(raise_exception=True)
        return Response(MeOut(operations.edit_profile(**given.validated_data, by=request.actor)).data)


class UserFilter(django_filters.FilterSet):
    role = django_filters.CharFilter(field_name="role__code")
    state = django_filters.ChoiceFilter(
        choices=[(state, state) for state in ("active", "invited", "deactivated")], method="in_state"
    )

    class Meta:
        model = User
        fields = ["email"]

    def in_state(self, queryset: QuerySet[User], name: str, value: str) -> QuerySet[User]:
        return queryset.in_state(value)  # type: ignore[attr-defined]


class Users(ReadOnlyModelViewSet[User]):
    """People who can log in to this workspace."""

    request: ApiRequest
    serializer_class = UserOut
    filterset_class = UserFilter
    sort_fields = ("name", "created_at")
    queryset = User.objects.none()

    def get_queryset(self) -> QuerySet[User]:
        return queries.people(by=self.request.actor)

    @extend_schema(request=Invitation, responses={201: UserOut})
    @action(detail=False, methods=["post"])
    def invite(self, request: ApiRequest) -> Response:
        """Mail somebody a link with which they choose a password."""
        given = Invitation(data=request.data)
        given.is_valid(raise_exception=True)
        user = operations.invite_person(**given.validated_data, by=request.actor, at=now())
        return Response(UserOut(user).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=None, responses=UserOut)
    @action(detail=True, methods=["post"], url_path="invite-again")
    def invite_again(self, request: ApiRequest, pk: str) -> Response:
        """Mail a new link; the earlier one stops working."""
        user = operations.renew_invitation(user_id=self.get_object().pk, by=request.actor, at=now())
        return Response(UserOut(user).data)

    @extend_schema(request=RoleChange, responses=UserOut)
    @action(detail=True, methods=["post"])
    def role(self, request: ApiRequest, pk: str) -> Response:
        """Give somebody another role. The last admin stays one."""
        given = RoleChange(data=request.data)
        given.is_valid(raise_exception=True)
        user = operations.change_role(user_id=self.get_object().pk, **given.validated_data, by=request.actor)
        return Response(UserOut(user).data)

    @extend_schema(request=None, responses=UserOut)
    @action(detail=True, methods=["post"])
    def deactivate(self, request: ApiRequest, pk: str) -> Response:
        """Shut somebody out at once: sessions, tokens and open invitations stop working."""
        user = operations.deactivate_person(user_id=self.get_object().pk, by=request.actor, at=now())
        return Response(UserOut(user).data)

    @extend_schema(request=None, responses=UserOut)
    @action(detail=True, methods=["post"])
    def reactivate(self, request: ApiRequest, pk: str) -> Response:
        """Let somebody in again, with the password and role they had."""
        return Response(UserOut(operations.reactivate_person(user_id=self.get_object().pk, by=request.actor)).data)


class Roles(ReadOnlyModelViewSet[Role]):
    """Named lists of permissions."""

    request: ApiRequest
    serializer_class = RoleOut
    sort_fields = ("name",)
    queryset = Role.objects.none()

    def get_queryset(self) -> QuerySet[Role]:
        return Role.objects.all()

    @extend_schema(request=RoleInput, responses=RoleOut)
    def partial_update(self, request: ApiRequest, pk: str) -> Response:
        """Say what a role may do, from the next request on; 409 when somebody changed a role since `version`."""
        given = RoleInput(data=request.data)
        given.is_valid(raise_exception=True)
        role, wanted = self.get_object(), given.validated_data
        change = {role.code: Wanted(frozenset(wanted["permissions"]), wanted["sees_all"])}
        operations.edit_roles(wanted=change, seen=wanted["version"], by=request.actor)
        return Response(RoleOut(self.get_object()).data)

    @extend_schema(request=None, responses=RoleOut)
    @action(detail=True, methods=["post"])
    def restore(self, request: ApiRequest, pk: str) -> Response:
        """Give a built-in role the permissions it was delivered with."""
        return Response(RoleOut(operations.restore_role(role_id=self.get_object().pk, by=request.actor)).data)

    @extend_schema(responses={200: inline_serializer("RolesVersion", {"version": serializers.CharField()})})
    @action(detail=False, methods=["get"])
    def version(self, request: ApiRequest) -> Response:
        """What `version` of a change has to name: it moves whenever any role does."""
        return Response({"version": queries.version_of(Role.objects.all())})


class Tokens(ReadOnlyModelViewSet[ApiToken]):
    """API tokens: one's own, everybody's for those who manage people."""

    request: ApiRequest
    serializer_class = TokenOut
    permission_classes = [holds(rules.MANAGE_TOKENS)]
    sort_fields = ("created_at", "name")
    queryset = ApiToken.objects.none()

    def get_queryset(self) -> QuerySet[ApiToken]:
        return queries.tokens(by=self.request.actor)

    @extend_schema(request=TokenInput, responses={201: NewTokenOut})
    def create(self, request: ApiRequest) -> Response:
        """Make a token. Needs a signed-in person; a token cannot make another. The secret is shown here only."""
        given = TokenInput(data=request.data)
        given.is_valid(raise_exception=True)
        hint = request._request.tenant.slug  # type: ignore[attr-defined]
        token, secret = operations.create_token(**given.validated_data, hint=hint, by=request.actor, at=now())
        token.secret = secret  # type: ignore[attr-defined]
        return Response(NewTokenOut(token).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=None, responses=TokenOut)
    @action(detail=True, methods=["post"])
    def revoke(self, request: ApiRequest, pk: str) -> Response:
        """End a token at once."""
        return Response(
            TokenOut(operations.revoke_token(token_id=self.get_object().pk, by=request.actor, at=now())).data
        )


class Entries(ReadOnlyModelViewSet[Entry]):
    """The trail: everything that happened, newest first, with its hash chain."""

    request: ApiRequest
    serializer_class = EntryOut
    permission_classes = [holds(rules.VIEW_TRAIL)]
    ordering = "-seq"
    also_asks = tuple(EntryQuery().fields)
    queryset = Entry.objects.none()

    def get_queryset(self) -> QuerySet[Entry]:
        given = EntryQuery(data=self.request.query_params)
        given.is_valid(raise_exception=True)
        return queries.entries(given.wanted())

    @extend_schema(responses=ChainOut)
    @action(detail=False, methods=["get"])
    def verify(self, request: ApiRequest) -> Response:
        """Compute every hash of the chain again; `breaks` is empty when the trail is whole."""
        return Response(ChainOut({"entries": EntryHead.objects.get().seq, "breaks": verify_chain()}).data)

    @extend_schema(parameters=[EntryQuery, OpenApiParameter("page_size", int)])
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().list(request, *args, **kwargs)
