from playbooks.models.effects import EffectEstimate, Measurement, RunResult
from playbooks.models.library import Playbook, PlaybookVersion, Trigger, plain
from playbooks.models.runs import Run, Step

__all__ = [
    "EffectEstimate",
    "Measurement",
    "Playbook",
    "PlaybookVersion",
    "Run",
    "RunResult",
    "Step",
    "Trigger",
    "plain",
]
