from core.rules import permission

START = permission("playbooks.start", "Start a playbook", roles=("manager", "csm"))
COMPLETE_STEP = permission("playbooks.complete_step", "Complete a step", roles=("manager", "csm"))
EDIT = permission("playbooks.edit", "Edit playbooks and their triggers", roles=("manager",))
