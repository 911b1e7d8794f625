"""What the floors above put on an account's page. The tables are in config.wiring; the page finds them here."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from core.actor import Actor


@dataclass(frozen=True)
class Panel:
    """A region of the account page: `url_name` takes the account's id, `listens` are the events that renew it."""

    id: str
    title: str
    url_name: str
    column: str  # main or side
    listens: tuple[str, ...] = ()
    height: int = 240  # px kept free while it loads, so that nothing jumps

    @property
    def trigger(self) -> str:
        """htmx trigger: load when it comes into view, and again on its events."""
        return ", ".join(["intersect once", *(f"{name} from:body" for name in self.listens)])


@dataclass(frozen=True)
class Action:
    """A button in the header; `url_name` takes the account's id. It shows to holders of `permission`."""

    label: str
    url_name: str
    icon: str
    permission: str
    # page: a link; post: a form of its own; dialog: htmx fetches a dialog, without script the page opens;
    # palette: only there, a page
    kind: str = "post"
    archived: bool = False  # whether it makes sense on an account that is archived
    shortcut: str = ""  # the key that presses it, of a page


@dataclass(frozen=True)
class Tab:
    """A page about the account beside its overview."""

    label: str
    url_name: str


@dataclass(frozen=True)
class Chip:
    """A word beside the account's name, with the page that explains it."""

    text: str
    url: str
    tone: str = "info"


Chips = Callable[[UUID], list[Chip]]

_PANELS: list[Panel] = []
_ACTIONS: list[Action] = []
_TABS: list[Tab] = []
_CHIPS: list[Chips] = []


def connect(
    panels: Sequence[Panel],
    *,
    actions: Sequence[Action] = (),
    tabs: Sequence[Tab] = (),
    chips: Sequence[Chips] = (),
) -> None:
    _PANELS[:], _ACTIONS[:], _TABS[:], _CHIPS[:] = panels, actions, tabs, chips


def panels(column: str) -> list[Panel]:
    return [panel for panel in _PANELS if panel.column == column]


def title_of(url_name: str) -> str:
    """How the panel behind an address is called."""
    return next((panel.title for panel in _PANELS if panel.url_name == url_name), "Details")


def actions(*, by: Actor, archived: bool) -> list[Action]:
    held = [action for action in _ACTIONS if by.is_system or action.permission in by.permissions]
    return [action for action in held if action.archived or not archived]


def tabs() -> list[Tab]:
    return list(_TABS)


def chips(account_id: UUID) -> list[Chip]:
    """One query per table of chips that is connected."""
    return [chip for found in _CHIPS for chip in found(account_id)]
