from typing import Any

from rest_framework import serializers

from accounts.models import Account, Outcome
from accounts.queries.custom import own_dict
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
    parent_id = serializers.UUIDField(required=False, allow_null=True, help_text="The account above this one")
    roll_up_method = serializers.ChoiceField(
        choices=Account.RollUp.choices,
        required=False,
        help_text="How the health of the accounts below becomes one figure",
    )

    custom = serializers.DictField(
        required=False, child=serializers.JSONField(allow_null=True), help_text="Your own fields: code -> value"
    )

    def validate_owner_id(self, value: Any) -> Any:
        """Somebody who can log in, or whoever has the account already (`context["owner_id"]`)."""
        if value is None or value == self.context.get("owner_id"):
            return value
        if not User.objects.filter(pk=value, is_active=True).exists():
            raise serializers.ValidationError("This person is not here any more.")
        return value


class AccountEdit(AccountInput):
    """An edit names the version it was made on; two editors notice each other."""

    name = serializers.CharField(max_length=200, required=False)
    version = serializers.IntegerField(min_value=1)


class AccountOut(serializers.ModelSerializer[Account]):
    """`context["own_fields"]`: the tenant's own fields that the reader may see."""

    custom = serializers.SerializerMethodField()

    class Meta:
        model = Account
        fields = [
            "id", "name", "key", "owner_id", "tier", "industry", "region", "stage", "arr", "currency",
            "renewal_on", "customer_since", "parent_id", "roll_up_method", "custom", "sample", "version", "created_at",
            "archived_at",
        ]  # fmt: skip
        read_only_fields = fields

    def get_custom(self, account: Account) -> dict[str, Any]:
        return own_dict(account, self.context.get("own_fields", ()))


class AccountArchive(serializers.Serializer[Any]):
    restore = serializers.BooleanField(default=False)


class OutcomeInput(serializers.Serializer[Any]):
    """What happened to an account; the page and the API share it."""

    kind = serializers.ChoiceField(choices=Outcome.Kind.choices)
    on = serializers.DateField()
    amount = serializers.DecimalField(max_digits=14, decimal_places=2, min_value=0, required=False, allow_null=True)
    reason = serializers.CharField(max_length=200, required=False, allow_blank=True)
    set_stage = serializers.BooleanField(
        default=False, help_text="With “churned”: also move the account to the stage churned."
    )


class OutcomeNew(OutcomeInput):
    account_id = serializers.UUIDField()


class OutcomeOut(serializers.ModelSerializer[Outcome]):
    class Meta:
        model = Outcome
        fields = [
            "id", "account_id", "kind", "on", "amount", "reason", "recorded_at", "recorded_by", "withdrawn_at",
            "withdrawn_by",
        ]  # fmt: skip
        read_only_fields = fields


class AccountsImport(serializers.Serializer[Any]):
    """A table as text (CSV or tab-separated) whose first row names the columns; `columns` overrules the titles."""

    text = serializers.CharField(max_length=8_000_000, trim_whitespace=False)
    columns = serializers.DictField(child=serializers.CharField(allow_blank=True), required=False, default=dict)
    dry_run = serializers.BooleanField(default=False)


class ImportedOut(serializers.Serializer[Any]):
    """What a file did, or with `dry_run` would do; `refused`: [line, reason]."""

    created = serializers.IntegerField()
    updated = serializers.IntegerField()
    unchanged = serializers.IntegerField()
    refused = serializers.ListField(child=serializers.ListField())
    outcomes = serializers.IntegerField(help_text="New outcomes, from the columns Churned on and Renewed on")
