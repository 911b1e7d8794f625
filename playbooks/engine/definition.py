"""What a playbook says: a tree of steps, read and checked with the place of everything that is wrong.

    {"steps": [
        {"id": "call", "kind": "task", "name": "Call them", "day": 2, "role": "CSM"},
        {"id": "both", "kind": "parallel", "name": "Side by side", "join": "all", "branches": [[...], [...]]},
        {"id": "how", "kind": "branch", "name": "By health", "cases": [{"where": "health < 50", "steps": [...]}]}]}

A place is written like `steps[2].cases[0].where`.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from playbooks.engine import settings_of

MOST_NODES, DEEPEST = 200, 8
_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,49}")
ConditionCheck = Callable[[str], str]  # a condition -> what is wrong with it, "" for nothing


@dataclass(frozen=True)
class Node:
    """One step. settings: what its kind takes. lanes: of a parallel its branches, of a branch its cases and, last,
    what happens otherwise; empty for the other kinds."""

    id: str
    kind: str
    name: str
    settings: Mapping[str, Any] = field(default_factory=dict, compare=False)
    lanes: tuple[tuple["Node", ...], ...] = ()


@dataclass(frozen=True)
class Problem:
    place: str
    message: str

    def __str__(self) -> str:
        return f"{self.place}: {self.message}" if self.place else self.message


class NotADefinition(ValueError):
    """The document is no definition; `problems` says all that is wrong, each with its place."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = problems


def read(document: Any, *, condition: ConditionCheck | None = None) -> tuple[Node, ...]:
    """The tree of a definition. Raises NotADefinition. condition: checks what branches ask; left out for documents
    that were checked before."""
    reader = _Reader(condition)
    if not isinstance(document, dict):
        raise NotADefinition([Problem("", "A definition is an object with steps.")])
    for name in sorted(set(document) - {"steps", "anchor"}):
        reader.wrong(name, f"There is nothing called “{name}” here.")
    nodes = reader.lane(document.get("steps"), "steps", 1)
    if "anchor" in document:
        reader.settings("anchor", document["anchor"], settings_of.ANCHOR)
    if reader.problems:
        raise NotADefinition(reader.problems)
    return nodes


class _Reader:
    """Goes through a document once and collects what is wrong."""

    def __init__(self, condition: ConditionCheck | None) -> None:
        self.problems: list[Problem] = []
        self.ids: set[str] = set()
        self.condition = condition

    def wrong(self, place: str, message: str) -> None:
        self.problems.append(Problem(place, message))

    def lane(self, given: Any, place: str, depth: int, *, may_be_empty: bool = False) -> tuple[Node, ...]:
        if not isinstance(given, list) or not (given or may_be_empty):
            self.wrong(place, "List at least one step.")
            return ()
        if depth > DEEPEST:
            self.wrong(place, f"Steps go at most {DEEPEST} deep.")
            return ()
        found = [self.node(one, f"{place}[{number}]", depth) for number, one in enumerate(given)]
        return tuple(node for node in found if node is not None)

    def node(self, given: Any, place: str, depth: int) -> Node | None:
        kind = given.get("kind") if isinstance(given, dict) else None
        if not isinstance(kind, str) or kind not in settings_of.KINDS:
            self.wrong(f"{place}.kind", f"A step is one of: {', '.join(settings_of.KINDS)}.")
            return None
        self._own_id(given.get("id"), f"{place}.id")
        name = given.get("name")
        if not isinstance(name, str) or not name.strip() or len(name) > 160:
            self.wrong(f"{place}.name", "Give the step a name of at most 160 characters.")
        lanes = self._lanes(kind, given, place, depth)
        own = {key: value for key, value in given.items() if key not in ("id", "kind", "name", *_LANES.get(kind, ()))}
        self.settings(place, own, settings_of.KINDS[kind])
        if kind == "branch":
            own["wheres"] = [case.get("where") for case in given.get("cases") or [] if isinstance(case, dict)]
        return Node(str(given.get("id")), kind, str(name), own, lanes)

    def _own_id(self, given: Any, place: str) -> None:
        if not isinstance(given, str) or not _ID.fullmatch(given):
            self.wrong(place, "An id has small letters, digits, - and _, at most 50.")
        elif given in self.ids:
            self.wrong(place, f"Two steps are called “{given}”.")
        elif len(self.ids) >= MOST_NODES:
            self.wrong(place, f"A playbook has at most {MOST_NODES} steps.")
        else:
            self.ids.add(given)

    def _lanes(self, kind: str, given: dict[str, Any], place: str, depth: int) -> tuple[tuple[Node, ...], ...]:
        if kind == "parallel":
            branches = given.get("branches")
            if not isinstance(branches, list) or len(branches) < 2:
                self.wrong(f"{place}.branches", "Side by side go at least two branches.")
                return ()
            return tuple(self.lane(one, f"{place}.branches[{n}]", depth + 1) for n, one in enumerate(branches))
        return self._cases(given, place, depth) if kind == "branch" else ()

    def _cases(self, given: dict[str, Any], place: str, depth: int) -> tuple[tuple[Node, ...], ...]:
        cases, lanes = given.get("cases"), []
        if not isinstance(cases, list) or not cases:
            self.wrong(f"{place}.cases", "A branch has at least one case.")
            return ()
        for number, case in enumerate(cases):
            here = f"{place}.cases[{number}]"
            if not isinstance(case, dict):
                self.wrong(here, "A case is an object with where and steps.")
                continue
            self._where(case.get("where"), f"{here}.where")
            lanes.append(self.lane(case.get("steps"), f"{here}.steps", depth + 1, may_be_empty=True))
        otherwise = self.lane(given.get("otherwise", []), f"{place}.otherwise", depth + 1, may_be_empty=True)
        return (*lanes, otherwise)

    def _where(self, given: Any, place: str) -> None:
        if not isinstance(given, str) or not given.strip():
            self.wrong(place, "Write a condition, like health < 60.")
        elif self.condition is not None and (message := self.condition(given)):
            self.wrong(place, message)

    def settings(self, place: str, given: Any, form: settings_of.Form) -> None:
        """Hold what a step takes against the form of its kind."""
        if not isinstance(given, dict):
            self.wrong(place, "This is an object.")
            return
        for name, message in settings_of.check(given, form):
            self.wrong(f"{place}.{name}" if name else place, message)


_LANES = {"parallel": ("branches",), "branch": ("cases", "otherwise")}


def leaves(nodes: tuple[Node, ...]) -> Iterator[Node]:
    """The nodes that have a state of their own, in the order of the document: all but the parallel ones."""
    for node in nodes:
        if node.kind != "parallel":
            yield node
        for lane in node.lanes:
            yield from leaves(lane)


def stages(nodes: tuple[Node, ...]) -> dict[str, int]:
    """Node -> number of the step of the outermost sequence that it lies in, from 1."""
    return {leaf.id: number for number, node in enumerate(nodes, start=1) for leaf in leaves((node,))}
