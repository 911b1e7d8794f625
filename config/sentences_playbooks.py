"""How playbooks, their runs and steps read on the trail; part of config.sentences."""

from collections.abc import Mapping
from typing import Any

from playbooks.library import NAMES, STEPS
from users.trail import Sentence


def _playbook(data: Mapping[str, Any]) -> str:
    return NAMES.get(data["playbook"], data["playbook"].replace("-", " "))


def _step(verb: str) -> Any:
    def said(data: Mapping[str, Any]) -> str:
        step = STEPS.get((data["playbook"], data["step"]), data["step"].replace("-", " "))
        did = "Skipped" if data.get("skipped") else verb.format_map(data)
        return f"{did} “{step}”: {_playbook(data)}"

    return said


def _approval(data: Mapping[str, Any]) -> str:
    return _step("Agreed to" if data["agrees"] else "Rejected")(data)


def _run(verb: str) -> Any:
    return lambda data: f"{verb.format_map(data)} {_playbook(data)}"


def _finished(data: Mapping[str, Any]) -> str:
    return f"{_playbook(data)} {'is done' if data['state'] == 'done' else 'ended early'}"


def _handed(data: Mapping[str, Any]) -> str:
    count = data["steps"]
    return f"Gave {count} open {'step' if count == 1 else 'steps'} to the account's owner"


def _trigger(data: Mapping[str, Any]) -> str:
    """threshold and active: [before, after]; equal when that part stayed."""
    parts = []
    if len(set(data["threshold"])) > 1:
        parts.append("threshold from {} to {}".format(*data["threshold"]))
    if len(set(data["active"])) > 1:
        parts.append("switched on" if data["active"][-1] else "switched off")
    return "Changed a trigger" + (f": {', '.join(parts)}" if parts else "")


PLAYBOOKS = {
    "playbooks.run_started": Sentence("Playbook started", _run("Started"), "play"),
    "playbooks.step_completed": Sentence("Step completed", _step("Completed"), "circle-check", "good"),
    "playbooks.step_reopened": Sentence("Step taken back", _step("Took back"), "undo-2"),
    "playbooks.steps_handed_over": Sentence("Steps handed over", _handed, "users"),
    "playbooks.run_finished": Sentence("Playbook ended", _finished, "flag"),
    "playbooks.drafted": Sentence("Playbook drafted", _run("Drafted version {number} of"), "pencil"),
    "playbooks.published": Sentence("Playbook published", _run("Published version {number} of"), "workflow"),
    "playbooks.step_failed": Sentence("Step failed", _step("Gave up"), "triangle-alert", "bad"),
    "playbooks.step_resumed": Sentence("Step taken up again", _step("Took up again"), "rotate-ccw"),
    "playbooks.approval_given": Sentence("Approval decided", _approval, "scale"),
    "playbooks.approval_delegated": Sentence("Approval delegated", _step("Let {user_id} decide"), "users"),
    "playbooks.trigger_changed": Sentence("Trigger changed", _trigger, "zap"),
}
