"""The tabs over the settings pages, allauth's included."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django import template
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from core.rules import allowed
from users import rules

register = template.Library()


@dataclass(frozen=True)
class Tab:
    label: str
    url: str
    current: bool


# label, URL name, permission, other paths that belong to it
_TABS = (
    ("Profile", "users:settings", "", ()),
    ("Sign-in and security", "mfa_index", "", ("/email/", "/confirm-email/", "/password/", "/reauthenticate/")),
    ("Workspace", "users:workspace", rules.EDIT_WORKSPACE, ()),
    ("People", "users:people", rules.MANAGE_USERS, ()),
    ("Roles", "users:roles", rules.MANAGE_USERS, ()),
    ("Own fields", "accounts:fields", "accounts.keep_fields", ()),
    ("Own objects", "accounts:objects", "accounts.keep_fields", ()),
    ("API tokens", "users:tokens", rules.MANAGE_TOKENS, ()),
    ("Audit trail", "users:trail", rules.VIEW_TRAIL, ()),
)
_MORE: list[tuple[str, str, str, tuple[str, ...]]] = []


def connect(tabs: Iterable[tuple[str, str, str, tuple[str, ...]]]) -> None:
    """Pages that the floors above add: label, URL name, permission, other paths; named in config.wiring."""
    _MORE[:] = tabs


@register.simple_tag(takes_context=True)
def settings_tabs(context: Mapping[str, Any]) -> list[Tab]:
    """The tabs that this person may open on this host; the operators' host has the second one only."""
    request: HttpRequest = context["request"]
    tabs = []
    for label, name, permission, others in (*_TABS, *_MORE):
        if permission and not allowed(request.actor, permission):  # type: ignore[attr-defined]
            continue
        try:
            url = reverse(name, urlconf=getattr(request, "urlconf", None))
        except NoReverseMatch:
            continue
        below = request.path.startswith((url, *others)) and name != "users:settings"  # every page is below that one
        tabs.append(Tab(label, url, below or request.path == url))
    return tabs
