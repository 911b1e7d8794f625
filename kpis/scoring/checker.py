"""The scorecard checker: static faults of a definition, each with the row to mend. Pure, no Django.

What it lets pass can be read by `scorecard_from_definition`, has something left without its outcomes, and scores
monotonically: a better value of a KPI never costs points.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from kpis.freshness import CADENCE_DAYS
from kpis.scoring.checker_exceptions import check_exceptions
from kpis.scoring.checker_leaks import check_leaks, inputs_of
from kpis.scoring.checker_ranges import check_anchors, check_bands, check_item_ranges
from kpis.scoring.findings import REFUSED, WARNING, Finding, KpiFacts, named, number, shown, usable

__all__ = ["RULES", "Finding", "KpiFacts", "check", "check_anchors", "check_bands", "refusals", "warnings"]

# What each rule looks for, as pages print it.
RULES = {
    "unreadable": "Cannot be read",
    "unknown_kpi": "Unknown KPI",
    "inactive_kpi": "Retired KPI",
    "portfolio_only": "Figure of the whole portfolio",
    "template_only": "Known by name only",
    "gap": "Gap in a range",
    "overlap": "Overlap in a range",
    "impossible_range": "Impossible range",
    "impossible_points": "Impossible points",
    "wrong_direction": "Wrong direction",
    "non_monotone": "Rises and falls",
    "flat": "Says nothing",
    "double_counting": "Counted twice",
    "outcome_leak": "Outcome leak",
    "weight": "Weight",
    "cadence": "Cadence",
    "category_weight": "Category weight",
    "no_weight": "Nothing is weighted",
    "bands": "Bands",
    "minimum_coverage": "Minimum coverage",
    "exception_condition": "Impossible condition",
    "exception_direction": "Rewards the worse",
    "exception_limit": "Impossible limit",
    "exception_reason": "Reason missing",
    "exception_contradiction": "Cap below floor",
    "outcome_share": "Outcome-like",
    "large_share": "Decides much",
    "thin_category": "One KPI only",
    "weightless_category": "Category counts nothing",
    "weights_sum": "Weights do not add up",
    "shared_input": "Shared input",
}
MOST_SHARE = 25  # per cent of the score that one KPI may decide without a word
HEAVIEST, LIGHTEST = Decimal(1000), Decimal("0.001")
LONGEST_DAYS = 36_500


def check(definition: Mapping[str, Any], kpis: Mapping[str, KpiFacts]) -> tuple[Finding, ...]:
    """Every finding of a scorecard's definition, refusals first, in the order of the document.

    kpis: what is known of the KPIs, by code. An empty answer, or one of warnings only, may be published.
    """
    if not isinstance(definition, Mapping) or not isinstance(definition.get("items"), list | tuple):
        return (_say("unreadable", "items", "", "The definition has no list of KPIs.", "Add items."),)
    items, shares = definition["items"], _shares(definition)
    found = [
        *_categories(definition.get("categories"), items),
        *(finding for at, item in enumerate(items) for finding in _item(at, item, shares, kpis)),
        *_counted_twice(items, kpis),
        *_bands(definition),
        *check_exceptions(definition.get("exceptions") or [], items, kpis),
    ]
    if not refusals(found):
        found += [*_nothing_left(definition), *_doubts(definition, kpis)]
    return tuple(sorted(dict.fromkeys(found), key=lambda finding: finding.severity != REFUSED))


def refusals(found: Sequence[Finding]) -> list[Finding]:
    """Those that stand in the way of publication."""
    return [finding for finding in found if finding.severity == REFUSED]


def warnings(found: Sequence[Finding]) -> list[Finding]:
    return [finding for finding in found if finding.severity == WARNING]


def _say(rule: str, place: str, kpi: str, message: str, fix: str) -> Finding:
    return Finding(rule, REFUSED, place, kpi, message, fix)


def _warn(rule: str, place: str, kpi: str, message: str, fix: str) -> Finding:
    return Finding(rule, WARNING, place, kpi, message, fix)


def _categories(given: Any, items: Sequence[Any]) -> Iterator[Finding]:
    if not isinstance(given, Mapping) or not given:
        yield _say("unreadable", "categories", "", "No category has a weight.", "Give each category a weight.")
        return
    used = dict.fromkeys(i["category"] for i in items if isinstance(i, Mapping) and isinstance(i.get("category"), str))
    for code in [*given, *(code for code in used if code not in given)]:
        weight = number(given.get(code))
        if weight is None:
            message = f"The category “{code}” has KPIs but no weight."
            yield _say("category_weight", f"categories.{code}", "", message, "Give it a weight, 0 if it is only shown.")
        elif not weight.is_finite() or weight < 0 or weight > HEAVIEST or 0 < weight < LIGHTEST:
            message = f"The category “{code}” cannot weigh {shown(weight)}."
            yield _say("category_weight", f"categories.{code}", "", message, "A weight is 0 or more, such as 0.20.")


def _item(at: int, item: Any, shares: Mapping[str, Decimal], kpis: Mapping[str, KpiFacts]) -> Iterator[Finding]:
    code = item.get("kpi") if isinstance(item, Mapping) else None
    if not isinstance(code, str) or not code:
        yield _say("unreadable", f"items.{at}", "", f"Row {at + 1} names no KPI.", "Say which KPI it is.")
        return
    place, facts = f"items.{code}", kpis.get(code)
    yield from _frame(item, code, place, kpis)
    if facts is None:
        message = f"“{code}” is not in the catalogue."
        yield _say("unknown_kpi", place, code, message, "Add the KPI to the catalogue, or take the row off the card.")
        return
    yield from _unfit(facts, place, kpis)
    yield from check_item_ranges(item, facts, place)
    yield from check_leaks(item, facts, kpis, shares.get(code, Decimal(0)), place)


def _frame(item: Mapping[str, Any], code: str, place: str, kpis: Mapping[str, KpiFacts]) -> Iterator[Finding]:
    """Category, weight, cadence and expiry of a row."""
    name, weight = named(code, kpis), number(item.get("weight"))
    if not isinstance(item.get("category"), str):
        yield _say("unreadable", f"{place}.category", code, f"{name} is in no category.", "Choose a category.")
    if weight is None or not weight.is_finite() or weight < 0 or weight > HEAVIEST or 0 < weight < LIGHTEST:
        said = "no number" if weight is None else shown(weight)
        yield _say("weight", f"{place}.weight", code, f"{name} cannot weigh {said}.", "Use 3, 2, 1, or 0 to show only.")
    if "cadence_days" in item:
        sound = item["cadence_days"] is None or _days(item["cadence_days"])
    else:
        sound = isinstance(item.get("cadence"), str) and item["cadence"] in CADENCE_DAYS
    if not sound:
        message = f"{name} does not say how often it is measured."
        yield _say("cadence", f"{place}.cadence_days", code, message, "Write days above 0, or nothing for “once”.")
    if item.get("expires_days") is not None and not _days(item["expires_days"]):
        message = f"{name} cannot expire after {item['expires_days']} days."
        yield _say("cadence", f"{place}.expires_days", code, message, "Write days above 0, or leave it out.")
    if not isinstance(item.get("outcome_like", False), bool):
        message = f"{name}: outcome_like is yes or no."
        yield _say("unreadable", f"{place}.outcome_like", code, message, "Write true or false.")


def _days(given: Any) -> bool:
    return isinstance(given, int) and not isinstance(given, bool) and 0 < given <= LONGEST_DAYS


def _unfit(facts: KpiFacts, place: str, kpis: Mapping[str, KpiFacts]) -> Iterator[Finding]:
    name = named(facts.code, kpis)
    if facts.portfolio_only:
        message = f"{name} is a figure of the whole portfolio and says nothing of one account."
        yield _say("portfolio_only", place, facts.code, message, "Take it off the card.")
    if facts.template_only:
        message = f"{name} is known by name only: it has no meaning here yet."
        yield _say("template_only", place, facts.code, message, "Take it off the card, or define it in the catalogue.")
    if not facts.active:
        message = f"{name} has been retired from the catalogue."
        yield _say("inactive_kpi", place, facts.code, message, "Take it off the card, or bring the KPI back.")


def _counted_twice(items: Sequence[Any], kpis: Mapping[str, KpiFacts]) -> Iterator[Finding]:
    """The same KPI twice; a composite or a formula beside what it is made of; two names of one thing."""
    rows = [item for item in items if isinstance(item, Mapping) and isinstance(item.get("kpi"), str)]
    for code, count in Counter(row["kpi"] for row in rows).items():
        if count > 1:
            message = f"{named(code, kpis)} stands on the card {count} times."
            yield _say("double_counting", f"items.{code}", code, message, "Keep one row of it.")
    weighted = [row["kpi"] for row in rows if (number(row.get("weight")) or Decimal(0)) != 0 and row["kpi"] in kpis]
    weighted = list(dict.fromkeys(weighted))
    for code in weighted:
        inside = [part for part in inputs_of(kpis[code], kpis) if part in weighted]
        if inside:
            parts = ", ".join(named(part, kpis) for part in inside)
            message = f"{named(code, kpis)} is made from {parts}, which the card weighs as well."
            yield _say("double_counting", f"items.{code}", code, message, "Weight the whole or its parts, not both.")
    for at, code in enumerate(weighted):
        twin = next((other for other in weighted[:at] if _names(kpis[code]) & _names(kpis[other])), None)
        if twin:
            message = f"{named(code, kpis)} and {named(twin, kpis)} are two names of one KPI."
            yield _say("double_counting", f"items.{code}", code, message, "Keep one of them.")


def _names(facts: KpiFacts) -> set[str]:
    return {" ".join(text.casefold().split()) for text in (facts.code, facts.name, *facts.aliases)}


def _bands(definition: Mapping[str, Any]) -> Iterator[Finding]:
    green = number(definition.get("green_from", 75))
    yellow = number(definition.get("yellow_from", 50))
    for place, edge in (("green_from", green), ("yellow_from", yellow)):
        if edge is None or not usable(edge) or not 0 < edge <= 100:
            yield _say("bands", place, "", "A band begins above 0 and at 100 at the latest.", "Write a score, as 75.")
            return
    if green is not None and yellow is not None and yellow >= green:
        message = f"Yellow begins at {shown(yellow)}, which is not below green at {shown(green)}."
        yield _say("bands", "yellow_from", "", message, "Let yellow begin below green.")
    least = number(definition.get("minimum_coverage", "0.40"))
    if least is None or not least.is_finite() or not 0 < least <= 1:
        said = "no number" if least is None else shown(least)
        message = f"The least coverage is a share above 0 and up to 1, not {said}."
        yield _say("minimum_coverage", "minimum_coverage", "", message, "Write 0.40 for 40 %.")


def _shares(definition: Mapping[str, Any], *, outcomes: bool = True) -> dict[str, Decimal]:
    """Per cent of the score that each KPI decides when everything is known; {} when no weight can be read."""
    weights = definition.get("categories")
    if not isinstance(weights, Mapping):
        return {}
    of_category = {code: weight for code, given in weights.items() if (weight := _positive(given))}
    rows, inside = [], dict.fromkeys(of_category, Decimal(0))
    for item in definition["items"]:
        if not isinstance(item, Mapping) or (not outcomes and item.get("outcome_like") is True):
            continue
        weight, category = _positive(item.get("weight")), item.get("category")
        if weight and isinstance(category, str) and category in of_category:
            rows.append((str(item.get("kpi")), category, weight))
            inside[category] += weight
    total = sum((of_category[category] for category, weight in inside.items() if weight), Decimal(0))
    return {kpi: 100 * of_category[code] / total * weight / inside[code] for kpi, code, weight in rows}


def _positive(given: Any) -> Decimal | None:
    weight = number(given)
    return weight if weight is not None and weight.is_finite() and weight > 0 else None


def _nothing_left(definition: Mapping[str, Any]) -> Iterator[Finding]:
    if not _shares(definition):
        message = "No KPI of this card has any weight, so no account would ever have a score."
        yield _say("no_weight", "items", "", message, "Weight at least one KPI in a category that counts.")
    elif not _shares(definition, outcomes=False):
        message = "Without its outcome-like KPIs nothing of this card is left: it could only tell what has happened."
        yield _say("outcome_leak", "items", "", message, "Add KPIs that move before an account leaves or renews.")


def _doubts(definition: Mapping[str, Any], kpis: Mapping[str, KpiFacts]) -> Iterator[Finding]:
    """What may be published and should be known."""
    shares, weights = _shares(definition), definition["categories"]
    for code, share in shares.items():
        if share > MOST_SHARE:
            message = f"{named(code, kpis)} alone decides {share:.0f} % of the score."
            yield _warn("large_share", f"items.{code}.weight", code, message, "Lower its weight, or add others to it.")
    within = Counter(item["category"] for item in definition["items"] if number(item["weight"]))
    for code in weights:
        if not number(weights[code]):
            if within[code]:
                message = f"The category “{code}” weighs nothing: its {within[code]} KPIs are shown and never scored."
                yield _warn("weightless_category", f"categories.{code}", "", message, "Weight it if it should count.")
        elif within[code] == 1:
            message = f"The category “{code}” rests on one KPI: without its value the category has no score."
            yield _warn("thin_category", f"categories.{code}", "", message, "Add a second KPI.")
        elif not within[code]:
            message = f"The category “{code}” has a weight but no KPI that counts; the others share its weight."
            yield _warn("thin_category", f"categories.{code}", "", message, "Add KPIs, or set its weight to 0.")
    total = sum((number(weight) or Decimal(0) for weight in weights.values()), Decimal(0))
    if total not in (1, 100):
        message = f"The category weights add up to {_sum_words(total)}: they are scaled to 100 %."
        yield _warn("weights_sum", "categories", "", message, "Let them add up to 100 %.")
    yield from _shared_inputs(list(shares), kpis)


def _sum_words(total: Decimal) -> str:
    """The sum as the fields of the editor show it: shares in per cent; any other scale as it stands."""
    if Decimal("0.5") <= total <= 2:
        return f"{shown(total * 100)} %"
    return f"{shown(total)} %" if 50 <= total <= 200 else f"{shown(total)}, which is no share of 100"


def _shared_inputs(weighted: list[str], kpis: Mapping[str, KpiFacts]) -> Iterator[Finding]:
    for at, code in enumerate(weighted):
        for other in weighted[:at]:
            both = set(inputs_of(kpis[code], kpis)) & set(inputs_of(kpis[other], kpis)) & set(kpis)
            if both:
                parts = ", ".join(named(part, kpis) for part in sorted(both))
                message = f"{named(code, kpis)} and {named(other, kpis)} are both made from {parts}."
                yield _warn("shared_input", f"items.{code}", code, message, "Keep it in mind: it counts in both.")
