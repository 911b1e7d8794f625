"""How the entries of the catalogue read: KPIs, ranges, benchmarks and targets."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from kpis.catalogue import BY_CODE
from users.trail import Sentence

_KPI_FIELDS = {
    "minimum": "smallest possible value", "maximum": "largest possible value", "outcome_like": "outcome",
    "portfolio_only": "level", "owner_label": "owner",
}  # fmt: skip
_SAID_AS_CHANGED = {"description", "caveats"}  # too long for a sentence


def kpi_name(code: str) -> str:
    """The name in the catalogue without its explanation; a KPI of the tenant's own reads as its code."""
    return BY_CODE[code].name.partition(" (")[0] if code in BY_CODE else code.replace("_", " ")


def _kpi_edited(data: Mapping[str, Any]) -> str:
    parts = []
    for name, (old, new) in data["changes"].items():
        label = _KPI_FIELDS.get(name, name.replace("_", " "))
        parts.append(label if name in _SAID_AS_CHANGED else f"{label} from {_word(old)} to {_word(new)}")
    return f"Changed the KPI {kpi_name(data['kpi'])}: {', '.join(parts)}"


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "nothing" if value in (None, "") else str(value)


def _range_set(data: Mapping[str, Any]) -> str:
    source = f" ({data['source']})" if data["source"] else ""
    corners = ", ".join(f"{value:g} gives {points:g}" for value, points in data["new"])
    day = date.fromisoformat(data["valid_from"])
    return f"Set the range of {kpi_name(data['kpi'])} from {day.day} {day:%b %Y}{source}: {corners}"


def _benchmark(data: Mapping[str, Any]) -> str:
    verb = "Put a benchmark beside" if data["added"] else "Took a benchmark away from"
    said = f"{data['statistic']} {data['value']}, {data['population']}"
    return f"{verb} {kpi_name(data['kpi'])}: {said} ({data['source']}, {data['year'] or 'year not stated'})"


def _target_set(data: Mapping[str, Any]) -> str:
    due = ""
    if data["due_on"]:
        day = date.fromisoformat(data["due_on"])
        due = f" by {day.day} {day:%b %Y}"
    before = f" (before: {data['old']})" if data["old"] is not None else ""
    return f"Set the target of {kpi_name(data['kpi'])} to {data['new']}{due}{before}: {data['basis']}"


CATALOGUE: dict[str, Sentence] = {
    "kpis.kpi_created": Sentence("KPI made", lambda data: f"Made the KPI {kpi_name(data['kpi'])}", "plus"),
    "kpis.kpi_edited": Sentence("KPI changed", _kpi_edited, "pencil"),
    "kpis.kpi_retired": Sentence(
        "KPI retired",
        lambda data: f"{'Brought back' if data['restored'] else 'Retired'} the KPI {kpi_name(data['kpi'])}",
        "archive",
    ),
    "kpis.alias_changed": Sentence(
        "Name in files changed",
        lambda data: (
            f"“{data['alias']}” in a file now means {kpi_name(data['kpi'])}"
            if data["added"]
            else f"“{data['alias']}” in a file no longer means {kpi_name(data['kpi'])}"
        ),
        "tag",
    ),
    "kpis.range_set": Sentence("Range set", _range_set, "ruler"),
    "kpis.range_withdrawn": Sentence(
        "Range withdrawn",
        lambda data: f"Took back the range of {kpi_name(data['kpi'])} from {data['valid_from']}",
        "undo-2",
    ),
    "kpis.ranges_imported": Sentence(
        "Ranges imported", "Took in a sheet of reference ranges from {valid_from}: {ranges} KPIs", "file-up"
    ),
    "kpis.range_took_effect": Sentence(
        "Range in force", lambda data: f"The range of {kpi_name(data['kpi'])} entered for today is in force", "calendar"
    ),
    "kpis.benchmark_changed": Sentence("Benchmark changed", _benchmark, "book-open"),
    "kpis.target_set": Sentence("Target set", _target_set, "target"),
    "kpis.target_ended": Sentence(
        "Target ended", lambda data: f"Ended the target of {kpi_name(data['kpi'])}: {data['value']}", "flag"
    ),
}
