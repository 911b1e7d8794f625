"""Caps and floors that a scorecard sets by rule: conditions that can hold, sensible limits, a reason for each.

A cap must fire on the bad side of its KPI and a floor on the good side: otherwise a better value would cost points.
"""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from kpis.scoring.checker_leaks import outcome_reason
from kpis.scoring.findings import REFUSED, WARNING, Finding, KpiFacts, named, number, shown, usable

OPS = ("<", "<=", ">", ">=")
KINDS = ("cap", "floor")
_BAD_SIDE = {"up": ("<", "<="), "down": (">", ">=")}


def check_exceptions(given: Any, items: Sequence[Any], kpis: Mapping[str, KpiFacts]) -> Iterator[Finding]:
    """Findings of the rules in their order; each rule that can be read is checked on its own, then in pairs."""
    if not isinstance(given, list | tuple):
        yield _say("unreadable", "exceptions", "", "The exceptions are not a list.", "Write a list of rules.")
        return
    sound = []
    for at, row in enumerate(given):
        found = list(_one(row, f"exceptions.{at}", items, kpis))
        yield from found
        if not any(one.severity == REFUSED for one in found):
            sound.append((at, row))
    yield from _pairs(sound, kpis)


def _say(rule: str, place: str, kpi: str, message: str, fix: str) -> Finding:
    return Finding(rule, REFUSED, place, kpi, message, fix)


def _one(row: Any, place: str, items: Sequence[Any], kpis: Mapping[str, KpiFacts]) -> Iterator[Finding]:
    if not isinstance(row, Mapping) or not isinstance(row.get("kpi"), str):
        yield _say("unreadable", place, "", "This rule does not name a KPI.", "Say which KPI it looks at.")
        return
    code = row["kpi"]
    facts = kpis.get(code)
    if facts is None or not facts.active or facts.portfolio_only or facts.template_only:
        why = "is not in the catalogue" if facts is None else "cannot be measured for one account any more"
        yield _say("unknown_kpi", place, code, f"{named(code, kpis)} {why}.", "Choose a KPI that can be scored.")
        return
    if not any(isinstance(item, Mapping) and item.get("kpi") == code for item in items):
        message = f"{named(code, kpis)} is not on this card, so no cap or floor can follow it."
        yield _say("unknown_kpi", place, code, message, "Put it on the card, with weight 0 if it is only looked at.")
        return
    yield from _condition(row, facts, place, kpis)
    yield from _limit(row, facts, place, kpis)
    yield from _leak(row, facts, place, kpis)


def _condition(row: Mapping[str, Any], facts: KpiFacts, place: str, kpis: Mapping[str, KpiFacts]) -> Iterator[Finding]:
    name, op, kind = named(facts.code, kpis), row.get("op"), row.get("kind")
    value = number(row.get("value"))
    if op not in OPS or kind not in KINDS:
        message = f"“{op}” and “{kind}” do not make a rule."
        yield _say("unreadable", place, facts.code, message, "Use <, <=, >, >= and cap or floor.")
    elif value is None or not usable(value):
        yield _say("exception_condition", place, facts.code, f"{name}: the condition has no number.", "Write one.")
    elif _never(op, value, facts) or _always(op, value, facts):
        message = f"{name} {op} {shown(value)} is {'never' if _never(op, value, facts) else 'always'} true."
        yield _say("exception_condition", place, facts.code, message, "Choose a value between the hard limits.")
    elif not _right_side(kind, op, facts.direction):
        good = "bad" if kind == "floor" else "good"
        message = f"A {kind} at {name} {op} {shown(value)} fires for {good} values: a better one would cost points."
        yield _say("exception_direction", place, facts.code, message, "Turn the comparison round.")


def _never(op: str, value: Decimal, facts: KpiFacts) -> bool:
    low, high = facts.minimum, facts.maximum
    return (
        (op == "<" and low is not None and value <= low)
        or (op == "<=" and low is not None and value < low)
        or (op == ">" and high is not None and value >= high)
        or (op == ">=" and high is not None and value > high)
    )


