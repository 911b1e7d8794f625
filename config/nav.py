"""The main navigation: one table, shown as far as its pages exist and the actor may open them."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import Resolver404, get_urlconf, resolve
from django.utils.functional import SimpleLazyObject
from django.utils.timezone import localdate

from accounts.queries.places import at_hand

THEMES = ("light", "dark")


@dataclass(frozen=True)
class Page:
    """A row of the table. `key` is the letter after `g`; an empty `permission` means everybody who is signed in."""

    label: str
    path: str
    icon: str
    key: str
    permission: str = ""


@dataclass(frozen=True)
class Item:
    label: str
    url: str
    icon: str
    key: str
    current: bool
    badge: Any = ""


@dataclass(frozen=True)
class Group:
    label: str
    items: list[Item]


TABLE: tuple[tuple[str, tuple[Page, ...]], ...] = (
    (
        "",
        (
            Page("Today", "/", "inbox", "t"),
            Page("Work list", "/work/", "list-checks", "w"),
            Page("Feed", "/feed/", "activity", "f"),
            Page("Queue", "/queue/", "layers", "x", "accounts.take_next"),
            Page("Tasks", "/tasks/", "circle-check", "d"),
            Page("Notices", "/notices/", "bell", "b"),
        ),
    ),
    (
        "Customers",
        (
            Page("Accounts", "/accounts/", "building-2", "a"),
            Page("Segments", "/segments/", "shapes", "e"),
            Page("Contacts", "/contacts/", "users", "o"),
            Page("Own records", "/objects/", "layers", "j"),
            Page("Revenue", "/revenue/", "trending-up", "m", "accounts.see_revenue"),
            Page("Products", "/products/", "tag", "y"),
            Page("Renewals", "/renewals/", "calendar-clock", "n"),
            Page("Imports", "/imports/", "file-spreadsheet", "l", "accounts.import"),
            Page("Uploads", "/uploads/", "file-up", "u", "kpis.upload"),
            Page("Data quality", "/data-quality/", "badge-check", "q"),
            Page("KPI catalogue", "/kpis/", "gauge", "k"),
            Page("Scorecards", "/scorecards/", "scale", "c"),
        ),
    ),
    (
        "Success",
        (
            Page("Indicators", "/indicators/", "flag", "i"),
            Page("Playbooks", "/playbooks/", "workflow", "p"),
        ),
    ),
    ("Insight", (Page("Reports", "/reports/", "file-text", "r"),)),
)
FOOT = (
    Page("Deleted", "/deleted/", "archive", "v"),
    Page("Settings", "/settings/", "settings", "s"),
)


@cache
def _exists(path: str, urlconf: str | None) -> bool:
    try:
        resolve(path, urlconf)
    except Resolver404:
        return False
    return True


def _waiting(request: HttpRequest) -> Any:
    """How many notices wait and what is pinned, asked for in one query only where the navigation is drawn."""
    by = request.actor  # type: ignore[attr-defined]
    return SimpleLazyObject(lambda: at_hand(by=by, on=localdate()))


def _items(pages: tuple[Page, ...], request: HttpRequest, waiting: Any = None) -> Iterator[Item]:
    urlconf = getattr(request, "urlconf", None) or get_urlconf() or settings.ROOT_URLCONF
    held = request.actor.permissions  # type: ignore[attr-defined]
    for page in pages:
        if page.permission and page.permission not in held:
            continue
        if _exists(page.path, urlconf):
            here = request.path == page.path or (page.path != "/" and request.path.startswith(page.path))
            count = page.path == "/notices/" and waiting is not None
            badge = SimpleLazyObject(lambda: str(waiting.waiting or "")) if count else ""
            yield Item(page.label, page.path, page.icon, page.key, here, badge)


def navigation(request: HttpRequest) -> dict[str, Any]:
    """Context of every page: `nav`, `nav_foot`, `theme` ('' follows the system), `workspace`, `at_hand`."""
    theme = request.COOKIES.get("theme", "")
    common: dict[str, Any] = {
        "theme": theme if theme in THEMES else "",
        "workspace": getattr(getattr(request, "tenant", None), "name", ""),
        "search_url": "",
        "nav": [],
        "nav_foot": [],
    }
    user = getattr(request, "user", None)
    if getattr(request, "actor", None) is None or not getattr(user, "is_authenticated", False):
        return common
    waiting = _waiting(request)
    groups = [Group(label, list(_items(pages, request, waiting))) for label, pages in TABLE]
    urlconf = getattr(request, "urlconf", None) or get_urlconf() or settings.ROOT_URLCONF
    return common | {
        "nav": [group for group in groups if group.items],
        "at_hand": waiting,
        "nav_foot": list(_items(FOOT, request)),
        "search_url": "/search/" if _exists("/search/", urlconf) else "",
    }
