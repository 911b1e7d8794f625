from typing import Any

from rest_framework import serializers

from accounts.models import Account
from core.money import CURRENCIES
from users.models import User


class AccountInput(serializers.Serializer[Any]):
    """What a person or a script may say about an account; the page and the API share it."""

    name = serializers.CharField(max_length=200)
    key = serializers.CharField(max_length=80, required=False, allow_blank=True, allow_null=True)
    owner_id = serializers.UUIDField(required=False, allow_null=True)
    tier = serializers.CharField(max_length=40, required=False, allow_blank=True)
    industry = serializers.CharField(max_length=80, required=False, allow_blank=True)
    region = serializers.CharField(max_length=80, required=False, allow_blank=True)
    stage = serializers.ChoiceField(choices=Account.Stage.choices, required=False, allow_blank=True)
    arr = serializers.DecimalField(max_digits=14, decimal_places=2, min_value=0, required=False, allow_null=True)
    currency = serializers.ChoiceField(choices=[(c, c) for c in CURRENCIES], required=False)
    renewal_on = serializers.DateField(required=False, allow_null=True)
    customer_since = serializers.DateField(required=False, allow_null=True)

    def validate_owner_id(self, value: Any) -> Any:
        if value is not None and not User.objects.filter(pk=value, is_active=True).exists():
            raise serializers.ValidationError("This person is not here any more.")
        return value


class AccountEdit(AccountInput):
    """An edit names the version it was made on; two editors notice each other."""

    name = serializers.CharField(max_length=200, required=False)
    version = serializers.IntegerField(min_value=1)


class AccountOut(serializers.ModelSerializer[Account]):
    class Meta:
        model = Account
        fields = [
            "id", "name", "key", "owner_id", "tier", "industry", "region", "stage", "arr", "currency",
            "renewal_on", "customer_since", "sample", "version", "created_at", "archived_at",
        ]  # fmt: skip
        read_only_fields = fields


class AccountArchive(serializers.Serializer[Any]):
    restore = serializers.BooleanField(default=False)
