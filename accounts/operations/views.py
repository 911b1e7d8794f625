"""Saved views: save, change, share and remove a way to look at the list of accounts."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction

from accounts import rules
from accounts.events import ViewChanged
from accounts.models import SavedView
from accounts.queries.views import NARROWEST, WIDEST, narrowest
from core.actor import Actor
from core.audit import record
from core.errors import Conflict, DomainError
from core.rules import require
from tenants.context import take_lock

DENSITIES = ("", "normal", "dense")
MOST_VIEWS = 50  # a person; more are no choice any more
MOST_COLUMNS = 40
NAME_LENGTH = 80


class NotAView(DomainError):
    """A saved view cannot be like this."""


class ViewEdited(Conflict):
    """The view was changed since it was opened."""


@transaction.atomic
def save_view(
    *,
    name: str,
    filters: Mapping[str, str],
    shared: bool = False,
    by: Actor,
    **look: Any,
) -> SavedView:
    """Keep a look under a name. look: sort, group, columns, pins, widths, density, as far as they are not the usual.

    Emits ViewChanged. Raises NotAView, PermissionDenied (sharing).
    """
    owner = _person(by)
    if shared:
        require(by, rules.SHARE_VIEWS)
    take_lock(f"views of {owner}")
    mine = SavedView.objects.filter(owner_id=owner, removed_at=None)
    if mine.count() >= MOST_VIEWS:
        raise NotAView(f"You keep {MOST_VIEWS} views already. Remove one first.", field="name")
    view = SavedView(owner_id=owner, shared=shared)
    view.name = _name(name, view)
    _look(view, filters, **look)
    view.save(force_insert=True)
    record(ViewChanged(None, view.pk, "shared" if shared else "saved"), by=by)
    return view


@transaction.atomic
def change_view(*, view_id: UUID, expected_version: int, by: Actor, **given: Any) -> SavedView:
    """Rename, share or keep to oneself, or give it another look; one's own views only.

    `given`: name, shared, or filters with a look as in `save_view`. Emits ViewChanged. Raises NotAView, ViewEdited,
    PermissionDenied, SavedView.DoesNotExist.
    """
    view = _own(view_id, by)
    if view.version != expected_version:
        raise ViewEdited("This view was changed since you opened it. Look at it again before you save.")
    if given.get("shared") and not view.shared:
        require(by, rules.SHARE_VIEWS)
    was_shared = view.shared
    if "name" in given:
        view.name = _name(given["name"], view)
    view.shared = given.get("shared", view.shared)
    if "filters" in given:
        _look(view, **{name: value for name, value in given.items() if name not in ("name", "shared")})
    view.version += 1
    view.save()
    what = "changed" if view.shared == was_shared else "shared" if view.shared else "unshared"
    record(ViewChanged(None, view.pk, what), by=by)
    return view


@transaction.atomic
def remove_view(*, view_id: UUID, by: Actor, at: datetime, restore: bool = False) -> SavedView:
    """Take one's own view away, or bring it back. Emits ViewChanged. Raises NotAView, SavedView.DoesNotExist."""
    view = _own(view_id, by, removed=restore)
    if restore:
        view.name = _name(view.name, view)
    view.removed_at = None if restore else at
    view.version += 1
    view.save(update_fields=["removed_at", "version"])
    record(ViewChanged(None, view.pk, "restored" if restore else "removed"), by=by)
    return view


@transaction.atomic
def keep_columns(
    *,
    columns: Sequence[str],
    pins: Sequence[str] = (),
    widths: Mapping[str, int] | None = None,
    density: str,
    by: Actor,
) -> None:
    """How this person's list looks when the address says nothing; empty columns are the usual ones again."""
    owner = _person(by)
    take_lock(f"views of {owner}")
    view = SavedView.objects.filter(owner_id=owner, name="", removed_at=None).first()
    view = view or SavedView(owner_id=owner, name="")
    _look(view, {}, columns=columns, pins=pins, widths=widths or {}, density=density)
    view.save()


def _person(by: Actor) -> UUID:
    if by.user_id is None:
        raise PermissionDenied("Views belong to people.")
    return by.user_id


def _own(view_id: UUID, by: Actor, *, removed: bool = False) -> SavedView:
    _person(by)
    seen = SavedView.objects.visible_to(by).exclude(name="").select_for_update()
    view: SavedView = seen.get(pk=view_id, removed_at__isnull=not removed)
    if view.owner_id != by.user_id:
        raise PermissionDenied("This view belongs to somebody else. Save it under a name of your own.")
    return view


def _name(given: str, view: SavedView) -> str:
    name = " ".join(given.replace("\0", "").split())
    if not name or len(name) > NAME_LENGTH:
        raise NotAView(f"Give it a name of at most {NAME_LENGTH} characters.", field="name")
    mine = SavedView.objects.filter(owner_id=view.owner_id, removed_at=None).exclude(pk=view.pk)
    if mine.filter(name__iexact=name).exists():
        raise NotAView("You have a view of this name.", field="name")
    return name


def _look(
    view: SavedView,
    filters: Mapping[str, str],
    *,
    sort: str = "",
    group: str = "",
    columns: Sequence[str] = (),
    pins: Sequence[str] = (),
    widths: Mapping[str, int] | None = None,
    density: str = "",
) -> None:
    if len(columns) > MOST_COLUMNS:
        raise NotAView(f"A list has at most {MOST_COLUMNS} columns.", field="columns")
    if density not in DENSITIES:
        raise NotAView("There is no such density.", field="density")
    view.filters = {name: value for name, value in filters.items() if value}
    if any(not narrowest(code) <= pixels <= WIDEST for code, pixels in (widths or {}).items()):
        raise NotAView(f"A column is {NARROWEST} to {WIDEST} pixels wide, the account {2 * NARROWEST}.", field="widths")
    view.sort, view.group, view.density = sort, group, density
    view.columns, view.pins = list(dict.fromkeys(columns)), list(dict.fromkeys(pins))
    view.widths = dict(widths or {})
