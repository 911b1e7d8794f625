from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import available_timezones

from django.utils.timezone import get_current_timezone
from rest_framework import serializers

from core.models import Entry
from users.models import ApiToken, Role, User
from users.queries import EntryFilter


class SignupInput(serializers.Serializer[Any]):
    company = serializers.CharField(max_length=120)
    slug = serializers.CharField(max_length=40)
    person = serializers.CharField(max_length=120)
    email = serializers.EmailField(max_length=254)
    password = serializers.CharField(max_length=200, trim_whitespace=False)

    def validate_slug(self, value: str) -> str:
        return value.lower()


class CodeInput(serializers.Serializer[Any]):
    """slug: only when the address asked for has been taken meanwhile."""

    code = serializers.RegexField(r"^\d{6}$", error_messages={"invalid": "The code has six digits."})
    slug = serializers.CharField(max_length=40, required=False, allow_blank=True, default="")

    def to_internal_value(self, data: Any) -> Any:
        code = "".join(c for c in str(data.get("code", "")) if c not in " -\u00a0")
        return super().to_internal_value({"code": code, "slug": str(data.get("slug", "")).lower()})


class EmailInput(serializers.Serializer[Any]):
    email = serializers.EmailField(max_length=254)


class Invitation(serializers.Serializer[Any]):
    """role: the code of a role, see /roles/."""

    email = serializers.EmailField(max_length=254)
    name = serializers.CharField(max_length=120)
    role = serializers.CharField(max_length=50)


class RoleChange(serializers.Serializer[Any]):
    role = serializers.CharField(max_length=50)


class RoleInput(serializers.Serializer[Any]):
    """What a role may do, as a whole. version: from /roles/version/, so that nobody's change is lost."""

    permissions = serializers.ListField(child=serializers.CharField(max_length=80))
    sees_all = serializers.BooleanField()
    version = serializers.CharField(max_length=64)


class JoinInput(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=120)
    password = serializers.CharField(max_length=200, trim_whitespace=False)


class ProfileInput(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=120)
    time_zone = serializers.ChoiceField(choices=sorted(available_timezones()))


class WorkspaceInput(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=120)


class TokenInput(serializers.Serializer[Any]):
    """expires_on: the last day it works (UTC); null or absent means that it never expires."""

    name = serializers.CharField(max_length=80)
    expires_on = serializers.DateField(required=False, allow_null=True, default=None)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """The last day becomes the midnight after it."""
        last: date | None = attrs.pop("expires_on")
        attrs["expires_at"] = datetime.combine(last + timedelta(days=1), time.min, tzinfo=UTC) if last else None
        return attrs


class EntryQuery(serializers.Serializer[Any]):
    """event: a name, or the start of one ending in a dot. since, until: days, both included, in the reader's zone."""

    event = serializers.CharField(max_length=80, required=False, allow_blank=True, default="")
    person = serializers.UUIDField(required=False, allow_null=True, default=None)
    account = serializers.UUIDField(required=False, allow_null=True, default=None)
    since = serializers.DateField(required=False, allow_null=True, default=None)
    until = serializers.DateField(required=False, allow_null=True, default=None)

    def to_internal_value(self, data: Any) -> Any:
        """An empty field of the page's form means that nobody asked."""
        return super().to_internal_value({name: data[name] for name in self.fields if data.get(name)})

    def wanted(self) -> EntryFilter:
        """The filter in the reader's own days. Call after is_valid()."""
        given, zone = self.validated_data, get_current_timezone()
        since = datetime.combine(given["since"], time.min, tzinfo=zone) if given["since"] else None
        until = datetime.combine(given["until"] + timedelta(days=1), time.min, tzinfo=zone) if given["until"] else None
        return EntryFilter(given["event"], given["person"], given["account"], since, until)


class RoleOut(serializers.ModelSerializer[Role]):
    permissions = serializers.SerializerMethodField()

    class Meta:
        model = Role
        fields = ["id", "code", "name", "permissions", "sees_all"]

    def get_permissions(self, role: Role) -> list[str]:
        return sorted(role.granted())


class UserOut(serializers.ModelSerializer[User]):
    role = serializers.CharField(source="role.code")
    state = serializers.CharField(read_only=True)

    class Meta:
        model = User
        fields = ["id", "email", "name", "role", "state", "time_zone", "created_at", "last_seen_at"]


class MeOut(UserOut):
    """The caller, and what they may do here and now."""

    permissions = serializers.SerializerMethodField()
    sees_all = serializers.BooleanField(source="role.sees_all")

    class Meta(UserOut.Meta):
        fields = [*UserOut.Meta.fields, "permissions", "sees_all"]

    def get_permissions(self, user: User) -> list[str]:
        return sorted(user.role.granted())


class TokenOut(serializers.ModelSerializer[ApiToken]):
    """The secret is not among the fields: it is shown once, when the token is made."""

    expires_on = serializers.DateField(source="last_day", read_only=True, allow_null=True)

    class Meta:
        model = ApiToken
        fields = ["id", "user_id", "name", "prefix", "created_at", "expires_on", "revoked_at", "last_used_at"]


class NewTokenOut(TokenOut):
    secret = serializers.CharField(read_only=True)

    class Meta(TokenOut.Meta):
        fields = [*TokenOut.Meta.fields, "secret"]


class EntryOut(serializers.ModelSerializer[Entry]):
    class Meta:
        model = Entry
        fields = ["seq", "event", "account_id", "data", "actor_id", "actor_label", "at", "previous_hash", "hash"]


class BreakOut(serializers.Serializer[Any]):
    seq = serializers.IntegerField()
    reason = serializers.CharField()


class ChainOut(serializers.Serializer[Any]):
    """entries: how many there are; breaks: the first hundred places where the chain does not hold."""

    entries = serializers.IntegerField()
    breaks = BreakOut(many=True)
