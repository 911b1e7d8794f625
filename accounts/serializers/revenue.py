from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from rest_framework import serializers

from accounts.conditions import ConditionError, read
from accounts.models import Contract, ExchangeRate, Product, RevenueMovement, SubscriptionLine
from accounts.queries.custom import own_dict
from accounts.queries.revenue import SEGMENTS
from accounts.queries.revenue_rules import CHOICES, DAYS, finance_today
from accounts.revenue import BILLING, Kind
from core.money import CURRENCIES

CURRENCY_CHOICES = [(code, code) for code in CURRENCIES]
MONEY: dict[str, Any] = {"max_digits": 16, "decimal_places": 2}


class ShareField(serializers.DecimalField):
    """A part of one, as people write it: 10 %, 10%, 12,5 % or 0.1."""

    def __init__(self, **given: Any) -> None:
        words: dict[str, Any] = {
            "invalid": "Enter a share, like 10 % or 0.1.",
            "max_value": "At most 100%%: write 10%% or 0.1.",
        }
        super().__init__(max_digits=5, decimal_places=4, min_value=0, error_messages=words, **given)

    def to_internal_value(self, data: Any) -> Decimal:
        text = str(data).strip()
        if not text.endswith("%"):
            return super().to_internal_value(data)
        try:
            share = Decimal(text[:-1].strip().replace(",", ".")).scaleb(-2)
        except InvalidOperation:
            self.fail("invalid")
        return super().to_internal_value(str(share.normalize()) if share else "0")


class LineInput(serializers.Serializer[Any]):
    """One subscription line; the amount is per billing period, without tax, before the discount."""

    product_id = serializers.UUIDField(required=False, allow_null=True)
    description = serializers.CharField(max_length=200, required=False, allow_blank=True)
    quantity = serializers.DecimalField(max_digits=14, decimal_places=2, required=False, min_value=0)
    amount = serializers.DecimalField(
        **MONEY, min_value=0, error_messages={"invalid": "Enter an amount, like 1200 or 99.50."}
    )
    billing = serializers.ChoiceField(choices=[(code, code) for code in BILLING], default="month")
    discount = ShareField(max_value=1, required=False, help_text="10 % or 0.1")
    uplift = serializers.DecimalField(
        **MONEY, min_value=0, required=False, help_text="How much of the amount is a rise that was agreed earlier"
    )
    recurring = serializers.BooleanField(required=False)
    starts_on = serializers.DateField(required=False)
    ends_on = serializers.DateField(required=False, allow_null=True)


class ContractInput(serializers.Serializer[Any]):
    """A contract to be drafted."""

    name = serializers.CharField(max_length=160)
    number = serializers.CharField(max_length=80, required=False, allow_blank=True)
    currency = serializers.ChoiceField(choices=CURRENCY_CHOICES, required=False)
    starts_on = serializers.DateField()
    ends_on = serializers.DateField(required=False, allow_null=True)
    notice_days = serializers.IntegerField(min_value=0, max_value=3650, required=False)
    auto_renews = serializers.BooleanField(required=False)
    custom = serializers.DictField(
        required=False, child=serializers.JSONField(allow_null=True), help_text="Your own fields: code -> value"
    )


class ContractNew(ContractInput):
    account_id = serializers.UUIDField()
    lines = LineInput(many=True, required=False)


class ContractEdit(ContractInput):
    name = serializers.CharField(max_length=160, required=False)
    starts_on = serializers.DateField(required=False)
    version = serializers.IntegerField(min_value=1)


class LineEdit(LineInput):
    amount = serializers.DecimalField(**MONEY, min_value=0, required=False)
    billing = serializers.ChoiceField(choices=[(code, code) for code in BILLING], required=False)
    reason = serializers.CharField(max_length=300, error_messages={"blank": "Say why, in a few words."})


class LineChange(LineInput):
    """What is paid from a day on; what is left out stays as it was."""

    amount = serializers.DecimalField(**MONEY, min_value=0, required=False)
    billing = serializers.ChoiceField(choices=[(code, code) for code in BILLING], required=False)
    starts_on = None  # type: ignore[assignment]
    on = serializers.DateField(help_text="The first day of what is paid then; the line as it was ends the day before")
    reason = serializers.CharField(max_length=300, required=False, allow_blank=True)


class LineWithdraw(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=300, error_messages={"blank": "Say why, in a few words."})


class ContractStep(serializers.Serializer[Any]):
    """What ends, cancels or renews a contract."""

    on = serializers.DateField(required=False, help_text="Day of notice, or last day")
    last_day = serializers.DateField(required=False, allow_null=True)
    starts_on = serializers.DateField(required=False)
    ends_on = serializers.DateField(required=False, allow_null=True)
    uplift = ShareField(required=False, help_text="5 % or 0.05")
    reason = serializers.CharField(max_length=200, required=False, allow_blank=True)


class LineOut(serializers.ModelSerializer[SubscriptionLine]):
    class Meta:
        model = SubscriptionLine
        fields = [
            "id", "product_id", "description", "quantity", "amount", "billing", "discount", "uplift", "recurring",
            "starts_on", "ends_on", "recorded_at", "recorded_by",
        ]  # fmt: skip
        read_only_fields = fields


