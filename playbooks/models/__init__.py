from playbooks.models.library import Playbook, PlaybookVersion, Trigger, plain
from playbooks.models.runs import Run, Step

__all__ = ["Playbook", "PlaybookVersion", "Run", "Step", "Trigger", "plain"]
