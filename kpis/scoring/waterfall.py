"""What moved a score from one day to another: parts by cause and by KPI, in hundredths, that sum exactly to the change.

Five causes change what a score is made of: `corrected` (a month that counted says something else now), `new` (a newer
month, or a first value), `ageing`, `weights` and `definition` (ranges, cadences, KPIs in and out). A sixth,
`exceptions`, is what caps and floors did on top.

**Between causes** no order is better than another: new data on an old scorecard or the new scorecard on old data
first give different parts. So every order counts the same (Shapley's value): with five causes the score is computed
for all 32 mixtures of start and end, and a cause gets its mean step over all 120 orders. Causes that did nothing get
nothing. A mixture without any data stands at the score of the start.

**Within a step** the score is a mean with weights that are themselves made anew, so a KPI that comes in also lowers
the share of all others. That belongs to the one that came in. With S the mean before, U' the weight after and u, p
weight and points of a KPI, S' - S is exactly the sum of (u'(p' - S) - u(p - S)) / U', in which a KPI that did not
change has no part. Read backwards the same holds with S' and U; the mean of both is taken, so that going from A to B
is the exact opposite of going from B to A. Categories are split in the same way; what their weights did is theirs.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import combinations
from math import factorial, floor
from typing import TypeVar

import numpy as np

from kpis.freshness import age_in_days, freshness
from kpis.scoring.apportion import MICRO
from kpis.scoring.points import points_of
from kpis.scoring.scorecard import Scorecard, ScoreItem

CORRECTED, NEW, AGEING, WEIGHTS, DEFINITION, EXCEPTIONS = CAUSES = (
    "corrected",
    "new",
    "ageing",
    "weights",
    "definition",
    "exceptions",
)
KPI, CATEGORY, EXCEPTION = "kpi", "category", "exception"

ROUNDED = 1.001  # hundredths: two scores rounded by half of one each, and a little for floats

Key = tuple[str, str]  # what kind of thing did it, and its code (of an exception its reason)
Effects = dict[Key, float]
T = TypeVar("T")


@dataclass(frozen=True)
class Seen:
    """A value as a score saw it. id: of the value; month: first day of the month it stands for."""

    id: str
    month: date
    value: float


@dataclass(frozen=True)
class End:
    """One score. card: as it counts on `day`. seen: KPI code -> the value that was used.

    base: hundredths before caps and floors. score: after them, None if there was too little data.
    exceptions: (reason, hundredths it moved) in order; they lead from base to score.
    """

    card: Scorecard
    day: date
    seen: Mapping[str, Seen]
    base: int
    score: int | None
    exceptions: Sequence[tuple[str, int]] = ()


@dataclass(frozen=True)
class Effect:
    """What one KPI, one category's weight or one exception did under a cause, in hundredths."""

    kind: str
    code: str
    hundredths: int


@dataclass(frozen=True)
class Move:
    """What one cause did, in hundredths, and who in it; the effects sum to it."""

    cause: str
    hundredths: int
    effects: tuple[Effect, ...]


@dataclass(frozen=True)
class Waterfall:
    """start + the moves = end, in hundredths. scored: both ends are scores; else both are what the known data give.

    computed: hundredths that the causes come to by themselves, before they were rounded to fit: from the values, the
    scorecards and the stored caps and floors, without the stored scores. It says whether the moves explain the change.
    """

    start: int
    end: int
    scored: bool
    moves: tuple[Move, ...]
    computed: float

    @property
    def explains(self) -> bool:
        """Whether the causes come to the change of the stored scores, each of which was rounded by half a hundredth."""
        return abs(self.computed - (self.end - self.start)) <= ROUNDED


