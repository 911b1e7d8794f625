"""A scorecard: which KPIs count, by how much, and what each value is worth."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from kpis.catalogue import CATALOGUE, CATEGORIES, Anchors, KpiDef
from kpis.freshness import CADENCE_DAYS
from kpis.scoring.exception_rules import ExceptionRule, exception_rule

GREEN, YELLOW, RED, UNKNOWN, MISSING = "green", "yellow", "red", "unknown", "missing"


@dataclass(frozen=True)
class ScoreItem:
    """One KPI on a scorecard.

    weight: impact within its category, 0 = shown only. anchors: (value, points 0..100) rising in value.
    cadence_days: None = measured once, never fades. expires_days: faded out completely at this age.
    """

    kpi: str
    category: str
    weight: Decimal
    anchors: Anchors
    cadence_days: int | None
    expires_days: int | None = None
    outcome_like: bool = False

    def __post_init__(self) -> None:
        _check_anchors(self.kpi, self.anchors)
        if self.weight < 0:
            raise ValueError(f"{self.kpi}: a weight is 0 or more, not {self.weight}")
        if self.cadence_days is not None and self.cadence_days <= 0:
            raise ValueError(f"{self.kpi}: a cadence is a positive number of days")


@dataclass(frozen=True)
class Scorecard:
    """A version of how KPIs become the score. Raises ValueError naming the KPI or category that is wrong.

    categories: code -> weight, any positive scale. green_from, yellow_from: lowest score of the band.
    minimum_coverage: share of the weight, 0..1, below which no score is given. exceptions: its own caps and floors.
    """

    version: str
    categories: Mapping[str, Decimal]
    items: tuple[ScoreItem, ...]
    green_from: Decimal = Decimal(75)
    yellow_from: Decimal = Decimal(50)
    minimum_coverage: Decimal = Decimal("0.40")
    exceptions: tuple[ExceptionRule, ...] = ()

    def __post_init__(self) -> None:
        seen: set[str] = set()
        for item in self.items:
            if item.kpi in seen:
                raise ValueError(f"{item.kpi} is on the scorecard twice")
            if item.category not in self.categories:
                raise ValueError(f'{item.kpi}: "{item.category}" is not a category of this scorecard')
            seen.add(item.kpi)
        if any(weight < 0 for weight in self.categories.values()):
            raise ValueError("a category weight is 0 or more")
        if not any(item.weight * self.categories[item.category] > 0 for item in self.items):
            raise ValueError("no KPI of this scorecard has any weight")
        if not 0 < self.yellow_from < self.green_from <= 100:
            raise ValueError("bands must rise: 0 < yellow < green <= 100")
        strange = next((rule.kpi for rule in self.exceptions if rule.kpi not in seen), None)
        if strange is not None:
            raise ValueError(f"{strange} is not on the scorecard, so no cap or floor can follow it")

    @property
    def kpis(self) -> tuple[str, ...]:
        """KPI codes in column order."""
        return tuple(item.kpi for item in self.items)

    def without_outcomes(self) -> "Scorecard":
        """The same card without outcome-like KPIs: the only one a churn prediction may be fed with."""
        kept = tuple(item for item in self.items if not item.outcome_like)
        codes = {item.kpi for item in kept}
        rules = tuple(rule for rule in self.exceptions if rule.kpi in codes)
        return replace(self, version=f"{self.version} without outcomes", items=kept, exceptions=rules)


def scorecard_of(kpis: Iterable[KpiDef], *, version: str) -> Scorecard:
    """A scorecard of catalogue KPIs with their own weights and anchors and the default category weights.

    Raises ValueError for a KPI without ranges and for one that means nothing for one account.
    """
    items = []
    for kpi in kpis:
        if kpi.portfolio_only:
            raise ValueError(f"{kpi.name} is a figure of the whole portfolio and cannot score one account")
        if not kpi.anchors:
            raise ValueError(f"{kpi.name} has no ranges and cannot be scored")
        cadence = CADENCE_DAYS[kpi.cadence]
        items.append(
            ScoreItem(
                kpi=kpi.code,
                category=kpi.category,
                weight=Decimal(kpi.weight),
                anchors=kpi.anchors,
                cadence_days=cadence,
                expires_days=kpi.expires_days,
                outcome_like=kpi.outcome_like,
            )
        )
    return Scorecard(version, {category.code: category.weight for category in CATEGORIES}, tuple(items))


def default_scorecard() -> Scorecard:
    """The 62 KPIs of the catalogue as they come."""
    return scorecard_of(CATALOGUE, version="catalogue")


def scorecard_to_definition(card: Scorecard) -> dict[str, Any]:
    """The scorecard as plain JSON; `scorecard_from_definition` reads it back without loss."""
    exceptions = [
        {
            "kpi": rule.kpi,
            "op": rule.op,
            "value": _number(rule.value),
            "kind": rule.kind,
            "limit": _number(rule.limit),
            "reason": rule.reason,
            "order": rule.order,
        }
        for rule in card.exceptions
    ]
    return {
        "categories": {code: _number(weight) for code, weight in card.categories.items()},
        "items": [
            {
                "kpi": item.kpi,
                "category": item.category,
                "weight": _number(item.weight),
                "anchors": [[_number(value), points] for value, points in item.anchors],
                "cadence_days": item.cadence_days,
                "expires_days": item.expires_days,
                "outcome_like": item.outcome_like,
            }
            for item in card.items
        ],
        "green_from": _number(card.green_from),
        "yellow_from": _number(card.yellow_from),
        "minimum_coverage": _number(card.minimum_coverage),
        **({"exceptions": exceptions} if exceptions else {}),
    }


def scorecard_from_definition(definition: Mapping[str, Any], *, version: str) -> Scorecard:
    """Read a scorecard from plain JSON. Raises ValueError or KeyError if it is not one.

    An item may say `cadence` ("week", "month", "quarter", "once") instead of `cadence_days`.
    """
    items = tuple(
        ScoreItem(
            kpi=row["kpi"],
            category=row["category"],
            weight=Decimal(str(row["weight"])),
            anchors=tuple((Decimal(str(value)), int(points)) for value, points in row["anchors"]),
            cadence_days=row["cadence_days"] if "cadence_days" in row else CADENCE_DAYS[row["cadence"]],
            expires_days=row.get("expires_days"),
            outcome_like=row.get("outcome_like", False),
        )
        for row in definition["items"]
    )
    bands = {
        key: Decimal(str(definition[key]))
        for key in ("green_from", "yellow_from", "minimum_coverage")
        if key in definition
    }
    # In the order of the items: a JSON object that was stored has lost its own.
    weights = definition["categories"]
    order = dict.fromkeys([*(row["category"] for row in definition["items"] if row["category"] in weights), *weights])
    categories = {code: Decimal(str(weights[code])) for code in order}
    exceptions = tuple(exception_rule(row) for row in definition.get("exceptions") or ())
    return Scorecard(version, categories, items, **bands, exceptions=exceptions)


def definition_hash(definition: Mapping[str, Any]) -> str:
    """sha256 of the document in one canonical spelling: equal hashes mean the same rules.

    Neither the order of keys nor 75 against 75.0 makes a difference; the order of items does, as it is what a
    person reads. Stored with a check, a back-test or a score it says which text they speak of.
    """
    text = json.dumps(_plain(definition), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def definition_on(definition: Mapping[str, Any], day: date) -> dict[str, Any]:
    """The document as it counts on one day: of an item's dated ranges the newest that has begun, else its anchors.

    The result has plain anchors only and leaves the given document as it is. Raises ValueError for a range whose
    "from" is not a date.
    """
    return {**definition, "items": [_item_on(item, day) for item in definition["items"]]}


def _item_on(item: Mapping[str, Any], day: date) -> dict[str, Any]:
    plain = {key: value for key, value in item.items() if key != "ranges"}
    dated = [(date.fromisoformat(one["from"]), one["anchors"]) for one in item.get("ranges") or ()]
    begun = [one for one in dated if one[0] <= day]
    if begun:
        plain["anchors"] = max(begun, key=lambda one: one[0])[1]
    return plain


def _plain(value: Any) -> Any:
    """Mappings, lists and numbers as JSON has them, with one spelling for equal numbers."""
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, Decimal):
        return _number(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _number(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else float(value)


def _check_anchors(kpi: str, anchors: Anchors) -> None:
    values, points = [value for value, _ in anchors], [score for _, score in anchors]
    if len(anchors) < 2 or any(one >= other for one, other in zip(values, values[1:], strict=False)):
        raise ValueError(f"{kpi}: anchors must be two or more and rise in value, without a gap or an overlap")
    if min(points) < 0 or max(points) > 100:
        raise ValueError(f"{kpi}: points lie within 0..100")
    steps = [b - a for a, b in zip(points, points[1:], strict=False) if b != a]
    falls = [step < 0 for step in steps]
    if falls != sorted(falls):  # once it falls it may not rise again
        raise ValueError(f"{kpi}: points must rise, fall, or rise and then fall along the values")
