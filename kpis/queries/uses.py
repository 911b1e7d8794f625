"""Where a KPI is used: scorecards, formulas, indicators, and what the floors above read of it (triggers)."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from kpis.models import Formula, IndicatorRule, ScorecardVersion

STATES = (ScorecardVersion.State.LIVE, ScorecardVersion.State.REVIEW, ScorecardVersion.State.DRAFT)


@dataclass(frozen=True)
class Use:
    """One thing that reads a KPI. live: it counts today, so the KPI cannot be retired under it."""

    kind: str
    label: str
    url: str
    live: bool
    note: str = ""


_READERS: list[Callable[[str], Iterable[Use]]] = []


def connect_uses(readers: Iterable[Callable[[str], Iterable[Use]]]) -> None:
    """Say what the floors above read of a KPI; each reader takes a KPI's code. Called once, by the switchboard."""
    _READERS[:] = readers


def uses_of(code: str) -> list[Use]:
    """Everything that reads the KPI, what is live first. Three queries and those of the readers."""
    found = [*_scorecards(code), *_formulas(code), *_indicators(code)]
    found += [use for reader in _READERS for use in reader(code)]
    return sorted(found, key=lambda use: (not use.live, use.kind, use.label))


def _scorecards(code: str) -> Iterable[Use]:
    versions = ScorecardVersion.objects.filter(
        state__in=STATES, scorecard__archived_at=None, definition__items__contains=[{"kpi": code}]
    ).select_related("scorecard")
    for version in versions:
        item = next(row for row in version.definition["items"] if row["kpi"] == code)
        live = version.state == ScorecardVersion.State.LIVE
        weight = f"weight {item['weight']:g}" if item["weight"] else "shown only"
        state = "" if live else f"{ScorecardVersion.State(version.state).label.lower()}, "
        yield Use("Scorecard", str(version), f"/scorecards/{version.scorecard_id}/", live, f"{state}{weight}")


def _formulas(code: str) -> Iterable[Use]:
    formulas = Formula.objects.filter(live=True, inputs__contains=[code], kpi__active=True).select_related("kpi")
    for formula in formulas:
        yield Use("Formula", str(formula.kpi), f"/kpis/{formula.kpi.code}/", True, f"version {formula.version}")


def _indicators(code: str) -> Iterable[Use]:
    for rule in IndicatorRule.objects.filter(conditions__contains=[{"measure": code}]):
        note = "" if rule.active else "switched off"
        yield Use("Indicator", rule.name, "/indicators/", rule.active, note)
