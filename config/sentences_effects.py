"""How measurements, results and effects of playbooks read on the trail; part of config.sentences."""

from collections.abc import Mapping
from typing import Any

from playbooks.library import NAMES
from users.trail import Sentence


def _playbook(data: Mapping[str, Any]) -> str:
    return NAMES.get(data["playbook"], data["playbook"].replace("-", " "))


def _measured(data: Mapping[str, Any]) -> str:
    when = {"start": "at its start", "end": "at its end"}.get(data["moment"], f"{data['moment']} days after its end")
    return f"Measured {_playbook(data)} {when}: {data['known']} known, {data['unknown']} unknown"


def _result(data: Mapping[str, Any]) -> str:
    return f"Recorded what came of {_playbook(data)}: {str(data['code']).replace('_', ' ')}"


def _effect(data: Mapping[str, Any]) -> str:
    found = {"better": "better", "worse": "worse", "open": "none shown"}.get(data["verdict"], "cannot tell")
    return f"Estimated the effect of {_playbook(data)}: {found}"


EFFECTS = {
    "playbooks.run_measured": Sentence("Playbook measured", _measured, "ruler"),
    "playbooks.run_result_set": Sentence("Result of a playbook", _result, "flag"),
    "playbooks.effect_estimated": Sentence("Effect estimated", _effect, "scale"),
}
