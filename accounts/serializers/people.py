from typing import Any

from rest_framework import serializers

from accounts.models import Contact, ContactRole
from accounts.queries.custom import own_dict
from accounts.queries.people import INFLUENCE, STANCE

STANCES = [(value, words) for value, words in STANCE.items() if value is not None]


class ContactInput(serializers.Serializer[Any]):
    """What a person or a script may say about somebody at a customer; the page and the API share it."""

    name = serializers.CharField(max_length=160)
    email = serializers.EmailField(required=False, allow_blank=True)
    phone = serializers.CharField(max_length=40, required=False, allow_blank=True)
    title = serializers.CharField(max_length=120, required=False, allow_blank=True)
    note = serializers.CharField(max_length=10_000, required=False, allow_blank=True)
    custom = serializers.DictField(
        required=False, child=serializers.JSONField(allow_null=True), help_text="Your own fields: code -> value"
    )


class Standing(serializers.Serializer[Any]):
    """What somebody counts for at an account."""

    influence = serializers.ChoiceField(choices=list(INFLUENCE.items()), required=False)
    stance = serializers.ChoiceField(
        choices=STANCES, required=False, allow_null=True, help_text="-2 against us to 2 for us; null: unknown"
    )
    reports_to_id = serializers.UUIDField(required=False, allow_null=True, help_text="An open role at the account")


class RoleInput(Standing):
    account_id = serializers.UUIDField()
    role = serializers.ChoiceField(choices=ContactRole.Role.choices)
    starts_on = serializers.DateField(required=False, help_text="Today when left out")


class RoleNew(RoleInput):
    contact_id = serializers.UUIDField()


class RoleEdit(Standing):
    """`version` is that of the person: two editors notice each other."""

    version = serializers.IntegerField(min_value=1)


class RoleEnd(serializers.Serializer[Any]):
    on = serializers.DateField()
    reason = serializers.CharField(max_length=200)


class Leave(RoleEnd):
    account_id = serializers.UUIDField(help_text="The account they leave")


class Move(Leave):
    to_account_id = serializers.UUIDField()
    role = serializers.ChoiceField(choices=ContactRole.Role.choices)


class ContactNew(ContactInput):
    at = RoleInput(required=False, help_text="Their place at an account; without it they are nowhere yet")


class ContactEdit(ContactInput):
    """An edit names the version it was made on; two editors notice each other."""

    name = serializers.CharField(max_length=160, required=False)
    version = serializers.IntegerField(min_value=1)


class ContactArchive(serializers.Serializer[Any]):
    restore = serializers.BooleanField(default=False)


class ContactOut(serializers.ModelSerializer[Contact]):
    """`context["own_fields"]`: the tenant's own fields that the reader may see."""

    custom = serializers.SerializerMethodField()

    class Meta:
        model = Contact
        fields = ["id", "name", "email", "phone", "title", "note", "custom", "version", "created_at", "archived_at"]
        read_only_fields = fields

    def get_custom(self, contact: Contact) -> dict[str, Any]:
        return own_dict(contact, self.context.get("own_fields", ()))


class ContactRoleOut(serializers.ModelSerializer[ContactRole]):
    class Meta:
        model = ContactRole
        fields = [
            "id", "contact_id", "account_id", "role", "influence", "stance", "reports_to_id", "starts_on", "ends_on",
            "end_reason",
        ]  # fmt: skip
        read_only_fields = fields


class StakeholderOut(serializers.Serializer[Any]):
    contact_id = serializers.UUIDField(source="contact.pk")
    name = serializers.CharField(source="contact.name")
    roles = serializers.SerializerMethodField()
    influence = serializers.IntegerField()
    stance = serializers.IntegerField(allow_null=True)
    reports_to = serializers.UUIDField(source="boss.contact.pk", allow_null=True, default=None)
    depth = serializers.IntegerField()

    def get_roles(self, one: Any) -> list[str]:
        return [role.role for role in one.roles]


class GapOut(serializers.Serializer[Any]):
    role = serializers.CharField(source="role.value")
    since = serializers.DateField(source="last.ends_on", allow_null=True, default=None)
    reason = serializers.CharField(source="last.end_reason", allow_null=True, default=None)


class MapOut(serializers.Serializer[Any]):
    """The stakeholder map: people in the order of the tree, roles nobody holds, warnings in words."""

    people = StakeholderOut(many=True)
    gaps = GapOut(many=True)
    warnings = serializers.ListField(child=serializers.CharField())