def waterfall(start: End, end: End, *, later: Mapping[str, Seen | None] | None = None) -> Waterfall:
    """Split the change from `start` to `end`.

    later: for KPIs that have a newer month at the end, what the month of the start said by then; None if it was
    taken back. KPIs left out say what they said.
    """
    effects = _shapley(_Mixtures(start, end, later or {}))
    parts = share_out({cause: sum(found.values()) for cause, found in effects.items()}, end.base - start.base)
    moves = [_move(cause, parts[cause], effects[cause]) for cause in CAUSES if cause in effects]
    scored = start.score is not None and end.score is not None
    computed = 100 * sum(points for found in effects.values() for points in found.values())
    if scored:
        moves.append(_excepted(start, end))
        computed += sum(one.hundredths for one in moves[-1].effects)
    first, last = (start.score, end.score) if scored else (start.base, end.base)
    kept = tuple(move for move in moves if move.hundredths or any(one.hundredths for one in move.effects))
    return Waterfall(first or 0, last or 0, scored, kept, computed)


def share_out(points: Mapping[T, float], total: int) -> dict[T, int]:
    """Whole hundredths that sum to `total`, each within one of its points x 100, largest remainders first.

    What is zero stays zero unless nothing else is there to take a rounding.
    """
    micro = {key: round(number * 100 * MICRO) for key, number in points.items()}
    whole = {key: floor(number / MICRO) for key, number in micro.items()}
    takers = sorted((key for key in micro if micro[key]), key=lambda key: (whole[key] * MICRO - micro[key], str(key)))
    missing = total - sum(whole.values())
    for at in range(abs(missing)):
        key = (takers or sorted(micro, key=str))[at % (len(takers) or len(micro))]
        whole[key] += 1 if missing > 0 else -1
    return whole


def _move(cause: str, hundredths: int, effects: Effects) -> Move:
    kept = {key: points for key, points in effects.items() if abs(points) > 1e-9}
    parts = share_out(kept, hundredths) if kept else {}
    made = [Effect(kind, code, amount) for (kind, code), amount in parts.items()]
    return Move(cause, hundredths, tuple(sorted(made, key=lambda one: (-abs(one.hundredths), one.kind, one.code))))


def _excepted(start: End, end: End) -> Move:
    moved: dict[str, int] = {}
    for sign, side in ((-1, start), (1, end)):
        for reason, hundredths in side.exceptions:
            moved[reason] = moved.get(reason, 0) + sign * hundredths
    total = ((end.score or 0) - end.base) - ((start.score or 0) - start.base)
    return Move(
        EXCEPTIONS, total, tuple(Effect(EXCEPTION, reason, amount) for reason, amount in moved.items() if amount)
    )


@dataclass(frozen=True)
class _Mix:
    """A mixture of start and end. weights: category -> weight. lines: (category, KPI) -> (weight, points)."""

    weights: Mapping[str, float]
    lines: Mapping[Key, tuple[float, float]]
    otherwise: float

    @cached_property
    def inside(self) -> dict[str, float]:
        """Category -> the weight of its KPIs that have data; categories without any are left out."""
        found: dict[str, float] = {}
        for (category, _), (weight, _) in self.lines.items():
            if weight > 0 and self.weights.get(category, 0) > 0:
                found[category] = found.get(category, 0.0) + weight
        return found

    @cached_property
    def means(self) -> dict[str, float]:
        sums = dict.fromkeys(self.inside, 0.0)
        for (category, _), (weight, points) in self.lines.items():
            if category in sums:
                sums[category] += weight * points
        return {category: total / self.inside[category] for category, total in sums.items()}

    @cached_property
    def weight(self) -> float:
        return sum(self.weights[category] for category in self.inside)

    @cached_property
    def score(self) -> float:
        if not self.weight:
            return self.otherwise
        return sum(self.weights[category] * mean for category, mean in self.means.items()) / self.weight


