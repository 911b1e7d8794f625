from playbooks.views.effects import effect, effect_cancel, effect_state, run_effect
from playbooks.views.failed import failed, resume_step
from playbooks.views.library import playbooks, set_trigger
from playbooks.views.replay import trigger_replay
from playbooks.views.runs import panel, run, runs, start_run, stop_run
from playbooks.views.today import today
from playbooks.views.work import complete_step, decide_step, reopen_step

__all__ = [
    "complete_step",
    "effect",
    "effect_cancel",
    "effect_state",
    "decide_step",
    "failed",
    "panel",
    "playbooks",
    "reopen_step",
    "resume_step",
    "run",
    "run_effect",
    "runs",
    "set_trigger",
    "start_run",
    "stop_run",
    "today",
    "trigger_replay",
]