class ContractOut(serializers.ModelSerializer[Contract]):
    """`context["own_fields"]`: the tenant's own fields that the reader may see."""

    lines = serializers.SerializerMethodField()
    custom = serializers.SerializerMethodField()

    class Meta:
        model = Contract
        fields = [
            "id", "account_id", "number", "name", "state", "currency", "starts_on", "ends_on", "notice_days",
            "auto_renews", "cancelled_on", "unpaid_since", "end_reason", "renews_id", "custom", "version", "lines",
        ]  # fmt: skip
        read_only_fields = fields

    def get_custom(self, contract: Contract) -> dict[str, Any]:
        return own_dict(contract, self.context.get("own_fields", ()))

    def get_lines(self, contract: Contract) -> list[dict[str, Any]]:
        in_force = [line for line in contract.lines.all() if line.superseded_at is None]
        return list(LineOut(sorted(in_force, key=lambda line: (line.starts_on, line.pk)), many=True).data)


class ProductOut(serializers.ModelSerializer[Product]):
    class Meta:
        model = Product
        fields = ["id", "code", "name", "family", "active"]
        read_only_fields = ["id"]


class RateInput(serializers.ModelSerializer[ExchangeRate]):
    currency = serializers.ChoiceField(choices=CURRENCY_CHOICES)
    rate = serializers.DecimalField(max_digits=18, decimal_places=8, min_value=0)

    into = serializers.ChoiceField(
        choices=CURRENCY_CHOICES, required=False, help_text="Without it the reporting currency"
    )

    class Meta:
        model = ExchangeRate
        fields = ["currency", "into", "on", "rate", "source"]
        validators: list[Any] = []


def _days(name: str) -> serializers.IntegerField:
    words = f"Between 0 and {DAYS[name]} days."
    messages: dict[str, Any] = {"min_value": words, "max_value": words, "invalid": "Enter a number of days, like 30."}
    return serializers.IntegerField(min_value=0, max_value=DAYS[name], required=False, error_messages=messages)


class RevenueRulesInput(serializers.Serializer[Any]):
    """How revenue is read; `version` is the one you saw, 0 for the defaults."""

    version = serializers.IntegerField(min_value=0)
    gap_days = _days("gap_days")
    grace_days = _days("grace_days")
    pause = serializers.ChoiceField(choices=CHOICES["pause"], required=False)
    pause_days = _days("pause_days")
    churn_at = serializers.ChoiceField(choices=CHOICES["churn_at"], required=False)
    uplift = serializers.ChoiceField(choices=CHOICES["uplift"], required=False)
    time_zone = serializers.CharField(max_length=60, required=False, help_text="Like Europe/Berlin")
    reporting_currency = serializers.ChoiceField(
        choices=[("", "The one most accounts are in"), *CURRENCY_CHOICES],
        required=False,
        allow_blank=True,
    )
    reason = serializers.CharField(max_length=300, required=False, allow_blank=True)


class MovementOut(serializers.ModelSerializer[RevenueMovement]):
    account = serializers.CharField(source="account.name")

    class Meta:
        model = RevenueMovement
        fields = ["account_id", "account", "on", "kind", "amount", "currency", "involuntary", "early"]
        read_only_fields = fields


class RevenueQuery(serializers.Serializer[Any]):
    """Which period, which accounts, which currency. Without days: the quarter that ended last."""

    opening = serializers.DateField(required=False, help_text="The period begins after this day")
    closing = serializers.DateField(required=False, help_text="The last day of the period")
    currency = serializers.ChoiceField(choices=CURRENCY_CHOICES, required=False)
    segment = serializers.ChoiceField(choices=SEGMENTS, required=False, allow_blank=True)
    where = serializers.CharField(max_length=2000, required=False, allow_blank=True, help_text="A condition")
    kind = serializers.ChoiceField(choices=[kind.value for kind in Kind], required=False, allow_blank=True)
    convention = serializers.CharField(max_length=40, required=False, allow_blank=True)
    after = serializers.CharField(required=False, allow_blank=True)
    before = serializers.CharField(required=False, allow_blank=True)

    def validate_where(self, text: str) -> str:
        try:
            if text.strip():
                read(text)
        except ConditionError as wrong:
            raise serializers.ValidationError(str(wrong)) from wrong
        return text.strip()

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        opening, closing = last_quarter(finance_today())
        given.setdefault("opening", opening)
        given.setdefault("closing", closing)
        if given["closing"] <= given["opening"]:
            raise serializers.ValidationError({"closing": ["The period ends before it begins."]})
        return given


def last_quarter(today: date) -> tuple[date, date]:
    """The day before the last whole quarter, and its last day."""
    month = (today.month - 1) // 3 * 3 + 1
    closing = date.fromordinal(date(today.year, month, 1).toordinal() - 1)
    first = date(closing.year, closing.month - 2, 1)
    return date.fromordinal(first.toordinal() - 1), closing
