"""How activities, tasks, comments and documents read on the trail; part of config.sentences."""

from collections.abc import Mapping
from typing import Any

from users.trail import Sentence

_NAMES = {"call": "a call", "mail": "a mail", "meeting": "a meeting", "note": "a note"}
_VERBS = {"restored": "Brought back", "reopened": "Opened again", "given": "Gave", "woken": "Woke"}


def _verb(data: Mapping[str, Any]) -> str:
    what = str(data["what"])
    return _VERBS.get(what, what.capitalize())


def _activity(data: Mapping[str, Any]) -> str:
    fields = f": {', '.join(data['fields']).replace('_', ' ')}" if data["fields"] else ""
    return f"{_verb(data)} {_NAMES.get(data['kind'], 'an activity')}{fields}"


def _task(data: Mapping[str, Any]) -> str:
    if data["what"] == "done":
        return "Did a task"
    fields = f": {', '.join(data['fields']).replace('_', ' ')}" if data["fields"] else ""
    return f"{_verb(data)} a task{' to somebody else' if data['what'] == 'given' else ''}{fields}"


def _template(data: Mapping[str, Any]) -> str:
    made = f": {data['tasks']} tasks" if data["tasks"] else ""
    return f"{_verb(data)} a task template{made}"


def _comment(data: Mapping[str, Any]) -> str:
    at = f" at {'an' if data['subject_kind'] == 'account' else 'a'} {data['subject_kind']}"
    return f"{'Wrote' if data['what'] == 'written' else _verb(data)} a comment{at}"


def _document(data: Mapping[str, Any]) -> str:
    if data["what"] == "downloaded":
        return "A document was downloaded through its link"
    return "Revoked a link to a document" if data["what"] == "revoked" else f"{_verb(data)} a document"


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


_VIEW = {
    "saved": "Saved a view", "changed": "Changed a saved view", "shared": "Shared a saved view",
    "unshared": "Kept a saved view to themselves again", "removed": "Removed a saved view",
    "restored": "Brought a saved view back",
}  # fmt: skip


def _view(data: Mapping[str, Any]) -> str:
    return _VIEW.get(data["what"], "Changed a saved view")


def _segment(data: Mapping[str, Any]) -> str:
    return f"{data['what'].capitalize()} the segment {data['segment']}: {data['where']}"


def _left(data: Mapping[str, Any]) -> str:
    days = data["days"]
    return f"Left the segment {data['segment']} after {days} day{'' if days == 1 else 's'}"


def _bulk(data: Mapping[str, Any]) -> str:
    fields = ", ".join(_FIELDS.get(name, name.replace("_", " ")) for name in data["changes"])
    return f"Changed {data['accounts']:,} accounts at once: {fields}"


SENTENCES = {
    "accounts.activity_changed": Sentence("Activity changed", _activity, "message-square"),
    "accounts.task_changed": Sentence("Task changed", _task, "list-checks"),
    "accounts.task_template_changed": Sentence("Task template changed", _template, "list-checks"),
    "accounts.comment_changed": Sentence("Comment changed", _comment, "message-square"),
    "accounts.document_changed": Sentence("Document changed", _document, "file-text"),
}
