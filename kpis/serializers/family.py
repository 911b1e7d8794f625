from rest_framework import serializers

from kpis.queries.family import ChildLine, Family


class ChildOut(serializers.Serializer[ChildLine]):
    """A child of the roll-up. revenue: of the child and all below it, in the parent's currency; null: unknown there.
    why_not: why it takes no part; share in per cent, contribution in points."""

    account_id = serializers.UUIDField(source="account.pk")
    name = serializers.CharField(source="account.name")
    score = serializers.DecimalField(max_digits=5, decimal_places=2, allow_null=True)
    band = serializers.CharField()
    revenue = serializers.DecimalField(source="arr", max_digits=16, decimal_places=2, allow_null=True)
    share = serializers.DecimalField(max_digits=5, decimal_places=2)
    contribution = serializers.DecimalField(max_digits=5, decimal_places=2)
    why_not = serializers.CharField()
    rolled_up = serializers.BooleanField()


class RollUpOut(serializers.Serializer[Family]):
    """The health of a parent's children as one figure. red_share, known_share: whole per cent of the children's known
    revenue in red children, and with a known score. hidden: children that the caller does not see."""

    method = serializers.CharField()
    score = serializers.DecimalField(max_digits=5, decimal_places=2, allow_null=True)
    band = serializers.CharField()
    red_share = serializers.IntegerField(allow_null=True)
    known_share = serializers.IntegerField(allow_null=True)
    hidden = serializers.IntegerField()
    hidden_contribution = serializers.DecimalField(max_digits=5, decimal_places=2)
    scored_at = serializers.DateTimeField()
    children = ChildOut(source="lines", many=True)
