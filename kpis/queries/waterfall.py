"""What moved a score between two stored ones: the parts by cause, each with its KPIs and the values behind them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

from django.db.models import Q

from core.actor import Actor
from kpis.freshness import age_in_days, freshness
from kpis.models import HealthScore, Kpi, KpiValue
from kpis.queries.evidence import NAMES, points
from kpis.queries.health import LiveCard, card_of
from kpis.scoring import ScoreItem
from kpis.scoring.trend import WINDOW_DAYS
from kpis.scoring.waterfall import (
    AGEING,
    CATEGORY,
    CORRECTED,
    DEFINITION,
    EXCEPTIONS,
    KPI,
    NEW,
    WEIGHTS,
    Effect,
    End,
    Seen,
    Waterfall,
    waterfall,
)

CAUSES = {
    CORRECTED: ("Corrections", "A month that counted already says something else now."),
    NEW: ("New data", "A newer month came in, or a first value."),
    AGEING: ("Ageing data", "Values that nothing newer has replaced count less."),
    WEIGHTS: ("Weights", "The scorecard weighs categories or KPIs differently."),
    DEFINITION: ("Definition", "Ranges and fading of the scorecard, KPIs put on or taken off."),
    EXCEPTIONS: ("Caps and floors", "What exceptions took or gave, more or less than before."),
}


@dataclass(frozen=True)
class Cause:
    """One KPI, category or exception within a cause. points: what it did to the score.

    before, after: the values it stands on, where it is about values. note: what changed, in words.
    """

    name: str
    kpi: Kpi | None
    points: Decimal
    before: KpiValue | None
    after: KpiValue | None
    note: str


@dataclass(frozen=True)
class Part:
    """What one cause did, with everything in it, the largest first; the causes sum to its points."""

    code: str
    name: str
    about: str
    points: Decimal
    causes: list[Cause]


@dataclass(frozen=True)
class Moved:
    """start + every part = end, exactly. scored: both ends are scores, not just what the known data give.

    explains: the causes, computed from the values and the scorecards alone, come to the change of the stored scores.
    """

    first: HealthScore
    last: HealthScore
    start: Decimal
    end: Decimal
    scored: bool
    parts: list[Part]
    explains: bool

    @property
    def change(self) -> Decimal:
        return self.end - self.start

    @property
    def adds_up(self) -> bool:
        """What is printed sums to the stored change, part by part and cause by cause, and was not forced to."""
        parts = sum((part.points for part in self.parts), Decimal(0))
        causes = sum((cause.points for part in self.parts for cause in part.causes), Decimal(0))
        return self.explains and self.start + parts == self.end and causes == parts


def moved(first: HealthScore, last: HealthScore) -> Moved | None:
    """What led from one stored score of an account to another; their versions must be loaded.

    None when one of them had no data at all. At most six queries, whatever the number of values.
    """
    if first.base_hundredths is None or last.base_hundredths is None:
        return None
    return _Walk(first, last).moved()


class _Walk:
    """Two stored scores with their cards and values, read once."""

    def __init__(self, first: HealthScore, last: HealthScore) -> None:
        self.first, self.last = first, last
        self.card = card_of(first.version)
        self.next_card = self.card if first.version_id == last.version_id else card_of(last.version)
        ids = [part[1] for score in (first, last) for part in score.parts]
        values = KpiValue.objects.filter(account_id=first.account_id, pk__in=ids).select_related("upload", "kpi")
        self.values = {str(value.pk): value for value in values}
        self.kpis = {kpi.code: kpi for kpi in Kpi.objects.filter(code__in=self._codes())}
        self.later = self._later()

    def _codes(self) -> set[str]:
        return {*self.card.rules.kpis, *self.next_card.rules.kpis}

    def moved(self) -> Moved:
        later = {code: None if one is None else _seen(one) for code, one in self.later.items()}
        found = waterfall(self._end(self.first, self.card), self._end(self.last, self.next_card), later=later)
        return Moved(
            self.first,
            self.last,
            _points(found.start),
            _points(found.end),
            found.scored,
            self._parts(found),
            found.explains,
        )

    def _end(self, score: HealthScore, card: LiveCard) -> End:
        return End(
            card=card.rules_on(score.as_of),
            day=score.as_of,
            seen={part[0]: _seen(self.values[part[1]]) for part in score.parts},
            base=score.base_hundredths or 0,
            score=score.score_hundredths,
            exceptions=[(reason, after - before) for _, _, _, reason, before, after in score.exceptions],
        )

    def _later(self) -> dict[str, KpiValue | None]:
        """What the months that the first score used said when the last was made, where a newer month counted then.

        By the stamps; today's word where it was said by then. Only the line between correction and new data hangs
        on it, never the sum.
        """
        used = {part[0]: self.values[part[1]] for part in self.last.parts}
        gone = {}
        for code, value_id, *_ in self.first.parts:
            was = self.values[value_id]
            ended = was.superseded_at is not None and was.superseded_at <= self.last.scored_at
            if ended and code in used and used[code].period > was.period:
                gone[code] = was
        said = self._said_of(gone.values())
        return {code: said.get((was.kpi_id, was.period)) for code, was in gone.items()}

    def _said_of(self, cells: Iterable[KpiValue]) -> Mapping[tuple[UUID, date], KpiValue]:
        wanted = list(cells)
        if not wanted:
            return {}
        at = self.last.scored_at
        rows = KpiValue.objects.filter(
            account_id=self.first.account_id,
            kpi_id__in=[one.kpi_id for one in wanted],
            period__in=[one.period for one in wanted],
            recorded_at__lte=at,
        ).filter(Q(superseded_at=None) | Q(superseded_at__gt=at))
        return {(one.kpi_id, one.period): one for one in rows.select_related("upload", "kpi")}

    def _parts(self, found: Waterfall) -> list[Part]:
        return [
            Part(
                move.cause,
                *CAUSES[move.cause],
                _points(move.hundredths),
                [self._cause(move.cause, effect) for effect in move.effects],
            )
            for move in found.moves
        ]

    def _cause(self, cause: str, effect: Effect) -> Cause:
        amount = _points(effect.hundredths)
        if effect.kind != KPI:
            name = f"Weight of {NAMES.get(effect.code, effect.code)}" if effect.kind == CATEGORY else effect.code
            return Cause(name, None, amount, None, None, self._weight(effect.code) if effect.kind == CATEGORY else "")
        before, after = self._value(self.first, effect.code), self._value(self.last, effect.code)
        if cause == CORRECTED and effect.code in self.later:
            after = self.later[effect.code]
        elif cause == NEW and effect.code in self.later:
            before = self.later[effect.code]
        kpi = self.kpis[effect.code]
        return Cause(kpi.name, kpi, amount, before, after, self._note(cause, effect.code))

    def _value(self, score: HealthScore, code: str) -> KpiValue | None:
        return next((self.values[part[1]] for part in score.parts if part[0] == code), None)

    def _weight(self, category: str) -> str:
        shares = []
        for card in (self.card, self.next_card):
            weights = card.rules.categories
            shares.append(f"{float(weights.get(category, Decimal(0)) / sum(weights.values()) * 100):.3g}%")
        return " → ".join(shares)

    def _note(self, cause: str, code: str) -> str:
        was, now = _item(self.card, self.first.as_of, code), _item(self.next_card, self.last.as_of, code)
        if cause == AGEING:
            return self._faded(code, was or now)
        if cause == WEIGHTS and was and now:
            return f"impact {was.weight.normalize():f} → {now.weight.normalize():f}"
        if cause == DEFINITION:
            return _redefined(was, now)
        return ""

    def _faded(self, code: str, item: ScoreItem | None) -> str:
        value = self._value(self.first, code) or self._value(self.last, code)
        if value is None or item is None:
            return ""
        ages = [age_in_days(value.period, day) for day in (self.first.as_of, self.last.as_of)]
        left = freshness(ages, item.cadence_days, expires_days=item.expires_days)
        return f"{ages[0]} → {ages[1]} days old, {left[0]:.0%} → {left[1]:.0%} of its weight"


def _item(card: LiveCard, day: date, code: str) -> ScoreItem | None:
    return next((item for item in card.rules_on(day).items if item.kpi == code), None)


def _redefined(was: ScoreItem | None, now: ScoreItem | None) -> str:
    if was is None or now is None:
        return "put on the scorecard" if was is None else "taken off the scorecard"
    said = ["other ranges"] if was.anchors != now.anchors else []
    said += ["another category"] if was.category != now.category else []
    said += ["fades differently"] if _fading(was) != _fading(now) else []
    return ", ".join(said)


def _fading(item: ScoreItem) -> tuple[int | None, int | None]:
    return item.cadence_days, item.expires_days


def _seen(value: KpiValue) -> Seen:
    return Seen(str(value.pk), value.period, float(value.value))


def _points(hundredths: int) -> Decimal:
    found = points(hundredths)
    assert found is not None
    return found


def readings(account_id: UUID, *, by: Actor, since: date | None = None) -> list[HealthScore]:
    """The stored scores of an account from the day `since` on, the newest day first and of one day the newest first;
    without their parts."""
    rows = HealthScore.objects.visible_to(by).filter(account_id=account_id).select_related("version__scorecard")
    rows = rows.filter(as_of__gte=since) if since else rows
    light = rows.defer("parts", "categories", "exceptions", "version__definition", "version__findings")
    return list(light.order_by("-as_of", "-scored_at", "-pk"))


def default_ends(rows: Sequence[HealthScore], today: date) -> tuple[HealthScore, HealthScore] | None:
    """The score in force, and the one of the day nearest to four weeks before; if nothing has moved since, the last
    day on which it was another, and on the very first day the score it replaced.

    rows: as `readings` gives them. None while there are not two scores with data.
    """
    known = [row for row in rows if row.base_hundredths is not None]
    last = next((row for row in known if row.superseded_at is None), None)
    if last is None:
        return None
    then = today - timedelta(days=WINDOW_DAYS)
    earlier = [row for row in known if row.as_of < last.as_of and row.superseded_at is None]
    if earlier:
        nearest = min(earlier, key=lambda row: abs((row.as_of - then).days))
        before = next((row for row in earlier if row.score_hundredths != last.score_hundredths), nearest)
        return (nearest if nearest.score_hundredths != last.score_hundredths else before), last
    replaced = [row for row in known if row.pk != last.pk and row.as_of <= last.as_of]
    return (replaced[0], last) if replaced else None
