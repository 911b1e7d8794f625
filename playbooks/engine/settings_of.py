"""What each kind of step takes: name -> (needed, what checks it). A check gives what is wrong, "" for nothing."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

Check = Callable[[Any], str]
Form = Mapping[str, tuple[bool, Check]]
UPDATABLE = ("tier", "region", "industry")  # fields of the account that a playbook may set
DATES = ("renewal_on",)  # days of the account that a step can wait for
WORK = ("task", "approval", "form")  # what a person does
LONGEST_WAIT = 730  # days
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def check(given: Mapping[str, Any], form: Form) -> Iterator[tuple[str, str]]:
    """What is wrong with the settings of a step, each with the name it belongs to."""
    for name in given:
        if name not in form:
            yield name, f"This kind of step takes no “{name}”."
    for name, (needed, right) in form.items():
        if name in given:
            if message := right(given[name]):
                yield name, message
        elif needed:
            yield name, f"Say {name.replace('_', ' ')}."
    if form is KINDS["wait"] and len({"working_days", "days", "until"} & set(given)) != 1:
        yield "", "Wait for working_days, for days, or until a date: one of them."
    if form is KINDS["approval"] and given.get("mode") == "quorum" and "quorum" not in given:
        yield "quorum", "Say how many have to agree."


def text(most: int) -> Check:
    return lambda given: "" if isinstance(given, str) and len(given) <= most else f"This is text of up to {most}."


def said(most: int) -> Check:
    longer = text(most)
    return lambda given: longer(given) or ("" if given.strip() else "This is empty.")


def number(least: int, most: int) -> Check:
    def right(given: Any) -> str:
        whole = isinstance(given, int) and not isinstance(given, bool)
        return "" if whole and least <= given <= most else f"This is a whole number from {least} to {most}."

    return right


def one_of(*known: str) -> Check:
    return lambda given: "" if isinstance(given, str) and given in known else f"This is one of: {', '.join(known)}."


def _yes(given: Any) -> str:
    return "" if isinstance(given, bool) else "This is true or false."


def _raci(given: Any) -> str:
    """{"R": [roles], "A": role, "C": [roles], "I": [roles]}: exactly one answers for a step."""
    if not isinstance(given, dict) or not set(given) <= set("RACI"):
        return "This has R, A, C and I."
    if not isinstance(given.get("A"), str) or not given["A"].strip():
        return "Exactly one role answers for it: A."
    for letter in set(given) - {"A"}:
        if not isinstance(given[letter], list) or not all(isinstance(role, str) for role in given[letter]):
            return f"{letter} is a list of roles."
    return "" if given.get("R") else "Somebody has to do it: R."


def _person(given: Any) -> str:
    """{"owner": true}, {"role": code} or {"person": id}."""
    if isinstance(given, dict) and len(given) == 1:
        ((kind, value),) = given.items()
        if kind == "owner" and value is True:
            return ""
        if kind == "role" and isinstance(value, str) and value:
            return ""
        if kind == "person" and isinstance(value, str) and _UUID.fullmatch(value):
            return ""
    return 'Name the owner of the account, a role or a person: {"owner": true}, {"role": "manager"}, {"person": id}.'


def _people(given: Any) -> str:
    if not isinstance(given, list) or not given:
        return "Name at least one."
    return next(filter(None, map(_person, given)), "")


def _time_out(given: Any) -> str:
    """{"working_days": n, "then": "skip" | "escalate" | "reject", "to": person}."""
    if not isinstance(given, dict) or not set(given) <= {"working_days", "then", "to"}:
        return "A time-out has working_days, then, and to."
    wrong = number(1, LONGEST_WAIT)(given.get("working_days")) or one_of("skip", "escalate", "reject")(
        given.get("then")
    )
    return wrong or (_person(given.get("to")) if given["then"] == "escalate" else "")


def _address(given: Any) -> str:
    parts = urlsplit(given) if isinstance(given, str) and len(given) <= 2000 else None
    return (
        "" if parts and parts.scheme == "https" and parts.hostname else "This is an address that starts with https://."
    )


def _body(given: Any) -> str:
    return "" if isinstance(given, dict) else "This is an object."


def _questions(given: Any) -> str:
    """[{"id", "label", "kind": text | number | date | choice | yes, "required", "choices"}]"""
    if not isinstance(given, list) or not 1 <= len(given) <= 50:
        return "Ask 1 to 50 questions."
    ids: set[str] = set()
    for one in given:
        if not isinstance(one, dict) or not set(one) <= {"id", "label", "kind", "required", "choices"}:
            return "A question has id, label, kind, required and choices."
        wrong = said(50)(one.get("id")) or said(300)(one.get("label"))
        wrong = wrong or one_of("text", "number", "date", "choice", "yes")(one.get("kind"))
        if wrong:
            return f"Question {len(ids) + 1}: {wrong}"
        if one["kind"] == "choice" and not one.get("choices"):
            return f"“{one['label']}” needs choices."
        ids.add(one["id"])
    return "" if len(ids) == len(given) else "Two questions have one id."


_DUE: Form = {
    "day": (False, number(0, LONGEST_WAIT)),
    "before": (False, number(0, LONGEST_WAIT)),
    "droppable": (False, _yes),
    "role": (False, text(40)),
    "instructions": (False, text(2000)),
    "time_out": (False, _time_out),
}
ANCHOR: Form = {"field": (True, one_of(*DATES)), "days": (True, number(1, LONGEST_WAIT))}
KINDS: dict[str, Form] = {
    "task": {**_DUE, "day": (True, number(0, LONGEST_WAIT)), "raci": (False, _raci)},
    "wait": {
        "working_days": (False, number(0, LONGEST_WAIT)),
        "days": (False, number(0, LONGEST_WAIT)),
        "until": (False, one_of(*DATES)),
        "plus_days": (False, number(-LONGEST_WAIT, LONGEST_WAIT)),
    },
    "branch": {},
    "parallel": {"join": (True, one_of("all", "any"))},
    "notify": {"to": (True, _people), "text": (True, said(300))},
    "mail": {"to": (True, _people), "subject": (True, said(200)), "text": (True, said(10_000))},
    "update": {"field": (True, one_of(*UPDATABLE)), "value": (True, text(200))},
    "approval": {
        **_DUE,
        "mode": (True, one_of("serial", "parallel", "quorum")),
        "quorum": (False, number(1, 50)),
        "approvers": (True, _people),
        "rejected": (False, one_of("stop", "continue")),
    },
    "http": {
        "method": (True, one_of("GET", "POST", "PUT", "PATCH", "DELETE")),
        "url": (True, _address),
        "body": (False, _body),
    },
    "start": {"playbook": (True, said(50))},
    "form": {**_DUE, "questions": (True, _questions)},
}
