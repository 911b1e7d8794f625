from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Q

from accounts.models.accounts import Account
from accounts.models.lists import SavedView
from core.actor import Actor
from core.models import GuardedQuerySet, TenantModel


class PlaceQuerySet(GuardedQuerySet):
    def visible_to(self, by: Actor) -> Self:
        """One's own, of what one still sees: accounts that are not in the archive, views that are not removed."""
        accounts = Account.objects.visible_to(by).active()
        views = SavedView.objects.visible_to(by).filter(removed_at=None)
        return self.filter(Q(account__in=accounts) | Q(view__in=views), user_id=by.user_id)


class Place(TenantModel):
    """An account or a saved view that one person was at lately (seen_at) or keeps at hand (pinned_at)."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, null=True, related_name="+")
    view = models.ForeignKey(SavedView, on_delete=models.CASCADE, null=True, related_name="+")
    seen_at = models.DateTimeField(null=True)
    pinned_at = models.DateTimeField(null=True)

    objects: ClassVar[Any] = PlaceQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "account"], name="place_account_once"),
            models.UniqueConstraint(fields=["user", "view"], name="place_view_once"),
            models.CheckConstraint(
                condition=Q(account=None, view__isnull=False) | Q(account__isnull=False, view=None),
                name="place_is_one_thing",
            ),
        ]
        indexes = [models.Index(fields=["user", "-seen_at"], name="place_seen")]

    def __str__(self) -> str:
        return f"{self.user_id} at {self.account_id or self.view_id}"
