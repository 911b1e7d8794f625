from core.rules import permission

OPERATE = permission("tenants.operate", "Operate the platform")
