from core.rules import permission

CREATE_REPORT = permission("analytics.create_report", "Create reports", roles=("manager", "csm", "analyst", "viewer"))
