"""Texts a scorecard can start from, and the catalogue's reference ranges as a text takes them over."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from kpis.catalogue import CATEGORIES
from kpis.freshness import CADENCE_DAYS
from kpis.models import Kpi, ReferenceRange
from kpis.scoring import default_scorecard, scorecard_to_definition

# Code -> what a person reads when choosing what to start from.
TEMPLATES = {
    "catalogue": "Catalogue: bands from 75 and 50",
    "catalogue_67_34": "Catalogue: wider bands from 67 and 34",
}


def template_text(template: str) -> dict[str, Any]:
    """The text of a template in this tenant: its active KPIs with their ranges and weights. Raises KeyError."""
    bands = {"catalogue": (75, 50), "catalogue_67_34": (67, 34)}[template]
    kpis = Kpi.objects.filter(active=True, template_only=False, portfolio_only=False).order_by("position", "name")
    standard = scorecard_to_definition(default_scorecard())
    known = {category.code for category in CATEGORIES}
    items = [
        {
            "kpi": kpi.code,
            "category": kpi.category,
            "weight": kpi.weight,
            "anchors": [[_plain(value), int(points)] for value, points in kpi.anchors],
            "cadence_days": CADENCE_DAYS[kpi.cadence],
            "expires_days": kpi.expires_days,
            "outcome_like": kpi.outcome_like,
        }
        for kpi in kpis
        if kpi.anchors and kpi.category in known
    ]
    text = standard | {"items": items, "green_from": bands[0], "yellow_from": bands[1]}
    return dated_ranges(text)


def dated_ranges(definition: Mapping[str, Any]) -> dict[str, Any]:
    """The text with the reference ranges of the catalogue as they stand now: the first as anchors, later ones dated.

    A KPI without a range in the catalogue keeps what the text has.
    """
    codes = [item["kpi"] for item in definition["items"]]
    dated: dict[str, list[dict[str, Any]]] = defaultdict(list)
    rows = ReferenceRange.objects.filter(kpi__code__in=codes, superseded_at=None).order_by("valid_from")
    for code, valid_from, anchors in rows.values_list("kpi__code", "valid_from", "anchors"):
        plain = [[_plain(value), int(points)] for value, points in anchors]
        dated[code].append({"from": valid_from.isoformat(), "anchors": plain})
    return {**definition, "items": [_taken(item, dated.get(item["kpi"], [])) for item in definition["items"]]}


def _taken(item: Mapping[str, Any], dated: list[dict[str, Any]]) -> dict[str, Any]:
    if not dated:
        return dict(item)
    first, *later = dated
    taken = {**item, "anchors": first["anchors"]}
    taken.pop("ranges", None)
    return taken | ({"ranges": later} if later else {})


def _plain(value: float) -> int | float:
    return int(value) if float(value).is_integer() else float(value)
