from playbooks.operations.runs import AlreadyRunning, RunEnded, start_run, stop_run
from playbooks.operations.setup import install_library
from playbooks.operations.steps import StepNotOpen, complete_step, hand_over_steps, reopen_step
from playbooks.operations.triggers import evaluate_account, evaluate_triggers, set_trigger
from playbooks.operations.versions import NotADraft, NotReady, draft_version, edit_draft, problems_of, publish_version

__all__ = [
    "AlreadyRunning",
    "NotADraft",
    "NotReady",
    "RunEnded",
    "StepNotOpen",
    "complete_step",
    "draft_version",
    "edit_draft",
    "evaluate_account",
    "evaluate_triggers",
    "hand_over_steps",
    "install_library",
    "problems_of",
    "publish_version",
    "reopen_step",
    "set_trigger",
    "start_run",
    "stop_run",
]
