"""A stored score computed again: as it was known when it was made, and as that day is known today.

**Known then.** The values that a score saw are those its parts name: the parts are the ledger. Time stamps alone could
not tell, because a value is stamped when its writing begins and seen when it is committed: an import may stamp a value
before a score and commit it after. `by_clock` reads the stamps (recorded by then, not superseded by then; what is
stamped the same instant counts as recorded), and `doubts` names the values in which ledger and clock differ.

**True then.** The same day under the same version with what is known today: later corrections count, and so do months
that were over by that day and came in late. A month that still ran on that day counts only if a figure of it was known
then (decision 0010), in its wording of today.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any
from uuid import UUID

import numpy as np

from kpis.freshness import age_in_days, freshness, month_end
from kpis.models import HealthScore, KpiValue, ScoreException
from kpis.queries.exceptions import exceptions_of
from kpis.queries.health import LiveCard, card_of
from kpis.queries.measured import Sheet
from kpis.queries.scored import score_sheet
from kpis.scoring import ScoreException as Personal
from kpis.scoring import score_portfolio
from kpis.scoring.stored import RECORD, canonical

NOTHING = bytes(16)
DOUBT = timedelta(minutes=10)  # how long the writing of an exception may overlap with a scoring


@dataclass(frozen=True)
class Said:
    """A value with the time in which it was in force; superseded_at None: it still is."""

    id: UUID
    kpi_id: UUID
    period: date
    value: Decimal
    recorded_at: datetime
    superseded_at: datetime | None

    def in_force(self, at: datetime | None) -> bool:
        """Whether it was in force at that moment by its stamps; None: now."""
        if at is None:
            return self.superseded_at is None
        return self.recorded_at <= at and (self.superseded_at is None or self.superseded_at > at)


Cells = Mapping[UUID, Said]  # KPI id -> the value that counts


class Ledger:
    """Everything that was ever said about some KPIs of one account, read once."""

    def __init__(self, account_id: UUID, kpi_ids: Iterable[UUID], *, on: date) -> None:
        columns = ("id", "kpi_id", "period", "value", "recorded_at", "superseded_at")
        rows = KpiValue.objects.filter(account_id=account_id, kpi_id__in=set(kpi_ids), period__lte=on)
        self.account_id = account_id
        self.said = {row[0]: Said(*row) for row in rows.order_by("period", "recorded_at", "pk").values_list(*columns)}

    def named_by(self, score: HealthScore) -> Cells:
        """The values a stored score saw, by the ids in its parts."""
        return {one.kpi_id: one for one in (self.said[UUID(part[1])] for part in score.parts)}

    def by_clock(self, day: date, at: datetime | None) -> Cells:
        """The newest value of each KPI whose month has begun by `day` and that was in force at `at`, by its stamps."""
        return {one.kpi_id: one for one in self.said.values() if one.period <= day and one.in_force(at)}

    def true_on(self, day: date, seen: Cells) -> Cells:
        """What is known today of `day`, for somebody who saw `seen` then; see the head of this file."""
        found: dict[UUID, Said] = {}
        for one in self.said.values():
            over = month_end(one.period) <= day
            was_known = one.kpi_id in seen and seen[one.kpi_id].period == one.period
            if one.superseded_at is None and one.period <= day and (over or was_known):
                found[one.kpi_id] = one
        return found


def record(
    card: LiveCard, day: date, cells: Cells, personal: Sequence[Personal] = (), *, rules_of: date | None = None
) -> dict[str, Any]:
    """The score of one account from these values, in the form and to the byte as it would be stored.

    rules_of: the day whose dated ranges count, if not `day` itself.
    """
    picked = [cells.get(kpi_id) for kpi_id in card.kpi_ids]
    values = np.array([[np.nan if one is None else float(one.value) for one in picked]])
    ages = np.array([[np.nan if one is None else age_in_days(one.period, day) for one in picked]], dtype=float)
    sheet = Sheet(values, ages, np.array([[NOTHING if one is None else one.id.bytes for one in picked]], dtype="V16"))
    scores = score_portfolio(card.rules_on(rules_of or day), sheet.values, sheet.ages)
    return next(score_sheet(card, sheet, scores, day, {0: personal} if personal else {}).records([0]))


def stored_record(score: HealthScore) -> dict[str, Any]:
    """What is stored of a score, under the names that are compared."""
    return {name: getattr(score, name) for name in RECORD}


@dataclass(frozen=True, eq=False)
class Replay:
    """A stored score with both readings of its day. Numbers are hundredths, None = not enough data.

    known, true: the score computed again in its stored form. seen, now: the values behind each.
    doubts: ids of values in which the ledger and the time stamps differ.
    """

    score: HealthScore
    card: LiveCard
    known: dict[str, Any]
    true: dict[str, Any]
    seen: Cells
    now: Cells
    doubts: frozenset[UUID]

    @property
    def reproduced(self) -> bool:
        """The stored bytes came out again."""
        return canonical(self.known) == canonical(stored_record(self.score))

    @property
    def digest(self) -> str:
        """sha256 of the stored bytes, for whoever wants to compare by eye."""
        return hashlib.sha256(canonical(stored_record(self.score))).hexdigest()

    @property
    def corrected(self) -> bool:
        """Today's knowledge of that day is not what was known."""
        return bool(self.changed) or self.true["score_hundredths"] != self.known["score_hundredths"]

    @cached_property
    def changed(self) -> list[tuple[UUID, Said | None, Said | None]]:
        """(KPI, what it said, what it says) wherever month or number differ, in the scorecard's order."""
        pairs = ((kpi_id, self.seen.get(kpi_id), self.now.get(kpi_id)) for kpi_id in self.card.kpi_ids)
        return [(kpi_id, was, now) for kpi_id, was, now in pairs if _said(was) != _said(now)]


