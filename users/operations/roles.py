from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction

from core.actor import Actor
from core.audit import record
from core.errors import DomainError
from core.rules import ROLES, SEES_ALL, permissions, require
from users import rules
from users.events import RoleEdited, RoleRestored
from users.models import Role
from users.queries import offered_permissions


class AdminStaysWhole(DomainError):
    """Somebody must be able to undo every change, so the Admin role holds everything."""


def _defaults(code: str) -> list[str]:
    return [known.name for known in permissions() if code in known.roles]


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


@transaction.atomic
def edit_role(*, role_id: UUID, granted: Collection[str], sees_all: bool, by: Actor) -> Role:
    """Change what the holders of a role may do, from now on. Unknown permissions are refused.

    Emits RoleEdited. Raises Role.DoesNotExist, PermissionDenied or AdminStaysWhole.
    """
    role = Role.objects.select_for_update().get(pk=role_id)
    require(by, rules.MANAGE_USERS, role)
    if role.is_admin:
        raise AdminStaysWhole("The Admin role always holds every permission.")
    wanted, before = set(granted), set(role.permissions)
    if unknown := wanted - {known.name for known in offered_permissions()}:
        raise DomainError(f"There is no permission called {sorted(unknown)[0]}.", field="permissions")
    require_within(by, wanted ^ before)
    if wanted == before and sees_all == role.sees_all:
        return role
    role.permissions, role.sees_all = sorted(wanted), sees_all
    role.save(update_fields=["permissions", "sees_all"])
    record(RoleEdited(None, role.code, sorted(wanted - before), sorted(before - wanted), sees_all), by=by)
    return role


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
