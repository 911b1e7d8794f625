from typing import Any

from rest_framework import serializers

from accounts.conditions import ConditionError, fields_named, read
from kpis.models import Band
from kpis.queries.portfolio import SORTS, BookFilter

VIEWS = ("attention", "mine", "renewing")


class PortfolioQuery(serializers.Serializer[Any]):
    """What of the portfolio is wanted; every field may be left out or empty."""

    view = serializers.ChoiceField(choices=VIEWS, required=False, allow_blank=True)
    band = serializers.ChoiceField(choices=Band.choices, required=False, allow_blank=True)
    q = serializers.CharField(max_length=100, required=False, allow_blank=True, help_text="Words of the name")
    owner = serializers.RegexField(
        r"^(nobody|[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})$",
        required=False,
        allow_blank=True,
        help_text="Id of a user, or nobody",
    )
    tier = serializers.CharField(max_length=40, required=False, allow_blank=True)
    industry = serializers.CharField(max_length=80, required=False, allow_blank=True)
    region = serializers.CharField(max_length=80, required=False, allow_blank=True)
    stage = serializers.CharField(max_length=20, required=False, allow_blank=True)
    sample = serializers.ChoiceField(choices=("only", "without"), required=False, allow_blank=True)
    where = serializers.CharField(
        max_length=2000,
        required=False,
        allow_blank=True,
        help_text='A condition, like: tier = "Gold" and (health < 60 or renewal_on <= today + 90 days)',
    )
    sort = serializers.RegexField(
        r"^-?[a-z0-9_.]{1,79}$",
        required=False,
        allow_blank=True,
        help_text=f"{', '.join(SORTS)}, or any field of a condition; with - in front downwards. Unknown comes last",
    )

    def validate_sort(self, text: str) -> str:
        name = text.lstrip("-")
        if name and name not in SORTS and not fields_named([name], by=self.context.get("by")):
            raise serializers.ValidationError("There is no such field.")
        return text

    def validate_where(self, text: str) -> str:
        try:
            if text.strip():
                read(text, by=self.context.get("by"))
        except ConditionError as wrong:
            raise serializers.ValidationError(str(wrong)) from wrong
        return text.strip()

    def wanted(self) -> BookFilter:
        """The filter of everything that was readable; call is_valid() first. What was not is left out."""
        given = self.validated_data if not self.errors else self._readable()
        return BookFilter(**{name: value for name, value in given.items() if value})

    def _readable(self) -> dict[str, Any]:
        """A page forgives what somebody typed into its address; the API refuses it."""
        kept = {name: value for name, value in self.initial_data.items() if name not in self.errors}
        again = type(self)(data=kept, context=self.context)
        again.is_valid(raise_exception=True)
        return dict(again.validated_data)


class PageQuery(PortfolioQuery):
    """The page's address: what is wanted, and how it looks."""

    group = serializers.RegexField(r"^[a-z0-9_.]{1,79}$", required=False, allow_blank=True)
    shut = serializers.RegexField(r"^[0-9a-f]{8}(,[0-9a-f]{8}){0,199}$", required=False, allow_blank=True)
    columns = serializers.RegexField(r"^[a-z0-9_.,]{1,1600}$", required=False, allow_blank=True)
    pins = serializers.RegexField(r"^[a-z0-9_.,]{1,1600}$", required=False, allow_blank=True)
    widths = serializers.RegexField(
        r"^(none|[a-z0-9_.]{1,79}-\d{2,3}(,[a-z0-9_.]{1,79}-\d{2,3}){0,40})$", required=False, allow_blank=True
    )
    density = serializers.ChoiceField(choices=("normal", "dense"), required=False, allow_blank=True)
    saved = serializers.RegexField(r"^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$", required=False, allow_blank=True)

    def validate_sort(self, text: str) -> str:
        """A page whose field is gone is ordered as usual."""
        return text
