"""Scorecards with one planted fault each. `faults.json`: KPIs, one sound card, and what is changed in it."""

import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kpis.catalogue import BY_NUMBER, DEFINITIONS
from kpis.scoring.checker import KpiFacts

_TABLE = json.loads(Path(__file__).with_name("faults.json").read_text())
COMPOSITE = {26: (13, 15, 16, 17)}


@dataclass(frozen=True)
class Fault:
    """The definition with the fault in it, and the one refusal that must come of it."""

    name: str
    definition: dict[str, Any]
    rule: str
    place: str


def facts() -> dict[str, KpiFacts]:
    """The catalogue and a few KPIs of a tenant's own."""
    known = {
        kpi.code: KpiFacts(
            code=kpi.code,
            name=kpi.name,
            category=kpi.category,
            unit=kpi.unit,
            direction=kpi.direction,
            minimum=kpi.minimum,
            maximum=kpi.maximum,
            outcome_like=kpi.outcome_like,
            portfolio_only=kpi.portfolio_only,
            template_only=kpi.template_only,
            inputs=tuple(BY_NUMBER[part].code for part in COMPOSITE.get(kpi.number or 0, ())),
            aliases=kpi.aliases,
        )
        for kpi in DEFINITIONS
    }
    for row in _TABLE["kpis"]:
        lists = {name: tuple(row.get(name, ())) for name in ("inputs", "aliases")}
        known[row["code"]] = KpiFacts(**{**row, **lists})
    return known


def sound_card() -> dict[str, Any]:
    return copy.deepcopy(_TABLE["card"])


def faults() -> list[Fault]:
    return list(_faults())


def _faults() -> Iterator[Fault]:
    for row in _TABLE["faults"]:
        card = sound_card()
        for path, value in row.get("set", {}).items():
            parent, last = _at(card, path)
            parent[last] = value
        for path in row.get("drop", ()):
            parent, last = _at(card, path)
            del parent[last]
        if "add" in row:
            card["items"] += row["add"]
        if "exceptions" in row:
            card["exceptions"] += row["exceptions"]
        yield Fault(row["name"], card, row["rule"], row["place"])


def _at(card: dict[str, Any], path: str) -> tuple[Any, str]:
    *parents, last = path.split(".")
    place: Any = card
    for name in parents:
        place = next(item for item in place if item["kpi"] == name) if isinstance(place, list) else place[name]
    return place, last