class _Mixtures:
    """The score under every mixture of causes, each computed once."""

    def __init__(self, start: End, end: End, later: Mapping[str, Seen | None]) -> None:
        self.start, self.end, self.later = start, end, later
        self.points: dict[tuple[bool, str, str], float] = {}
        self.fresh: dict[tuple[bool, str, int], float] = {}
        self.made: dict[frozenset[str], _Mix] = {}
        self.otherwise = start.base / 100
        self.seen = _pairs(start, end)

    @property
    def causes(self) -> list[str]:
        """Those that differ between start and end; the others change no mixture."""
        changed = self._data_changed()
        weights = _weights(self.start.card, self.end.card) != _weights(self.end.card, self.start.card)
        rules = _rules(self.start.card) != _rules(self.end.card)
        found = {*changed, *[AGEING] * (self.start.day != self.end.day), *[WEIGHTS] * weights, *[DEFINITION] * rules}
        return [cause for cause in CAUSES if cause in found]

    def _data_changed(self) -> set[str]:
        found: set[str] = set()
        for kpi in self.seen:
            before, after = self.seen[kpi]
            if _is_correction(before, after):
                found.update([CORRECTED] if before != after else [])
            elif before != after:
                found.update([NEW], [CORRECTED] if self.later.get(kpi, before) != before else [])
        return found

    def of(self, causes: frozenset[str]) -> _Mix:
        if causes not in self.made:
            self.made[causes] = self._mix(causes)
        return self.made[causes]

    def _mix(self, causes: frozenset[str]) -> _Mix:
        rules = self.end.card if DEFINITION in causes else self.start.card
        weights = self.end.card if WEIGHTS in causes else self.start.card
        theirs = {item.kpi: float(item.weight) for item in weights.items}
        scale, own = _scaled(weights), _scaled(rules)
        lines: dict[Key, tuple[float, float]] = {}
        for item in rules.items:
            seen, weight = self._seen(item.kpi, causes), theirs.get(item.kpi, float(item.weight))
            if seen is not None and weight > 0:
                lines[item.category, item.kpi] = self._line(item, seen, weight, causes)
        return _Mix({code: scale.get(code, own[code]) for code in rules.categories}, lines, self.otherwise)

    def _line(self, item: ScoreItem, seen: Seen, weight: float, causes: frozenset[str]) -> tuple[float, float]:
        of_end = DEFINITION in causes
        age = age_in_days(seen.month, self.end.day if AGEING in causes else self.start.day)
        if (of_end, item.kpi, seen.id) not in self.points:
            self.points[of_end, item.kpi, seen.id] = float(points_of(np.array([seen.value]), item.anchors)[0])
        if (of_end, item.kpi, age) not in self.fresh:
            left = freshness(np.array([age]), item.cadence_days, expires_days=item.expires_days)
            self.fresh[of_end, item.kpi, age] = float(left[0])
        return weight * self.fresh[of_end, item.kpi, age], self.points[of_end, item.kpi, seen.id]

    def _seen(self, kpi: str, causes: frozenset[str]) -> Seen | None:
        """The value of a KPI in a mixture. A newer month is new data; the same month or none is a correction."""
        before, after = self.seen.get(kpi, (None, None))
        if _is_correction(before, after):
            return after if CORRECTED in causes else before
        if NEW in causes or after is None:
            return after
        return self.later.get(kpi, before) if CORRECTED in causes else before


def _scaled(card: Scorecard) -> dict[str, float]:
    """Category weights that sum to 1; one without any weighted KPI could never have data and has none."""
    weighted = {item.category for item in card.items if item.weight > 0}
    kept = {code: float(weight) if code in weighted else 0.0 for code, weight in card.categories.items()}
    total = sum(kept.values())
    return {code: weight / total for code, weight in kept.items()}


def _pairs(start: End, end: End) -> dict[str, tuple[Seen | None, Seen | None]]:
    """KPI -> what it said at both ends. A KPI that only one card holds says the same there and here: that it counts,
    or counts no more, is definition and neither new data nor a correction."""
    there, here = set(start.card.kpis), set(end.card.kpis)
    pairs = {kpi: (start.seen.get(kpi), end.seen.get(kpi)) for kpi in sorted({*start.seen, *end.seen})}
    return {
        kpi: (after, after) if kpi not in there else (before, before) if kpi not in here else (before, after)
        for kpi, (before, after) in pairs.items()
    }


