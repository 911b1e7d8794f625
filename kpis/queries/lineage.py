"""Forward from a value: the scores it went into, and whatever the floors above made of those scores."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from core.actor import Actor
from kpis.models import HealthScore, KpiValue

MOST = 200  # scores of one value that are listed


@dataclass(frozen=True)
class Used:
    """Something made from a score: what it is, where it opens, when it was made."""

    text: str
    url: str
    at: datetime
    by: str


@dataclass(frozen=True)
class InScore:
    """A score that the value is part of. contribution: points it gave there."""

    score: HealthScore
    contribution: Decimal

    @property
    def in_force(self) -> bool:
        return self.score.superseded_at is None


@dataclass(frozen=True)
class Lineage:
    """Where a value went. more: there are scores beyond those listed."""

    value: KpiValue
    scores: list[InScore]
    used: list[Used]
    more: bool


Finder = Callable[[Sequence[UUID], Actor], list[Used]]
_FINDERS: list[Finder] = []


def connect_lineage(finders: Sequence[Finder]) -> None:
    """Say who makes things from scores; config.wiring has the table."""
    _FINDERS[:] = finders


def lineage(value: KpiValue, *, by: Actor) -> Lineage:
    """Every stored score with this value among its parts, newest day first, and what was made of them."""
    scores = (
        HealthScore.objects.visible_to(by)
        .filter(account_id=value.account_id, scored_at__gte=value.recorded_at)
        .extra(
            where=["exists (select 1 from jsonb_array_elements(parts) part where part->>1 = %s)"],
            params=[str(value.pk)],
        )
        .select_related("version__scorecard")
        .order_by("-as_of", "-scored_at")
    )
    found = list(scores[: MOST + 1])
    listed = [InScore(score, _contribution(score, value.pk)) for score in found[:MOST]]
    ids = [one.score.pk for one in listed]
    used = [used for finder in _FINDERS for used in finder(ids, by)] if ids else []
    return Lineage(value, listed, sorted(used, key=lambda one: one.at, reverse=True), len(found) > MOST)


def _contribution(score: HealthScore, value_id: UUID) -> Decimal:
    part = next(part for part in score.parts if part[1] == str(value_id))
    return Decimal(part[5]).scaleb(-2)
