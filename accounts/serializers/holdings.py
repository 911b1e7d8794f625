from typing import Any

from rest_framework import serializers

from accounts.models import Entitlement, Location


class SiteInput(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=120)
    address = serializers.CharField(max_length=300, required=False, allow_blank=True)
    region = serializers.CharField(max_length=80, required=False, allow_blank=True)
    country = serializers.CharField(max_length=2, required=False, allow_blank=True, help_text="Two letters, such as DE")
    version = serializers.IntegerField(min_value=1, required=False)


class SiteNew(SiteInput):
    account_id = serializers.UUIDField()


class SiteOut(serializers.ModelSerializer[Location]):
    class Meta:
        model = Location
        fields = ["id", "account_id", "name", "address", "region", "country", "version"]
        read_only_fields = fields


class ProductInput(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=120)
    code = serializers.SlugField(max_length=60, required=False, allow_blank=True)
    family = serializers.CharField(max_length=80, required=False, allow_blank=True)
    active = serializers.BooleanField(required=False)
    version = serializers.IntegerField(min_value=1, required=False)


class EntitlementInput(serializers.Serializer[Any]):
    """What an account may use beyond its contract lines; quantity null is without limit."""

    product_id = serializers.UUIDField()
    quantity = serializers.DecimalField(max_digits=14, decimal_places=2, required=False, allow_null=True)
    unit = serializers.CharField(max_length=40, required=False, allow_blank=True)
    starts_on = serializers.DateField()
    ends_on = serializers.DateField(required=False, allow_null=True)
    version = serializers.IntegerField(min_value=1, required=False)


class EntitlementNew(EntitlementInput):
    account_id = serializers.UUIDField()


class EntitlementOut(serializers.ModelSerializer[Entitlement]):
    class Meta:
        model = Entitlement
        fields = ["id", "account_id", "product_id", "quantity", "unit", "starts_on", "ends_on", "version"]
        read_only_fields = fields
