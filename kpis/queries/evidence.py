"""Where a score comes from: down to the value, its file and cell, and everything it was before."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from accounts.models import Account
from core.actor import Actor
from core.time import month_of, months_back
from kpis.catalogue import CATEGORIES
from kpis.catalogue.ranges import ranges
from kpis.freshness import age_in_days
from kpis.models import Band, HealthScore, Kpi, KpiValue
from kpis.queries.exceptions import Moved, moved_by
from kpis.queries.history import replay
from kpis.scoring import ScoreItem, definition_on, scorecard_from_definition

NAMES = {category.code: category.name for category in CATEGORIES}


def points(hundredths: int | None) -> Decimal | None:
    return None if hundredths is None else Decimal(hundredths).scaleb(-2)


def band_of(number: Decimal | float | None) -> str:
    """Band of points 0..100 of a KPI or a category; the edges belong to the better band."""
    if number is None:
        return Band.UNKNOWN
    return Band.GREEN if number >= 75 else Band.YELLOW if number >= 50 else Band.RED


@dataclass(frozen=True)
class Part:
    """One KPI of a score. Without a value every figure is None: it is missing.

    points 0..100. freshness: per cent of its weight that it still has. share: per cent of the score's weight.
    contribution: points of the score; at 100 points the KPI would add its share.
    """

    kpi: Kpi
    item: ScoreItem
    value: KpiValue | None
    points: Decimal | None
    freshness: int | None
    share: Decimal | None
    contribution: Decimal | None
    age_days: int | None

    @property
    def band(self) -> str:
        return band_of(self.points)

    @property
    def state(self) -> str:
        """fresh, fading (counts less), stale (counts no more), shown (has no weight) or missing."""
        if self.value is None or self.freshness is None:
            return "missing"
        if not self.item.weight:
            return "shown"
        return "fresh" if self.freshness >= 100 else "fading" if self.freshness > 0 else "stale"

    @property
    def expired(self) -> bool:
        """It has reached the age at which its KPI stops counting, whatever the cadence says."""
        expires = self.item.expires_days
        return expires is not None and self.age_days is not None and self.age_days >= expires

    @property
    def lost(self) -> Decimal:
        """Points that a value worth 100 would add."""
        return (self.share or Decimal(0)) - (self.contribution or Decimal(0))


@dataclass(frozen=True)
class CategoryPart:
    """One category of a score: weight as on the scorecard and share as it counted, both in per cent."""

    code: str
    name: str
    weight: Decimal
    share: Decimal
    score: Decimal | None
    coverage: int
    contribution: Decimal
    parts: list[Part]
    missing: list[Part]

    @property
    def band(self) -> str:
        return band_of(self.score)

    @property
    def total(self) -> Decimal:
        """The sum of what is shown, for the check that it is the contribution."""
        return sum((part.contribution or Decimal(0) for part in self.parts), Decimal(0))


@dataclass(frozen=True)
class Recomputed:
    """A stored score computed again just now.

    same: not one value or figure of its day differs from what is known today. score: what it would be today, in
    points. reproduced: from the values it saw then the stored bytes came out again.
    """

    same: bool
    score: Decimal | None
    reproduced: bool = True


@dataclass(frozen=True)
class Evidence:
    """A stored score with its parts. base: what they sum to; with what caps and floors moved it is the score."""

    score: HealthScore
    categories: list[CategoryPart]
    recomputed: Recomputed

    @property
    def parts(self) -> list[Part]:
        return [part for category in self.categories for part in category.parts]

    @property
    def missing(self) -> list[Part]:
        """Weighty ones first."""
        every = [part for category in self.categories for part in category.missing]
        return sorted(every, key=lambda part: -part.item.weight)

    @property
    def base(self) -> Decimal:
        return sum((category.contribution for category in self.categories), Decimal(0))

    @property
    def adds_up(self) -> bool:
        """The parts that are shown, and the caps and floors after them, give the score, to the hundredth."""
        total = sum((category.total for category in self.categories), Decimal(0))
        stored = points(self.score.score_hundredths)
        moved = sum((one.moved for one in self.exceptions), Decimal(0))
        return total == self.base and stored in (None, total + moved)

    @property
    def exceptions(self) -> tuple[Moved, ...]:
        """The caps and floors that moved the score, in the order they were applied."""
        return moved_by(self.score.exceptions)

    def part(self, code: str) -> Part | None:
        return next((part for part in (*self.parts, *self.missing) if part.kpi.code == code), None)


def evidence(score: HealthScore, *, full: bool = True, past: bool = False) -> Evidence:
    """Lay a stored score open; its scorecard must be loaded. `full` computes it once more for the check.

    past: it speaks of a day that is over; a score that stands for today takes in what comes for the running month.
    """
    definition = definition_on(score.version.definition, score.as_of)
    card = scorecard_from_definition(definition, version=str(score.version))
    kpis = {kpi.code: kpi for kpi in Kpi.objects.filter(code__in=card.kpis)}
    values = values_by_id([part[1] for part in score.parts])
    stored = {part[0]: part for part in score.parts}
    by_category: dict[str, list[Part]] = defaultdict(list)
    for item in card.items:
        by_category[item.category].append(_part(kpis[item.kpi], item, stored.get(item.kpi), values, score.as_of))
    categories = [_category(found, by_category[found["code"]]) for found in score.categories]
    again = _recomputed(score, past) if full else Recomputed(True, points(score.score_hundredths))
    return Evidence(score, categories, again)


def values_by_id(ids: Sequence[str | UUID]) -> Mapping[str, KpiValue]:
    values = KpiValue.objects.filter(pk__in=ids).select_related("upload", "kpi")
    return {str(value.pk): value for value in values}


def _part(kpi: Kpi, item: ScoreItem, stored: list[Any] | None, values: Mapping[str, KpiValue], on: date) -> Part:
    if stored is None:
        return Part(kpi, item, None, None, None, None, None, None)
    value = values[stored[1]]
    return Part(
        kpi=kpi,
        item=item,
        value=value,
        points=points(stored[2]),
        freshness=stored[3],
        share=points(stored[4]),
        contribution=points(stored[5]),
        age_days=age_in_days(value.period, on),
    )


def _category(stored: Mapping[str, Any], parts: list[Part]) -> CategoryPart:
    return CategoryPart(
        code=stored["code"],
        name=NAMES.get(stored["code"], stored["code"]),
        weight=Decimal(str(stored["weight"])),
        share=Decimal(stored["share"]).scaleb(-2),
        score=points(stored["score"]),
        coverage=stored["coverage"],
        contribution=Decimal(stored["contribution"]).scaleb(-2),
        parts=[part for part in parts if part.value is not None],
        missing=[part for part in parts if part.value is None and part.item.weight],
    )


def _recomputed(score: HealthScore, past: bool) -> Recomputed:
    again = replay(score, running=not past)
    same = all(again.true[name] == getattr(score, name) for name in ("score_hundredths", "parts", "exceptions"))
    return Recomputed(same, points(again.true["score_hundredths"]), again.reproduced)


def value_in_force(account: Account, kpi: Kpi, on: date) -> KpiValue | None:
    """The newest value whose month has begun by that day."""
    values = KpiValue.objects.current().filter(account=account, kpi=kpi, period__lte=on)
    found: KpiValue | None = values.select_related("upload").order_by("-period").first()
    return found


def value_history(value: KpiValue) -> list[KpiValue]:
    """Everything this cell has said, newest first, with who and why."""
    same = KpiValue.objects.filter(account_id=value.account_id, kpi_id=value.kpi_id, period=value.period)
    return list(same.select_related("upload", "kpi").order_by("-recorded_at", "-pk"))


def months_of_value(account: Account, kpi: Kpi, on: date) -> list[tuple[date, KpiValue | None]]:
    """Twelve months ending with that of `on`, oldest first, each with its value."""
    months = months_back(month_of(on), 12)
    values = KpiValue.objects.current().filter(account=account, kpi=kpi, period__in=months)
    found = {value.period: value for value in values}
    return [(month, found.get(month)) for month in months]


def target(anchors: Sequence[Sequence[Any]]) -> str:
    """What the KPI needs to be green, in words: "from 80", "up to 2", "50 to 90"; empty if nothing is."""
    return next((piece.text for piece in ranges(anchors) if piece.band == Band.GREEN), "")


def place_on_scale(anchors: Sequence[Sequence[Any]], value: Decimal) -> float:
    """Where a value lies between the first and the last anchor, in per cent, kept inside."""
    low, high = float(anchors[0][0]), float(anchors[-1][0])
    return max(0.0, min(100.0, 100 * (float(value) - low) / (high - low)))


def visible_account(account_id: UUID, *, by: Actor) -> Account:
    """Raises Account.DoesNotExist for an account that `by` may not know of."""
    found: Account = Account.objects.visible_to(by).select_related("owner").get(pk=account_id)
    return found


def stored_score(score_id: UUID, account: Account, *, by: Actor) -> HealthScore:
    """One stored score of an account, superseded or not. Raises HealthScore.DoesNotExist."""
    scores = HealthScore.objects.visible_to(by).filter(account=account).select_related("version__scorecard")
    found: HealthScore = scores.get(pk=score_id)
    return found
