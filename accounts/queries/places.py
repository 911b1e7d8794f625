"""Where a person was lately and what they keep at hand; never what they may not see any more."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, QuerySet
from django.db.models.functions import Coalesce, JSONObject
from django.urls import reverse

from accounts.models import Place
from accounts.queries.tasks import unread_of
from core.actor import Actor
from users.models import User

RECENT = 8


@dataclass(frozen=True)
class Spot:
    """An account or a saved view. kind: account or view; pinned: kept at hand."""

    kind: str
    id: UUID
    name: str
    pinned: bool

    @property
    def url(self) -> str:
        if self.kind == "account":
            return reverse("accounts:account", args=[self.id])
        return f"{reverse('kpis:portfolio')}?{urlencode({'saved': str(self.id)})}"

    @property
    def icon(self) -> str:
        return "building-2" if self.kind == "account" else "bookmark"


@dataclass(frozen=True)
class AtHand:
    """What every page shows of one person: notices that wait, and pins in the order in which they were made."""

    waiting: int = 0
    pins: tuple[Spot, ...] = ()

    @property
    def ids(self) -> set[UUID]:
        return {one.id for one in self.pins}


def _spots(by: Actor) -> QuerySet[Place]:
    found: QuerySet[Place] = Place.objects.visible_to(by)
    return found.annotate(
        thing=Coalesce("account_id", "view_id"), called=Coalesce("account__name", "view__name"), of=F("account_id")
    )


def at_hand(*, by: Actor, on: date) -> AtHand:
    """In one query, as it stands on every page."""
    if by.user_id is None:
        return AtHand()
    pins = _spots(by).filter(pinned_at__isnull=False).order_by("pinned_at", "pk")
    rows = User.objects.filter(pk=by.user_id).values_list(
        ArraySubquery(unread_of(by=by, on=on).order_by().values("pk")),
        ArraySubquery(pins.values(said=JSONObject(thing="thing", called="called", of="of"))),
    )
    for waiting, said in rows:
        found = tuple(
            Spot("account" if one["of"] else "view", UUID(one["thing"]), one["called"], True) for one in said or ()
        )
        return AtHand(len(waiting or ()), found)
    return AtHand()


def places(*, by: Actor, recent: int = RECENT) -> tuple[list[Spot], list[Spot]]:
    """(what is pinned, where one was lately and that is not pinned, newest first), in two queries."""
    if by.user_id is None:
        return [], []
    pinned = _spots(by).filter(pinned_at__isnull=False).order_by("pinned_at", "pk")
    lately = _spots(by).filter(pinned_at=None, seen_at__isnull=False).order_by("-seen_at", "pk")[:recent]
    return _made(pinned), _made(lately)


def _made(found: Iterable[Any]) -> list[Spot]:
    return [
        Spot("account" if one.account_id else "view", one.thing, one.called, one.pinned_at is not None) for one in found
    ]