def _always(op: str, value: Decimal, facts: KpiFacts) -> bool:
    opposite = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}[op]
    return _never(opposite, value, facts)


def _right_side(kind: str, op: str, direction: str) -> bool:
    if direction == "band":
        return kind == "cap"  # either end of it may be too far out; no one-sided condition says that it is good
    bad = _BAD_SIDE.get(direction, _BAD_SIDE["up"])
    return (op in bad) == (kind == "cap")


def _limit(row: Mapping[str, Any], facts: KpiFacts, place: str, kpis: Mapping[str, KpiFacts]) -> Iterator[Finding]:
    name, limit, order = named(facts.code, kpis), number(row.get("limit")), row.get("order", 0)
    if limit is None or not limit.is_finite() or not 0 <= limit <= 100 or limit * 100 != int(limit * 100):
        said = "no number" if limit is None else shown(limit)
        message = f"{name}: a limit is 0 to 100 points with two places, not {said}."
        yield _say("exception_limit", place, facts.code, message, "Write a number of points from 0 to 100.")
    elif (row.get("kind"), limit) in (("cap", Decimal(100)), ("floor", Decimal(0))):
        message = f"{name}: a {row['kind']} at {shown(limit)} changes nothing."
        yield _say("exception_limit", place, facts.code, message, "Choose a limit that a score can pass.")
    if not isinstance(row.get("reason"), str) or not row["reason"].strip():
        message = f"{name}: the rule gives no reason, and the page has to print one."
        yield _say("exception_reason", place, facts.code, message, "Say in a few words why the score is held.")
    elif len(row["reason"]) > 200:
        message = f"{name}: the reason is longer than 200 characters."
        yield _say("exception_reason", place, facts.code, message, "Say it in fewer words.")
    if isinstance(order, bool) or not isinstance(order, int) or not 0 <= order < 2**31:
        message = f"{name}: the order is no whole number."
        yield _say("unreadable", place, facts.code, message, "Lower numbers apply first; use 1, 2, 3.")


def _leak(row: Mapping[str, Any], facts: KpiFacts, place: str, kpis: Mapping[str, KpiFacts]) -> Iterator[Finding]:
    """A rule about a hidden outcome: its KPI is on the card, where it is refused unless it is marked."""
    if outcome_reason(facts, kpis):
        yield Finding(
            "outcome_share", WARNING, place, facts.code,
            f"{named(facts.code, kpis)} is outcome-like; back-tests and predictions leave this rule out.",
            "Keep it if people want to see it.",
        )  # fmt: skip


def _pairs(sound: list[tuple[int, Mapping[str, Any]]], kpis: Mapping[str, KpiFacts]) -> Iterator[Finding]:
    """A cap below a floor that can hold at the same time on the same KPI: one of them has no effect."""
    for at, row in sound:
        for other_at, other in sound:
            if row["kind"] == "cap" and other["kind"] == "floor" and row["kpi"] == other["kpi"]:
                cap, floor = number(row["limit"]), number(other["limit"])
                if cap is not None and floor is not None and cap < floor and _both_hold(row, other):
                    later = max(at, other_at)
                    yield _say(
                        "exception_contradiction", f"exceptions.{later}", row["kpi"],
                        f"{named(row['kpi'], kpis)}: a cap at {shown(cap)} (rule {at + 1}) and a floor at"
                        f" {shown(floor)} (rule {other_at + 1}) hold for the same values.",
                        "Let their conditions exclude each other, or drop one.",
                    )  # fmt: skip


def _both_hold(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    if one["op"][0] == other["op"][0]:
        return True
    below, above = (one, other) if one["op"][0] == "<" else (other, one)
    high, low = number(below["value"]), number(above["value"])
    if high is None or low is None:
        return False
    return low < high or (low == high and below["op"] == "<=" and above["op"] == ">=")
