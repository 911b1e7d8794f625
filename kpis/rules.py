from core.rules import permission

UPLOAD = permission("kpis.upload", "Upload KPI files", roles=("manager", "csm", "analyst"))
CORRECT_VALUE = permission("kpis.correct_value", "Correct a KPI value", roles=("manager", "csm"))
EDIT_CATALOGUE = permission("kpis.edit_catalogue", "Edit the KPI catalogue", roles=("manager", "analyst"))
SAMPLE_DATA = permission("kpis.sample_data", "Add and remove sample data", roles=("manager",))
