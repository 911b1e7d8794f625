"""Reference ranges of a scorecard: what is impossible, reversed, overlapping, open or against the KPI's direction."""

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from kpis.scoring.findings import FARTHEST, REFUSED, Finding, KpiFacts, number, shown, usable

SMALLEST_STEP = Decimal("0.000001")  # values are stored with six places
BANDS = ("critical", "risk", "healthy")
ORDERS = {
    "up": ("critical", "risk", "healthy"),
    "down": ("healthy", "risk", "critical"),
    "band": ("critical", "risk", "healthy", "risk", "critical"),
}
INFINITE = Decimal("Infinity")

Span = tuple[Decimal, Decimal, str]


def check_item_ranges(item: Mapping[str, Any], facts: KpiFacts, place: str) -> Iterator[Finding]:
    """Findings of one item: its anchors, its dated ranges and, where given, its ranges as minimum and maximum."""
    yield from check_anchors(item.get("anchors"), facts, f"{place}.anchors")
    yield from _dated(item.get("ranges") or [], facts, f"{place}.ranges")
    if item.get("bands") is not None:
        yield from check_bands(item["bands"], facts, f"{place}.bands")


def check_anchors(given: Any, facts: KpiFacts, place: str) -> Iterator[Finding]:
    """Findings of [[value, points], ...]. The first kind of fault is named; what follows from it is not."""
    say = _Says(facts, place)
    pairs = _pairs(given)
    if pairs is None or len(pairs) < 2:
        yield say("unreadable", "its range is not two or more pairs of value and points", "Write [[value, points], …].")
        return
    values, points = [value for value, _ in pairs], [score for _, score in pairs]
    faults = [*_impossible(values, facts, say), *_points(points, say)] or [*_steps(values, say)]
    yield from faults or _shape([int(score) for score in points], facts, say)


def _pairs(given: Any) -> list[tuple[Decimal, Decimal]] | None:
    if not isinstance(given, list | tuple):
        return None
    found = []
    for pair in given:
        if not isinstance(pair, list | tuple) or len(pair) != 2 or isinstance(pair[1], str):
            return None
        value, points = number(pair[0]), number(pair[1])
        if value is None or points is None:
            return None
        found.append((value, points))
    return found


class _Says:
    """A finding of one KPI at one place."""

    def __init__(self, facts: KpiFacts, place: str) -> None:
        self.facts, self.place = facts, place
        self.name = facts.name.partition(" (")[0]

    def __call__(self, rule: str, message: str, fix: str, place: str = "") -> Finding:
        return Finding(rule, REFUSED, place or self.place, self.facts.code, f"{self.name}: {message}.", fix)


def _impossible(values: list[Decimal], facts: KpiFacts, say: _Says) -> Iterator[Finding]:
    if strange := next((value for value in values if not usable(value)), None):
        yield say(
            "impossible_range",
            f"{shown(strange)} is no value it can have",
            f"Write numbers between -{FARTHEST:.0e} and {FARTHEST:.0e}.",
        )
        return
    low, high = facts.minimum, facts.maximum
    outside = [v for v in values if (low is not None and v < low) or (high is not None and v > high)]
    if outside:
        limits = " to ".join("any" if edge is None else shown(edge) for edge in (low, high))
        yield say(
            "impossible_range",
            f"{', '.join(shown(value) for value in outside)} lies outside what it can be ({limits})",
            "Move the value inside the hard limits, or correct the limits in the catalogue.",
        )
    if len(values) > 1 and all(b < a for a, b in zip(values, values[1:], strict=False)):
        yield say(
            "impossible_range",
            f"its edges are reversed: {' > '.join(shown(value) for value in values)}",
            "Write the smallest value first.",
        )


def _points(points: list[Decimal], say: _Says) -> Iterator[Finding]:
    wrong = [score for score in points if not score.is_finite() or not 0 <= score <= 100 or score != int(score)]
    if wrong:
        yield say(
            "impossible_points",
            f"{', '.join(shown(score) for score in wrong)} is not a number of points",
            "Points are whole numbers from 0 to 100.",
        )


def _steps(values: list[Decimal], say: _Says) -> Iterator[Finding]:
    for before, after in zip(values, values[1:], strict=False):
        if after - before < SMALLEST_STEP or not float(before) < float(after):
            equal = before == after
            yield say(
                "overlap",
                f"{shown(before)} stands twice with different points"
                if equal
                else f"the part up to {shown(before)} overlaps the one from {shown(after)} on",
                "Each value may have one number of points: let the values rise.",
            )
            return


def _shape(points: list[int], facts: KpiFacts, say: _Says) -> Iterator[Finding]:
    """Whether the points go the KPI's way, and only that way."""
    signs = [1 if b > a else -1 for a, b in zip(points, points[1:], strict=False) if b != a]
    turns = [sign for at, sign in enumerate(signs) if at == 0 or sign != signs[at - 1]]
    drawn = " → ".join(map(str, points))
    wanted = {"up": [1], "down": [-1], "band": [1, -1]}.get(facts.direction, [1])
    if not turns:
        yield say("flat", f"every value is worth {points[0]} points", "Let better values be worth more.")
    elif turns == wanted:
        return
    elif facts.direction == "band":
        rule = "wrong_direction" if turns == [-1, 1] or len(turns) == 1 else "non_monotone"
        yield say(
            rule,
            f"it is best within a band, but its points go {drawn}",
            "Let the points rise to the band and fall after it.",
        )
    elif len(turns) == 1:
        word = "higher" if facts.direction == "up" else "lower"
        yield say(
            "wrong_direction",
            f"{word} is better, but its points go {drawn}",
            "Turn the points round, or correct the direction in the catalogue.",
        )
    else:
        yield say(
            "non_monotone",
            f"its points rise and fall ({drawn}): a better value would cost points",
            "Let the points go one way only.",
        )


