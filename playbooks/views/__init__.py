from playbooks.views.library import playbooks, set_trigger
from playbooks.views.runs import panel, run, runs, start_run, stop_run
from playbooks.views.today import today
from playbooks.views.work import complete_step, reopen_step

__all__ = [
    "complete_step",
    "panel",
    "playbooks",
    "reopen_step",
    "run",
    "runs",
    "set_trigger",
    "start_run",
    "stop_run",
    "today",
]
