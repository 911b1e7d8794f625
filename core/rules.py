"""Permissions: named, listed by the app that owns them, granted by roles, checked by `require`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied

from core.actor import Actor

ADMIN, MANAGER, CSM, ANALYST, VIEWER = "admin", "manager", "csm", "analyst", "viewer"
ROLES: dict[str, str] = {
    ADMIN: "Admin",
    MANAGER: "Manager",
    CSM: "CSM",
    ANALYST: "Analyst",
    VIEWER: "Viewer",
}
# A CSM sees the accounts they own; everybody else sees the whole book.
SEES_ALL = frozenset({ADMIN, MANAGER, ANALYST, VIEWER})


@dataclass(frozen=True)
class Permission:
    """A verb somebody may be allowed to do; `roles` are the default roles that hold it. Admin holds all."""

    name: str
    label: str
    roles: tuple[str, ...]


_PERMISSIONS: dict[str, Permission] = {}
_RULES: dict[str, Callable[[Actor, Any], bool]] = {}


def permission(name: str, label: str, *, roles: tuple[str, ...] = ()) -> str:
    """Register a permission and return its name; every app lists its own in `rules.py`.

    Raises ValueError for a role that does not exist and for a name that means something else already.
    """
    made = Permission(name, label, (ADMIN, *roles))
    if not set(roles) <= set(ROLES) - {ADMIN}:
        raise ValueError(f"{name}: no such roles: {roles}")
    if _PERMISSIONS.setdefault(name, made) != made:
        raise ValueError(f"{name} is registered twice")
    return name


def permissions() -> list[Permission]:
    return sorted(_PERMISSIONS.values(), key=lambda known: known.name)


def rule(name: str) -> Callable[[Callable[[Actor, Any], bool]], Callable[[Actor, Any], bool]]:
    """Register the object-level condition of a permission; without one, holding it is enough."""

    def register(check: Callable[[Actor, Any], bool]) -> Callable[[Actor, Any], bool]:
        _RULES[name] = check
        return check

    return register


def allowed(by: Actor, name: str, obj: Any = None) -> bool:
    if by.is_system:
        return True
    return name in by.permissions and _RULES.get(name, lambda by, obj: True)(by, obj)


def require(by: Actor, name: str, obj: Any = None) -> None:
    """Raise PermissionDenied unless `by` may do this to `obj`."""
    if not allowed(by, name, obj):
        known = _PERMISSIONS.get(name)
        verb = known.label[:1].lower() + known.label[1:] if known else name
        raise PermissionDenied(f"Your role does not allow you to {verb}.")
