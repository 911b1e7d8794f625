from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction

from core.actor import Actor
from core.audit import record
from core.errors import Conflict, DomainError
from core.rules import ROLES, SEES_ALL, require
from users import rules
from users.events import RoleEdited, RoleRestored
from users.models import Role
from users.queries import offered_permissions, version_of


class AdminStaysWhole(DomainError):
    """Somebody must be able to undo every change, so the Admin role holds everything."""


def _defaults(code: str) -> list[str]:
    return [known.name for known in offered_permissions() if code in known.roles]


@transaction.atomic
def create_default_roles(*, at: datetime, by: Actor) -> None:
    """Give a new tenant the five built-in roles; leaves those that are there as they are."""
    there = set(Role.objects.values_list("code", flat=True))
    Role.objects.bulk_create(
        Role(code=code, name=name, permissions=_defaults(code), sees_all=code in SEES_ALL)
        for code, name in ROLES.items()
        if code not in there
    )


def require_within(by: Actor, granted: Collection[str]) -> None:
    """Nobody hands out, or takes away, more than they hold themselves."""
    if not by.is_system and not set(granted) <= by.permissions:
        raise PermissionDenied("You can only give rights that you hold yourself.")


@dataclass(frozen=True)
class Wanted:
    """What the holders of one role shall be able to do from now on."""

    permissions: frozenset[str]
    sees_all: bool


@transaction.atomic
def edit_roles(*, wanted: Mapping[str, Wanted], seen: str, by: Actor) -> list[str]:
    """Change what roles may do, at once for everybody who holds them; returns the codes of those that changed.

    wanted: by code of the role; roles that are not named stay. seen: queries.version_of(roles) when they were read.
    Emits RoleEdited per changed role. Raises PermissionDenied, AdminStaysWhole, or Conflict with nothing changed.
    """
    require(by, rules.MANAGE_USERS)
    roles = list(Role.objects.select_for_update().order_by("code"))
    if seen != version_of(roles):
        raise Conflict("Somebody else has changed the roles since you opened this page. Nothing of yours was saved.")
    by_code = {role.code: role for role in roles}
    if unknown := wanted.keys() - by_code.keys():
        raise DomainError(f"There is no role called {sorted(unknown)[0]}.")
    return [code for code in sorted(wanted) if _edit_role(by_code[code], wanted[code], by)]


def _edit_role(role: Role, wanted: Wanted, by: Actor) -> bool:
    before = frozenset(role.permissions)
    if wanted == Wanted(before, role.sees_all):
        return False
    if role.is_admin:
        raise AdminStaysWhole("The Admin role always holds every permission.")
    if unknown := wanted.permissions - {known.name for known in offered_permissions()}:
        raise DomainError(f"There is no permission called {sorted(unknown)[0]}.")
    added, removed = sorted(wanted.permissions - before), sorted(before - wanted.permissions)
    require_within(by, [*added, *removed])
    role.permissions, role.sees_all = sorted(wanted.permissions), wanted.sees_all
    role.save(update_fields=["permissions", "sees_all"])
    record(RoleEdited(None, role.code, added, removed, wanted.sees_all), by=by)
    return True


@transaction.atomic
def restore_role(*, role_id: UUID, by: Actor) -> Role:
    """Give a built-in role the permissions it was delivered with. Emits RoleRestored."""
    role = Role.objects.select_for_update().get(pk=role_id)
    require(by, rules.MANAGE_USERS, role)
    if not role.built_in:
        raise DomainError(f"{role.name} is a role of your own, there is nothing to restore.")
    require_within(by, set(_defaults(role.code)) ^ set(role.permissions) if not role.is_admin else ())
    role.name, role.permissions, role.sees_all = ROLES[role.code], _defaults(role.code), role.code in SEES_ALL
    role.save(update_fields=["name", "permissions", "sees_all"])
    record(RoleRestored(None, role.code), by=by)
    return role
