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


def _snoozed(data: Mapping[str, Any]) -> str:
    what = {"step": "a playbook step", "data": "a request for data"}.get(str(data["kind"]), f"a {data['kind']}")
    return f"Put away {what} until {data['until']}: {data['reason']}" if data["until"] else f"Woke {what}"


def _day_off(data: Mapping[str, Any]) -> str:
    return f"{'Took back' if data['removed'] else 'Added'} the day off {data['on']}"


def _held(thing: str, label: str) -> Any:
    def says(data: Mapping[str, Any]) -> str:
        fields = f": {', '.join(data['fields']).replace('_', ' ')}" if data["fields"] else ""
        return f"{_verb(data)} {thing} “{data[label]}”{fields}"

    return says


SENTENCES = {
    "accounts.site_changed": Sentence("Site changed", _held("the site", "label"), "building-2"),
    "accounts.product_changed": Sentence("Product changed", _held("the product", "label"), "shapes"),
    "accounts.entitlement_changed": Sentence("Entitlement changed", _held("the use of", "product"), "badge-check"),
    "accounts.activity_changed": Sentence("Activity changed", _activity, "message-square"),
    "accounts.task_changed": Sentence("Task changed", _task, "list-checks"),
    "accounts.task_template_changed": Sentence("Task template changed", _template, "list-checks"),
    "accounts.comment_changed": Sentence("Comment changed", _comment, "message-square"),
    "accounts.day_off_changed": Sentence("Days off changed", _day_off, "calendar-days"),
    "accounts.work_snoozed": Sentence("Work put away", _snoozed, "clock"),
    "accounts.document_changed": Sentence("Document changed", _document, "file-text"),
}
