from typing import Any

from rest_framework import serializers

PLACE_KINDS = ("account", "view")


class SpotOut(serializers.Serializer[Any]):
    """An account or a saved view that one was at lately or keeps at hand."""

    kind = serializers.CharField(help_text="account or view")
    id = serializers.UUIDField()
    name = serializers.CharField()
    pinned = serializers.BooleanField()


class SpotPin(serializers.Serializer[Any]):
    kind = serializers.RegexField(rf"^({'|'.join(PLACE_KINDS)})$", help_text="account or view")
    id = serializers.UUIDField()
    pinned = serializers.BooleanField(default=True, help_text="false takes the pin away")
