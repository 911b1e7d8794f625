from core.rules import permission

MANAGE_USERS = permission("users.manage", "Manage people and roles")
MANAGE_TOKENS = permission("users.tokens", "Make and revoke API tokens", roles=("manager", "csm", "analyst"))
VIEW_TRAIL = permission("core.view_trail", "Read the audit trail", roles=("manager",))
OPERATE = permission("tenants.operate", "Operate the platform")