def _dated(given: Any, facts: KpiFacts, place: str) -> Iterator[Finding]:
    """Ranges with the day they begin: each is checked, and no two may begin on one day."""
    say, begun = _Says(facts, place), set()
    if not isinstance(given, list | tuple):
        yield say("unreadable", "its dated ranges are not a list", "Write a list of {from, anchors}.")
        return
    for at, row in enumerate(given):
        here = f"{place}.{at}"
        day = _day(row.get("from")) if isinstance(row, Mapping) else None
        if day is None:
            yield say("unreadable", "a dated range does not say from when", "Write the day as 2026-11-20.", here)
            continue
        if day in begun:
            yield say("overlap", f"two ranges begin on {day:%Y-%m-%d}", "Keep one of them.", here)
        begun.add(day)
        yield from check_anchors(row.get("anchors"), facts, f"{here}.anchors")


def _day(given: Any) -> date | None:
    try:
        return date.fromisoformat(given) if isinstance(given, str) else None
    except ValueError:
        return None


def check_bands(given: Any, facts: KpiFacts, place: str) -> Iterator[Finding]:
    """Findings of ranges in their other form: {"critical": [min, max], "risk": …, "healthy": …}.

    An end that is None is open. A KPI that is best within a band has lists of two ranges for risk and critical.
    An edge belongs to both neighbours: what ends at 50 and what begins at 50 leave no gap.
    """
    say, spans = _Says(facts, place), []
    for name, span in _spans(given):
        here = f"{place}.{name}"
        if span is None:
            yield say("unreadable", f"“{name}” is not a range with a minimum and a maximum", "Write [min, max].", here)
            return
        fault = _impossible_span(*span, facts)
        if fault:
            yield say("impossible_range", f"{name} {fault}", "Correct this minimum or maximum.", here)
            return
        spans.append((*span, name))
    if not any(name == "healthy" for *_, name in spans):
        yield say("gap", "nothing is said to be healthy", "Say from where to where it is healthy.")
        return
    spans.sort(key=lambda span: (span[0], span[1]))
    yield from _joints(spans, facts, say) or _order(spans, facts, say)


def _spans(given: Any) -> Iterator[tuple[str, tuple[Decimal, Decimal] | None]]:
    if not isinstance(given, Mapping) or not given:
        yield "healthy", None
        return
    for name, said in given.items():
        several = isinstance(said, list | tuple) and bool(said) and all(isinstance(one, list | tuple) for one in said)
        for one in said if several else [said]:
            yield str(name), _span(one) if name in BANDS else None


def _span(given: Any) -> tuple[Decimal, Decimal] | None:
    if isinstance(given, Mapping):
        given = [given.get("min"), given.get("max")]
    if not isinstance(given, list | tuple) or len(given) != 2:
        return None
    low = -INFINITE if given[0] is None else number(given[0])
    high = INFINITE if given[1] is None else number(given[1])
    # Infinity that somebody wrote is no open end: it becomes NaN, which is refused by name.
    if low is not None and given[0] is not None and low.is_infinite():
        low = Decimal("NaN")
    if high is not None and given[1] is not None and high.is_infinite():
        high = Decimal("NaN")
    return None if low is None or high is None else (low, high)


def _impossible_span(low: Decimal, high: Decimal, facts: KpiFacts) -> str:
    if low.is_nan() or high.is_nan():
        return "has an edge that is no number"
    if low > high:
        return f"is reversed: {shown(low)} to {shown(high)}"
    for edge in (low, high):
        if edge.is_finite() and (
            not usable(edge)
            or (facts.minimum is not None and edge < facts.minimum)
            or (facts.maximum is not None and edge > facts.maximum)
        ):
            return f"reaches {shown(edge)}, which is outside what it can be"
    return ""


def _joints(spans: list[Span], facts: KpiFacts, say: _Says) -> list[Finding]:
    found, place = [], say.place
    for (_, end, one), (start, _, other) in zip(spans, spans[1:], strict=False):
        if end < start:
            message = f"between {one} and {other} nothing is said of {shown(end)} to {shown(start)}"
            found.append(say("gap", message, "Let one end where the other begins.", f"{place}.{other}"))
        elif end > start:
            message = f"{one} and {other} both claim {shown(start)} to {shown(min(end, spans[-1][1]))}"
            found.append(say("overlap", message, "Let one end where the other begins.", f"{place}.{other}"))
    first, last = spans[0], spans[-1]
    if facts.minimum is not None and first[0] > facts.minimum:
        message = f"nothing is said of {shown(facts.minimum)} to {shown(first[0])}"
        found.append(say("gap", message, "Begin at the smallest possible value.", f"{place}.{first[2]}"))
    if facts.maximum is not None and last[1] < facts.maximum:
        message = f"nothing is said of {shown(last[1])} to {shown(facts.maximum)}"
        found.append(say("gap", message, "End at the largest possible value.", f"{place}.{last[2]}"))
    return found


def _order(spans: list[Span], facts: KpiFacts, say: _Says) -> Iterator[Finding]:
    names = [name for *_, name in spans]
    rest = iter(ORDERS.get(facts.direction, ORDERS["up"]))
    if not all(any(name == wanted for wanted in rest) for name in names):
        better = {"up": "higher", "down": "lower"}.get(facts.direction, "the middle")
        yield say(
            "wrong_direction",
            f"{better} is better, but along its values it is {', then '.join(names)}",
            "Put the healthy range where the KPI is at its best.",
        )
