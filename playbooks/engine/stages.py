"""A way of working that is written as steps by stage, as a tree: the steps of one stage stand side by side."""

from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any


def definition_of(steps: Iterable[Mapping[str, Any]], anchor: tuple[str, int] | None = None) -> dict[str, Any]:
    """The definition of steps with code, name, instructions, stage, day and role. Stages follow each other.

    anchor: the day that `before` counts back from, and how many days before it the playbook should begin.
    """
    ordered = sorted(steps, key=lambda step: step["stage"])
    nodes = [_stage(stage, list(group)) for stage, group in groupby(ordered, key=lambda step: step["stage"])]
    return {"steps": nodes} | ({"anchor": {"field": anchor[0], "days": anchor[1]}} if anchor else {})


def _stage(stage: int, steps: list[Mapping[str, Any]]) -> dict[str, Any]:
    tasks = [_task(step) for step in steps]
    if len(tasks) == 1:
        return tasks[0]
    branches = [[task] for task in tasks]
    return {"id": f"stage-{stage}", "kind": "parallel", "name": "Side by side", "join": "all", "branches": branches}


def _task(step: Mapping[str, Any]) -> dict[str, Any]:
    more = {name: step.get(name) for name in ("before", "droppable")}
    more = {name: value for name, value in more.items() if value is not None and value is not False}
    return {
        "id": step["code"],
        "kind": "task",
        "name": step["name"],
        "instructions": step["instructions"],
        "role": step["role"],
        "day": step["day"],
        **more,
    }
