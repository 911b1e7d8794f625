from playbooks.operations.approvals import NotAsked, decide_step, delegate_step
from playbooks.operations.mending import NotFailed, resume_step
from playbooks.operations.runs import AlreadyRunning, RunEnded, start_run, stop_run
from playbooks.operations.setup import install_library
from playbooks.operations.steps import StepNotOpen, complete_step, hand_over_steps, reopen_step
from playbooks.operations.triggers import evaluate_account, evaluate_triggers, set_trigger
from playbooks.operations.versions import NotADraft, NotReady, draft_version, edit_draft, problems_of, publish_version
from playbooks.operations.working_off import do_step, work_off

__all__ = [
    "AlreadyRunning",
    "NotADraft",
    "NotAsked",
    "NotFailed",
    "NotReady",
    "RunEnded",
    "StepNotOpen",
    "complete_step",
    "decide_step",
    "delegate_step",
    "do_step",
    "draft_version",
    "edit_draft",
    "evaluate_account",
    "evaluate_triggers",
    "hand_over_steps",
    "install_library",
    "problems_of",
    "publish_version",
    "reopen_step",
    "resume_step",
    "set_trigger",
    "start_run",
    "stop_run",
    "work_off",
]