def _is_correction(before: Seen | None, after: Seen | None) -> bool:
    return before is not None and (after is None or after.month <= before.month)


def _weights(card: Scorecard, other: Scorecard) -> tuple[object, ...]:
    """Weights of the categories and KPIs that `other` has too."""
    theirs = {item.kpi for item in other.items}
    scale = _scaled(card)
    return (
        sorted((code, round(weight, 12)) for code, weight in scale.items() if code in other.categories),
        sorted((item.kpi, item.weight) for item in card.items if item.kpi in theirs),
    )


def _rules(card: Scorecard) -> tuple[object, ...]:
    """Everything that is no weight: categories, and each KPI's place, ranges and fading."""
    lines = [(item.kpi, item.category, item.anchors, item.cadence_days, item.expires_days) for item in card.items]
    return sorted(card.categories), sorted(lines, key=lambda line: line[0])


def _shapley(mixtures: _Mixtures) -> dict[str, Effects]:
    """Each cause's mean step over all orders, split by who did it."""
    causes = mixtures.causes
    found: dict[str, Effects] = {cause: {} for cause in causes}
    for cause in causes:
        others = [one for one in causes if one != cause]
        for before, weight in _subsets(others, len(causes)):
            step = _step(mixtures.of(before), mixtures.of(before | {cause}))
            for key, points in step.items():
                found[cause][key] = found[cause].get(key, 0.0) + weight * points
    return found


def _subsets(others: Sequence[str], players: int) -> Iterator[tuple[frozenset[str], float]]:
    """Which causes may have come before, and in what share of all orders exactly those have."""
    for size in range(len(others) + 1):
        share = factorial(size) * factorial(players - size - 1) / factorial(players)
        for chosen in combinations(others, size):
            yield frozenset(chosen), share


def _step(before: _Mix, after: _Mix) -> Effects:
    """Who moved the score between two mixtures; sums to the difference of their scores."""
    ways = []
    if after.weight:
        ways.append(_forward(before, after))
    if before.weight:
        ways.append({key: -points for key, points in _forward(after, before).items()})
    return {
        key: sum(way.get(key, 0.0) for way in ways) / len(ways) for key in sorted({key for way in ways for key in way})
    }


def _forward(a: _Mix, b: _Mix) -> Effects:
    """The formula of this file's head, for categories and within them; `b` must have data."""
    found: Effects = {}

    def add(key: Key, points: float) -> None:
        if points:
            found[key] = found.get(key, 0.0) + points / b.weight

    for category in sorted({*a.inside, *b.inside}):
        in_a, in_b = category in a.inside, category in b.inside
        mean = a.means[category] if in_a and in_b else a.score
        if in_a and in_b:
            add((CATEGORY, category), (b.weights[category] - a.weights[category]) * (mean - a.score))
        scale = b.weights[category] / b.inside[category] if in_b else a.weights[category] / a.inside[category]
        for kpi, points in _lines(category, a if in_a else None, b if in_b else None, mean):
            add((KPI, kpi), scale * points)
    return found


def _lines(category: str, a: _Mix | None, b: _Mix | None, mean: float) -> Iterator[tuple[str, float]]:
    """u'(p' - mean) - u(p - mean) of every KPI of a category that is not 0."""

    def of(mix: _Mix | None) -> Callable[[Key], float]:
        if mix is None:
            return lambda key: 0.0
        return lambda key: mix.lines[key][0] * (mix.lines[key][1] - mean) if key in mix.lines else 0.0

    keys = {key for mix in (a, b) if mix for key in mix.lines if key[0] == category}
    before, after = of(a), of(b)
    for key in sorted(keys):
        yield key[1], after(key) - before(key)
