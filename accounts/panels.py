"""What shows on an account's page. The table is config.wiring.PANELS; this is where the page finds it."""

from dataclasses import dataclass


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


_PANELS: list[Panel] = []


def connect(panels: list[Panel]) -> None:
    _PANELS[:] = panels


def panels(column: str) -> list[Panel]:
    return [panel for panel in _PANELS if panel.column == column]
