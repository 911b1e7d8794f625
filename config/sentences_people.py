"""How the entries of contacts and their roles read."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from users.trail import Sentence


def _on(day: str) -> str:
    return f"{date.fromisoformat(day):%-d %b %Y}"


_HELD = {"economic_buyer": "an economic buyer", "admin": "an admin"}


def _held(role: str) -> str:
    return _HELD.get(role, f"a {role.replace('_', ' ')}")


def _role_ended(data: Mapping[str, Any]) -> str:
    what = "Somebody left who was" if data["left"] else "Somebody is no longer"
    return f"{what} {_held(data['role'])}, {_on(data['on'])}: {data['reason']}"


def _champion_left(data: Mapping[str, Any]) -> str:
    others = data["others"]
    rest = "nobody is champion now" if not others else f"{others} other{'s are' if others > 1 else ' is'} champion"
    return f"The champion is gone since {_on(data['on'])}, {rest}: {data['reason']}"


_STANCES = {-2: "against us", -1: "sceptical", 0: "neutral", 1: "well-disposed", 2: "for us", None: "unknown"}


def _standing(data: Mapping[str, Any]) -> str:
    parts = []
    for name, (old, new) in data["changes"].items():
        if name == "stance":
            parts.append(f"stance from {_STANCES[old]} to {_STANCES[new]}")
        else:
            parts.append(f"influence from {old} to {new}" if name == "influence" else "whom they report to")
    return f"Changed what a person counts for: {', '.join(parts)}"


PEOPLE: dict[str, Sentence] = {
    "accounts.contact_created": Sentence("Contact added", "Added a contact ({source})", "user-plus"),
    "accounts.contact_edited": Sentence(
        "Contact edited", lambda data: f"Changed a contact: {', '.join(data['fields'])}", "pencil"
    ),
    "accounts.contact_archived": Sentence(
        "Contact archived",
        lambda data: "Brought a contact back" if data["restored"] else "Archived a contact",
        "archive",
    ),
    "accounts.role_opened": Sentence(
        "Contact has a role", lambda data: f"There is {_held(data['role'])} since {_on(data['on'])}", "user-plus"
    ),
    "accounts.standing_changed": Sentence("Standing of a contact", _standing, "users"),
    "accounts.role_ended": Sentence("Role of a contact ended", _role_ended, "user-x"),
    "accounts.champion_left": Sentence("Champion left", _champion_left, "triangle-alert", "bad"),
}
