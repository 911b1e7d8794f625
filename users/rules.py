from typing import Any

from core.actor import Actor
from core.rules import permission, rule
from tenants.rules import OPERATE

MANAGE_USERS = permission("users.manage", "Manage people and roles")
MANAGE_TOKENS = permission("users.tokens", "Make and revoke API tokens", roles=("manager", "csm", "analyst"))
EDIT_WORKSPACE = permission("users.edit_workspace", "Rename the workspace")
VIEW_TRAIL = permission("core.view_trail", "Read the audit trail", roles=("manager",))

# Never part of a role: operators hold it because they are operators, in their own tenant only.
OPERATORS_ONLY = frozenset({OPERATE})


@rule(VIEW_TRAIL)
def _sees_the_whole_book(by: Actor, _: Any) -> bool:
    """The trail names every account, so it is not for people who see only their own."""
    return by.sees_all
