"""What a proposed scorecard would do to the portfolio: who changes colour, and how much revenue that is.

Every account is scored twice with the same values on the same day: as it stands, and under the proposed text. Nothing
is stored. An editor who turns a weight up and down waits for arithmetic only: see `kpis.queries.book`.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import numpy as np

from accounts.models import Account
from core.actor import Actor
from core.errors import DomainError
from kpis import scoring
from kpis.models import Kpi, Scorecard, ScorecardVersion, ScoreException
from kpis.queries.assignment import live_versions
from kpis.queries.book import Book, kept_book, read_book
from kpis.queries.effect import BANDS, Cause, Effect, Extreme, Flow, Moved
from kpis.queries.exceptions import exceptions_of
from kpis.queries.portfolio import Sums
from kpis.scoring import NOT_KNOWN, PortfolioScores, ScoresWithExceptions, as_points
from kpis.scoring.assignment import FACTS, Facts, matches
from kpis.scoring.difference import pushes
from kpis.scoring.exceptions import limit_scores

CAUSES = 3  # KPIs named for an account that changes colour
LEAST = 0.005  # of a point: a smaller push is not named


class CannotPreview(DomainError):
    """The proposed text is no scorecard; the words name the KPI or category that is wrong."""


def effect_of(version: ScorecardVersion, *, by: Actor | None, at: datetime) -> Effect:
    """What publishing this version would do today, from the values in force this moment.

    by None: to every account, for what is attached to a review and shown to those who see all. Raises CannotPreview.
    """
    return effect_of_definition(version.definition, scorecard=version.scorecard, by=by, at=at)


def effect_of_definition(
    definition: Mapping[str, Any], *, scorecard: Scorecard, by: Actor | None, at: datetime, kept: bool = False
) -> Effect:
    """What this text would do today if it were the live one of `scorecard`.

    Looks at the active accounts that `by` sees (None: at all) and that the scorecard wins. kept: values read a moment
    ago will do, as in an editor. Raises CannotPreview.
    """
    day = at.date()
    proposed = _rules(definition, day, str(scorecard))
    rows, live = _accounts(by), _live_rules(day)
    book = kept_book(day) if kept else read_book(day)
    sums = _Comparison(dict(Kpi.objects.values_list("code", "name")))
    groups: dict[UUID | None, list[_Row]] = defaultdict(list)
    for row in rows:
        present, wins = _winners(row, live, scorecard, day)
        if wins:
            groups[present].append(row)
    exceptions = exceptions_of(list(ScoreException.objects.values_list("account_id", flat=True).distinct()))
    for present, group in groups.items():
        personal = {place: exceptions[row.id] for place, row in enumerate(group) if row.id in exceptions}
        after = _scored(proposed, book, group, personal, day)
        before = _scored(live[present].rules, book, group, personal, day) if present else None
        sums.add(group, before, after)
    return sums.effect(day=day, at=at, elsewhere=len(rows) - sums.accounts, limited=by is not None and not by.sees_all)


@dataclass(frozen=True)
class _Row:
    """An account with what is shown of it; facts: what decides which scorecard it has."""

    id: UUID
    name: str
    sample: bool
    arr: Decimal | None
    currency: str
    owner: str | None
    facts: Facts


def _accounts(by: Actor | None) -> list[_Row]:
    every = Account.objects.all() if by is None else Account.objects.visible_to(by)
    shown = every.active().order_by("pk")
    rows = shown.values_list("pk", "name", "sample", "arr", "currency", "owner__name", *FACTS)
    return [
        _Row(pk, name, sample, arr, currency, owner, Facts(*facts))
        for pk, name, sample, arr, currency, owner, *facts in rows
    ]


@dataclass(frozen=True)
class _Live:
    scorecard: Scorecard
    rules: scoring.Scorecard


def _live_rules(day: date) -> dict[UUID, _Live]:
    """Scorecard -> its live rules, in the order of priority."""
    return {row.scorecard_id: _Live(row.scorecard, _rules(row.definition, day, str(row))) for row in live_versions()}


def _rules(definition: Mapping[str, Any], day: date, name: str) -> scoring.Scorecard:
    try:
        return scoring.scorecard_from_definition(scoring.definition_on(definition, day), version=name)
    except (ValueError, KeyError, TypeError, ArithmeticError) as wrong:
        raise CannotPreview(f"This cannot be scored yet: {wrong}.") from None


def _winners(row: _Row, live: Mapping[UUID, _Live], proposed: Scorecard, day: date) -> tuple[UUID | None, bool]:
    """The scorecard that an account has now, and whether `proposed` would be it with a live version."""
    present = next((pk for pk, one in live.items() if matches(one.scorecard.rule, row.facts, day)), None)
    if present == proposed.pk:
        return present, True
    ahead = present is None or proposed.priority < live[present].scorecard.priority
    return present, proposed.pk not in live and ahead and matches(proposed.rule, row.facts, day)


def _scored(
    rules: scoring.Scorecard,
    book: Book,
    group: Sequence[_Row],
    personal: Mapping[int, Sequence[scoring.ScoreException]],
    day: date,
) -> ScoresWithExceptions:
    try:
        values, ages = book.cells([row.id for row in group], rules.kpis)
    except KeyError as missing:
        raise CannotPreview(f"{missing.args[0]} is not a KPI of your catalogue that can score an account.") from None
    return limit_scores(scoring.score_portfolio(rules, values, ages), values, personal, on=day)


@dataclass
class _Comparison:
    """Scores before and after, added up group by group. names: KPI code -> name."""

    names: Mapping[str, str]
    accounts: int = 0
    changed: int = 0
    became_unknown: int = 0
    became_known: int = 0
    before: dict[str, int] = field(default_factory=lambda: dict.fromkeys(BANDS, 0))
    after: dict[str, int] = field(default_factory=lambda: dict.fromkeys(BANDS, 0))
    arr_before: dict[str, Sums] = field(default_factory=lambda: {band: Sums() for band in BANDS})
    arr_after: dict[str, Sums] = field(default_factory=lambda: {band: Sums() for band in BANDS})
    flows: dict[tuple[str, str], list[_Row]] = field(default_factory=lambda: defaultdict(list))
    moved: list[Moved] = field(default_factory=list)
    changes: list[tuple[int, _Row]] = field(default_factory=list)

    def add(self, group: Sequence[_Row], before: ScoresWithExceptions | None, after: ScoresWithExceptions) -> None:
        scores = [_hundredths(before, len(group)), _hundredths(after, len(group))]
        bands = [_bands(before, len(group)), _bands(after, len(group))]
        movers = []
        for place, row in enumerate(group):
            old, new = scores[0][place], scores[1][place]
            was, becomes = bands[0][place], bands[1][place]
            self._count(row, was, becomes)
            self.changed += old != new or was != becomes
            self.became_unknown += old != NOT_KNOWN and new == NOT_KNOWN
            self.became_known += old == NOT_KNOWN and new != NOT_KNOWN
            if NOT_KNOWN not in (old, new):
                self.changes.append((new - old, row))
            if was != becomes:
                movers.append(place)
        self._name(group, movers, before, after, bands)

    def _count(self, row: _Row, was: str, becomes: str) -> None:
        self.accounts += 1
        for counts, arr, band in ((self.before, self.arr_before, was), (self.after, self.arr_after, becomes)):
            counts[band] += 1
            arr[band].add(row.arr, row.currency, unknown=row.arr is None)
        if was != becomes:
            self.flows[was, becomes].append(row)

    def _name(
        self,
        group: Sequence[_Row],
        movers: list[int],
        before: ScoresWithExceptions | None,
        after: ScoresWithExceptions,
        bands: list[list[str]],
    ) -> None:
        pushed = pushes(before.scores if before else None, after.scores, movers)
        for place, causes in zip(movers, pushed, strict=True):
            row, by_bands = group[place], _by_bands(before, after, place)
            self.moved.append(
                Moved(
                    account_id=row.id,
                    name=row.name,
                    owner=row.owner or "",
                    sample=row.sample,
                    arr=row.arr,
                    currency=row.currency,
                    before=as_points(before.scores.score_hundredths[place]) if before else None,
                    after=as_points(after.scores.score_hundredths[place]),
                    band_before=bands[0][place],
                    band_after=bands[1][place],
                    causes=() if by_bands else self._causes(causes),
                    reasons=(by_bands,) if by_bands else tuple(_reasons(before, after, place)),
                )
            )

    def _causes(self, pushed: Sequence[tuple[str, float]]) -> tuple[Cause, ...]:
        named = [(code, points) for code, points in pushed[:CAUSES] if abs(points) >= LEAST]
        return tuple(Cause(code, self.names.get(code, code), Decimal(f"{points:.2f}")) for code, points in named)

    def effect(self, *, day: date, at: datetime, elsewhere: int, limited: bool) -> Effect:
        largest = sorted(self.changes, key=lambda one: (one[0], one[1].name))
        falls, rises = largest[:1], largest[-1:]
        return Effect(
            day=day,
            at=at,
            accounts=self.accounts,
            elsewhere=elsewhere,
            limited=limited,
            before=self.before,
            after=self.after,
            arr_before=self.arr_before,
            arr_after=self.arr_after,
            flows=tuple(_flow(*key, rows) for key, rows in sorted(self.flows.items(), key=_flow_place)),
            moved=tuple(sorted(self.moved, key=_place)),
            changed=self.changed,
            median=_median([abs(change) for change, _ in self.changes]),
            largest_fall=_extreme(*falls[0]) if falls and falls[0][0] < 0 else None,
            largest_rise=_extreme(*rises[0]) if rises and rises[0][0] > 0 else None,
            became_unknown=self.became_unknown,
            became_known=self.became_known,
        )


def _hundredths(scored: ScoresWithExceptions | None, count: int) -> list[int]:
    return [NOT_KNOWN] * count if scored is None else scored.scores.score_hundredths.tolist()


def _bands(scored: ScoresWithExceptions | None, count: int) -> list[str]:
    return [scoring.UNKNOWN] * count if scored is None else scored.scores.bands.tolist()


def _by_bands(before: ScoresWithExceptions | None, after: ScoresWithExceptions, row: int) -> str:
    """Words where only the edges of the bands did it: the new score has the old colour under the old edges."""
    if before is None:
        return ""
    old, new = before.scores, after.scores
    if NOT_KNOWN in (old.score_hundredths[row], new.score_hundredths[row]):
        return ""
    if old.score_hundredths[row] == new.score_hundredths[row]:
        return "The bands moved, not the score"
    same = scoring.band_of(new.score_hundredths[row : row + 1], old.scorecard)[0] == old.bands[row]
    return "The bands moved; the score alone would have kept its colour" if same else ""


def _reasons(before: ScoresWithExceptions | None, after: ScoresWithExceptions, row: int) -> list[str]:
    """What besides the KPIs changed the colour."""
    if before is None:
        return ["No scorecard was for it"]
    old, new = before.scores, after.scores
    found = []
    if NOT_KNOWN in (old.score_hundredths[row], new.score_hundredths[row]):
        found.append(_coverage(old, new, row))
    if old.exception_hundredths[row] != new.exception_hundredths[row]:
        limits = [one.exception for scored in (before, after) for one in scored.applied.get(row, ())]
        found += dict.fromkeys(f"{one.kind.capitalize()} at {one.limit:f}: {one.reason}" for one in limits)
    return found


def _coverage(old: PortfolioScores, new: PortfolioScores, row: int) -> str:
    was, becomes = int(old.coverage_percent[row]), int(new.coverage_percent[row])
    if was == becomes:
        return f"The least coverage moved; it has {becomes}%"
    return f"Its coverage goes from {was}% to {becomes}%"


def _place(one: Moved) -> tuple[Any, ...]:
    """Those that get worse first, the largest revenue first, unknown revenue last."""
    return not one.worse, one.arr is None, -(one.arr or 0), one.name.casefold(), one.account_id


def _flow(before: str, after: str, rows: Sequence[_Row]) -> Flow:
    sums = Sums()
    for row in rows:
        sums.add(row.arr, row.currency, unknown=row.arr is None)
    return Flow(before, after, len(rows), sums)


def _flow_place(one: tuple[tuple[str, str], list[_Row]]) -> tuple[Any, ...]:
    (before, after), rows = one
    return not Flow(before, after, 0, Sums()).worse, -len(rows), before, after


def _median(sizes: Sequence[int]) -> Decimal | None:
    return Decimal(int(np.median(sizes) + 0.5)) / 100 if sizes else None


def _extreme(change: int, row: _Row) -> Extreme:
    return Extreme(row.id, row.name, Decimal(change) / 100)
