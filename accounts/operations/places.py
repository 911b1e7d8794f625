"""Remember where a person was, and keep at hand what they pin. Theirs alone: nobody else sees it."""

from datetime import datetime
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction

from accounts.models import Account, Place, SavedView
from core.actor import Actor
from core.errors import DomainError
from tenants.context import take_lock

MOST_PINS = 20


class TooManyPins(DomainError):
    """More are no short cut any more."""


def saw(*, account: Account | None = None, view: SavedView | None = None, by: Actor, at: datetime) -> None:
    """`by` looks at this account or saved view, which they were allowed to see. One statement; says nothing."""
    if by.user_id is None:
        return
    place = Place(user_id=by.user_id, account=account, view=view, seen_at=at)
    Place.objects.bulk_create(
        [place],
        update_conflicts=True,
        update_fields=["seen_at"],
        unique_fields=["user", "account" if account else "view"],
    )


@transaction.atomic
def pin(*, kind: str, thing_id: UUID, on: bool = True, by: Actor, at: datetime) -> None:
    """Keep an account or a saved view at hand, or no longer.

    Raises TooManyPins, PermissionDenied, and Account.DoesNotExist or SavedView.DoesNotExist for what `by` cannot see.
    """
    if by.user_id is None:
        raise PermissionDenied("Pins belong to people.")
    if kind == "account":
        thing = {"account": Account.objects.visible_to(by).get(pk=thing_id)}
    else:
        thing = {"view": SavedView.objects.visible_to(by).exclude(name="").get(pk=thing_id, removed_at=None)}
    take_lock(f"pins of {by.user_id}")
    if on and Place.objects.filter(user_id=by.user_id, pinned_at__isnull=False).count() >= MOST_PINS:
        raise TooManyPins(f"You keep {MOST_PINS} at hand already. Take one away first.")
    Place.objects.update_or_create(user_id=by.user_id, **thing, defaults={"pinned_at": at if on else None})
