from core.rules import permission

UPLOAD = permission("kpis.upload", "Upload KPI files", roles=("manager", "csm", "analyst"))
CORRECT_VALUE = permission("kpis.correct_value", "Correct a KPI value", roles=("manager", "csm"))
EDIT_CATALOGUE = permission("kpis.edit_catalogue", "Edit the KPI catalogue", roles=("manager", "analyst"))
SAMPLE_DATA = permission("kpis.sample_data", "Add and remove sample data", roles=("manager",))
EDIT_SCORECARD = permission("kpis.edit_scorecard", "Draft and test scorecards", roles=("manager", "analyst"))
PUBLISH_SCORECARD = permission("kpis.publish_scorecard", "Approve and publish scorecards", roles=("manager",))
SET_EXCEPTION = permission("kpis.set_exception", "Cap or floor a health score", roles=("manager",))
SET_TARGET = permission("kpis.set_target", "Set targets for an account", roles=("manager", "csm"))
CLEAN_DATA = permission("kpis.clean_data", "Accept cleaning suggestions", roles=("manager", "analyst"))
ROLL_BACK = permission("kpis.roll_back", "Roll back uploads", roles=("manager", "analyst"))
EDIT_INDICATORS = permission("kpis.edit_indicators", "Edit the rules of indicators", roles=("manager", "analyst"))
