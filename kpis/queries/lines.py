"""The year's line as it was, and the same days under the definition of today: a change of weights is no trend."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from accounts.models import Account
from core.actor import Actor
from kpis.models import HealthScore, ScorecardVersion
from kpis.queries.assignment import version_for
from kpis.queries.evidence import band_of, points
from kpis.queries.exceptions import exceptions_of
from kpis.queries.health import card_of, points_of_year
from kpis.queries.history import Ledger, record


@dataclass(frozen=True)
class Point:
    """One day. stored: the score as it was, under its own version. today: points under today's definition.

    changed: it was made under another version than the day before it.
    """

    day: date
    stored: HealthScore | None
    today: Decimal | None
    changed: bool

    @property
    def was(self) -> Decimal | None:
        return points(self.stored.score_hundredths) if self.stored else None

    @property
    def band(self) -> str:
        return band_of(self.was)

    @property
    def version(self) -> str:
        return str(self.stored.version) if self.stored else ""

    @property
    def by_definition(self) -> Decimal | None:
        """What the definition alone makes of the day: under today's less as it was."""
        return None if self.was is None or self.today is None else self.today - self.was


@dataclass(frozen=True)
class Lines:
    """Both lines over the same days, oldest first, the last is now. version: the one of today, None without any."""

    points: list[Point]
    version: ScorecardVersion | None

    @property
    def differ(self) -> bool:
        return any(point.by_definition for point in self.points)

    @property
    def known(self) -> bool:
        return any(point.stored is not None for point in self.points)


def lines(account: Account, today: date, *, by: Actor) -> Lines:
    """The month ends of a year and today; at most seven queries."""
    year = points_of_year(account.pk, today, by=by)
    version = version_for(account, today=today)
    versions = ScorecardVersion.objects.select_related("scorecard").defer("definition", "findings", "effect")
    known = versions.in_bulk({stored.version_id for _, stored in year if stored})
    again = _under(version, account, [day for day, _ in year]) if version else [None] * len(year)
    found: list[Point] = []
    before: HealthScore | None = None
    for (day, stored), now in zip(year, again, strict=True):
        if stored is not None:
            stored.version = known[stored.version_id]
        changed = stored is not None and before is not None and stored.version_id != before.version_id
        found.append(Point(day, stored, now, changed))
        before = stored or before
    return Lines(found, version)


def _under(version: ScorecardVersion, account: Account, days: list[date]) -> list[Decimal | None]:
    """Every day from the values in force now, under the rules that count on the last of them, with its exceptions."""
    card = card_of(version)
    ledger = Ledger(account.pk, card.kpi_ids, on=days[-1])
    personal = exceptions_of([account.pk]).get(account.pk, [])
    made = (record(card, day, ledger.by_clock(day, None), personal, rules_of=days[-1]) for day in days)
    return [points(one["score_hundredths"]) for one in made]
