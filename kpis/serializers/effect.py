from typing import Any

from rest_framework import serializers

from kpis.models import Band
from kpis.queries.effect import Effect


class PreviewInput(serializers.Serializer[Any]):
    """definition: the text to try, as in `scorecard-versions`; left out: the text as it is stored."""

    definition = serializers.JSONField(required=False, allow_null=True)


class RevenueOut(serializers.Serializer[Any]):
    """amounts: {currency: yearly recurring revenue as text}. unknown: accounts whose amount nobody knows, never 0."""

    amounts = serializers.DictField(child=serializers.CharField())
    unknown = serializers.IntegerField()


class EndOut(serializers.Serializer[Any]):
    accounts = serializers.IntegerField()
    arr = RevenueOut()


class BandEffectOut(serializers.Serializer[Any]):
    """One band now and under the text."""

    band = serializers.ChoiceField(choices=Band.choices)
    before = EndOut()
    after = EndOut()


class FlowOut(serializers.Serializer[Any]):
    """Accounts that go from one band to another."""

    before = serializers.ChoiceField(choices=Band.choices)
    after = serializers.ChoiceField(choices=Band.choices)
    accounts = serializers.IntegerField()
    arr = RevenueOut()


class MoverOut(serializers.Serializer[Any]):
    """points: by how much the text lets this KPI move the account's score."""

    kpi = serializers.CharField()
    name = serializers.CharField()
    points = serializers.CharField()


class MovedOut(serializers.Serializer[Any]):
    """An account that changes colour. before, after: points as text, null without enough data."""

    account_id = serializers.UUIDField()
    name = serializers.CharField()
    owner = serializers.CharField()
    sample = serializers.BooleanField()
    arr = serializers.CharField(allow_null=True)
    currency = serializers.CharField()
    before = serializers.CharField(allow_null=True)
    after = serializers.CharField(allow_null=True)
    band_before = serializers.ChoiceField(choices=Band.choices)
    band_after = serializers.ChoiceField(choices=Band.choices)
    causes = MoverOut(many=True)
    reasons = serializers.ListField(child=serializers.CharField())


class ExtremeOut(serializers.Serializer[Any]):
    account_id = serializers.UUIDField()
    name = serializers.CharField()
    change = serializers.CharField()


class EffectOut(serializers.Serializer[Effect]):
    """What a text would do today to the accounts you see.

    changed: accounts with another score or band. changes_colour: those with another band; the first 500 are in
    `moved`, those that get worse first, the largest revenue first. median: of the size of the change, in points.
    limited: you see your own accounts only, so this is not the whole portfolio. elsewhere: accounts that another
    scorecard is for.
    """

    day = serializers.DateField()
    at = serializers.DateTimeField()
    accounts = serializers.IntegerField()
    elsewhere = serializers.IntegerField()
    limited = serializers.BooleanField()
    bands = BandEffectOut(many=True)
    flows = FlowOut(many=True)
    changed = serializers.IntegerField()
    changes_colour = serializers.IntegerField()
    median = serializers.CharField(allow_null=True)
    largest_fall = ExtremeOut(allow_null=True)
    largest_rise = ExtremeOut(allow_null=True)
    became_unknown = serializers.IntegerField()
    became_known = serializers.IntegerField()
    moved = MovedOut(many=True)
