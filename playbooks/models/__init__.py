from playbooks.models.library import Playbook, Trigger, plain
from playbooks.models.runs import Run, Step

__all__ = ["Playbook", "Run", "Step", "Trigger", "plain"]
