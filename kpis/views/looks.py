"""How the list of accounts looks: its columns and density, and the saved views beside the built-in ones."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from accounts.conditions import Field, fields_named
from accounts.models import SavedView
from accounts.queries.views import WIDEST, narrowest, views_of
from core.actor import Actor
from kpis.queries import columns
from kpis.queries.columns import Column
from kpis.queries.orders import groups
from kpis.queries.portfolio import LOOK, NONE, SORTS, BookFilter


@dataclass(frozen=True)
class Looks:
    """current: the saved view that is shown; changed: the address asks for something else than it does by now.

    columns: those that are pinned first. sort: the field it is ordered by, if it is none of the usual ways. widths:
    code of a column -> pixels. own: the address asks for another look than this person's usual one.
    """

    columns: list[Column]
    pins: list[str]
    widths: dict[str, int]
    density: str
    group: Field | None
    sort: Field | None
    views: list[SavedView]
    current: SavedView | None
    changed: bool
    mine: bool
    own: bool

    @classmethod
    def of(cls, wanted: BookFilter, *, by: Actor) -> "Looks":
        seen = views_of(by=by)
        usual = next((view for view in seen if not view.name), None) or SavedView()
        named = [view for view in seen if view.name]
        current = next((view for view in named if str(view.pk) == wanted.saved), None)
        codes = wanted.columns.split(",") if wanted.columns else usual.columns
        also = [one for one in (wanted.group, wanted.sort.lstrip("-")) if one and one not in SORTS]
        fields = fields_named([*codes, *also], by=by)
        shown = columns.chosen(codes, by=by, fields=fields)
        codes = [one.code for one in shown]
        pins = [one for one in (pins_in(wanted.pins) if wanted.pins else usual.pins) if one in codes]
        return cls(
            columns=sorted(shown, key=lambda one: one.code not in pins),
            pins=pins,
            widths=widths_in(wanted.widths) if wanted.widths else dict(usual.widths),
            density=wanted.density or usual.density,
            group=fields[wanted.group] if groups(fields.get(wanted.group)) else None,
            sort=fields.get(wanted.sort.lstrip("-")),
            views=named,
            current=current,
            changed=current is not None and replace(of_view(current), shut="") != replace(wanted, shut=""),
            mine=current is not None and current.owner_id == by.user_id,
            own=bool(wanted.columns or wanted.pins or wanted.widths or wanted.density),
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
        group=view.group,
        columns=",".join(view.columns),
        pins=",".join(view.pins),
        widths=as_text(view.widths),
        density=view.density,
        saved=str(view.pk),
    )


def as_view(wanted: BookFilter) -> dict[str, Any]:
    """What of the address a saved view keeps: filters, and how they are looked at."""
    return {
        "filters": {name: value for name, value in vars(wanted).items() if value and name not in LOOK},
        "sort": "" if wanted.sort == "attention" else wanted.sort,
        "group": wanted.group,
        "columns": wanted.columns.split(",") if wanted.columns else [],
        "pins": pins_in(wanted.pins),
        "widths": widths_in(wanted.widths),
        "density": wanted.density,
    }


def pins_in(text: str) -> list[str]:
    return [] if text in ("", NONE) else text.split(",")


def widths_in(text: str) -> dict[str, int]:
    """ "tier-160,name-300" as code -> pixels, none narrower than a column can be read."""
    found = (part.rpartition("-") for part in text.split(",") if text not in ("", NONE))
    return {code: max(narrowest(code), min(WIDEST, int(pixels))) for code, _, pixels in found if pixels.isdecimal()}


def as_text(widths: Mapping[str, int]) -> str:
    return ",".join(f"{code}-{pixels}" for code, pixels in sorted(widths.items()))


def as_pins(codes: Iterable[str]) -> str:
    return ",".join(codes) or NONE


def address(wanted: BookFilter, **changes: str) -> str:
    """The portfolio with this filter; empty values stay out of the address."""
    given = {name: value for name, value in {**vars(wanted), **changes}.items() if value}
    if given.get("sort") == "attention":
        del given["sort"]
    return reverse("kpis:portfolio") + (f"?{urlencode(given, safe=',')}" if given else "")
