"""The one workflow engine (trigger, step, run) and the success playbooks on it; the work list and the day."""
