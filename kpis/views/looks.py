"""How the list of accounts looks: its columns and density, and the saved views beside the built-in ones."""

from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from accounts.models import SavedView
from accounts.queries.views import views_of
from core.actor import Actor
from kpis.queries import columns
from kpis.queries.columns import Column
from kpis.queries.portfolio import BookFilter

LOOK = ("saved", "columns", "density", "sort")  # what of the address is no filter


@dataclass(frozen=True)
class Looks:
    """current: the saved view that is shown; changed: the address asks for something else than it does by now."""

    columns: list[Column]
    density: str
    views: list[SavedView]
    current: SavedView | None
    changed: bool
    mine: bool

    @classmethod
    def of(cls, wanted: BookFilter, *, by: Actor) -> "Looks":
        seen = views_of(by=by)
        usual = next((view for view in seen if not view.name), None)
        named = [view for view in seen if view.name]
        current = next((view for view in named if str(view.pk) == wanted.saved), None)
        codes = wanted.columns.split(",") if wanted.columns else usual.columns if usual else []
        return cls(
            columns=columns.chosen(codes, by=by),
            density=wanted.density or (usual.density if usual else ""),
            views=named,
            current=current,
            changed=current is not None and of_view(current) != wanted,
            mine=current is not None and current.owner_id == by.user_id,
        )

    @property
    def tabs(self) -> list[tuple[str, str, int | None, bool]]:
        """(name, address, None, whether it is the one that is shown)."""
        return [(view.name, address(of_view(view)), None, view == self.current) for view in self.views]


def of_view(view: SavedView) -> BookFilter:
    """What a saved view asks for."""
    known = {name: str(value) for name, value in view.filters.items() if name in BookFilter.__dataclass_fields__}
    wanted = BookFilter(**{name: value for name, value in known.items() if name not in LOOK})
    return replace(
        wanted,
        sort=view.sort or "attention",
        columns=",".join(view.columns),
        density=view.density,
        saved=str(view.pk),
    )


def as_view(wanted: BookFilter) -> dict[str, Any]:
    """What of the address a saved view keeps: filters, sort, columns, density."""
    return {
        "filters": {name: value for name, value in vars(wanted).items() if value and name not in LOOK},
        "sort": "" if wanted.sort == "attention" else wanted.sort,
        "columns": wanted.columns.split(",") if wanted.columns else [],
        "density": wanted.density,
    }


def address(wanted: BookFilter, **changes: str) -> str:
    """The portfolio with this filter; empty values stay out of the address."""
    given = {name: value for name, value in {**vars(wanted), **changes}.items() if value}
    if given.get("sort") == "attention":
        del given["sort"]
    return reverse("kpis:portfolio") + (f"?{urlencode(given)}" if given else "")