def _said(one: Said | None) -> tuple[date, Decimal] | None:
    return None if one is None else (one.period, one.value)


def replay(score: HealthScore, *, running: bool = False) -> Replay:
    """Compute a stored score both ways; its version must be loaded. Reads, never writes; at most five queries.

    running: the score stands for today, so a figure of the running month counts as soon as it is there.
    """
    card = card_of(score.version)
    ledger = Ledger(score.account_id, card.kpi_ids, on=score.as_of)
    seen = ledger.named_by(score)
    true = ledger.by_clock(score.as_of, None) if running else ledger.true_on(score.as_of, seen)
    now = _still_counting(card, score.as_of, true, seen)
    today = exceptions_of([score.account_id]).get(score.account_id, [])
    clock = _still_counting(card, score.as_of, ledger.by_clock(score.as_of, score.scored_at), seen)
    return Replay(
        score,
        card,
        _as_known(score, card, seen),
        record(card, score.as_of, now, today),
        seen,
        now,
        frozenset(one.id for kpi_id in card.kpi_ids for one in _other(seen.get(kpi_id), clock.get(kpi_id))),
    )


def _as_known(score: HealthScore, card: LiveCard, seen: Cells) -> dict[str, Any]:
    """What the score saw, with the caps and floors of then. A cap that changed nothing is not in the ledger, so here
    the stamps are read; one that was being set or withdrawn while the score was made is told by the stored hash."""
    again: dict[str, Any] = {}
    for moment in _moments(score):
        then = exceptions_of([score.account_id], known_at=moment).get(score.account_id, [])
        found = record(card, score.as_of, seen, then)
        if found["input_hash"] == score.input_hash:
            return found
        again = again or found
    return again


def _moments(score: HealthScore) -> Iterator[datetime]:
    """When the score was made, then just before each stamp of an exception within DOUBT before that, newest first."""
    yield score.scored_at
    since = score.scored_at - DOUBT
    rows = ScoreException.objects.filter(account_id=score.account_id).values_list("created_at", "withdrawn_at")
    stamps = {stamp for row in rows for stamp in row if stamp and since <= stamp <= score.scored_at}
    yield from (stamp - timedelta(microseconds=1) for stamp in sorted(stamps, reverse=True))


def _other(ledger: Said | None, clock: Said | None) -> list[Said]:
    return [] if ledger == clock else [one for one in (ledger, clock) if one is not None]


def _still_counting(card: LiveCard, day: date, cells: Cells, seen: Cells) -> Cells:
    """Without values that had faded out by then, unless the score saw the KPI: scoring does not read so far back."""
    items = dict(zip(card.kpi_ids, card.rules_on(day).items, strict=True))

    def counts(one: Said) -> bool:
        item = items[one.kpi_id]
        ages = [age_in_days(one.period, day)]
        return float(freshness(ages, item.cadence_days, expires_days=item.expires_days)[0]) > 0

    return {kpi_id: one for kpi_id, one in cells.items() if kpi_id in items and (kpi_id in seen or counts(one))}
