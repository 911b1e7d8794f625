from core.rules import permission

CREATE = permission("accounts.create", "Create accounts", roles=("manager", "csm"))
EDIT = permission("accounts.edit", "Edit accounts", roles=("manager", "csm"))
ARCHIVE = permission("accounts.archive", "Archive accounts", roles=("manager",))
IMPORT = permission("accounts.import", "Import accounts from a file", roles=("manager", "csm"))
EXPORT = permission("accounts.export", "Export accounts", roles=("manager", "csm", "analyst"))
RECORD_OUTCOME = permission("accounts.record_outcome", "Record churn and renewals", roles=("manager", "csm"))
