"""How the entries of teams and of assignment read."""

from collections.abc import Mapping
from typing import Any

from users.trail import Sentence

_TEAM = {
    "created": "Made a team",
    "edited": "Changed a team",
    "archived": "Archived a team",
    "restored": "Brought a team back",
    "member_set": "Put a person into a team, or changed what they can carry",
    "member_removed": "Took a person out of a team",
}
_RULE = {
    "created": "Made an assignment rule",
    "edited": "Changed an assignment rule",
    "paused": "Paused an assignment rule",
    "resumed": "Let an assignment rule go on",
}
_HOW = {"rule": "by a rule", "queue": "from the queue", "hand_over": "in a hand-over"}


def _assigned(data: Mapping[str, Any]) -> str:
    if data["user_id"] is None:
        return "Put the account into the queue of a team"
    return f"The account got another owner {_HOW.get(data['how'], '')}".strip()


def _handed(data: Mapping[str, Any]) -> str:
    kept = f"; {data['kept']} accounts stay" if data["kept"] else ""
    return f"Handed over {data['accounts']} accounts and {data['tasks']} tasks of a person{kept}"


TEAMS: dict[str, Sentence] = {
    "accounts.team_changed": Sentence("Team changed", lambda data: _TEAM[data["what"]], "users"),
    "accounts.assignment_rule_changed": Sentence("Assignment rule", lambda data: _RULE[data["what"]], "scale"),
    "accounts.account_assigned": Sentence("Owner found", _assigned, "user-plus"),
    "accounts.handed_over": Sentence("Handed over", _handed, "users"),
}
