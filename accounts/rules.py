from core.rules import permission

CREATE = permission("accounts.create", "Create accounts", roles=("manager", "csm"))
EDIT = permission("accounts.edit", "Edit accounts", roles=("manager", "csm"))
ARCHIVE = permission("accounts.archive", "Archive accounts", roles=("manager",))
IMPORT = permission("accounts.import", "Import accounts from a file", roles=("manager", "csm"))
EXPORT = permission("accounts.export", "Export accounts", roles=("manager", "csm", "analyst"))
RECORD_OUTCOME = permission("accounts.record_outcome", "Record churn and renewals", roles=("manager", "csm"))
EDIT_CONTRACT = permission("accounts.edit_contract", "Keep contracts and their lines", roles=("manager", "csm"))
SEE_REVENUE = permission("accounts.see_revenue", "See the revenue of the workspace", roles=("manager", "analyst"))
SET_RATES = permission("accounts.set_rates", "Set exchange rates", roles=("manager", "analyst"))
EDIT_CONTACT = permission("accounts.edit_contact", "Keep the people at accounts and their roles", roles=("manager", "csm"))
