"""The live scorecard and the scores that were stored under it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef

from accounts.models import Account
from core.actor import Actor
from core.among import among
from core.errors import DomainError
from core.time import month_end, month_of, months_back
from kpis import scoring
from kpis.catalogue import CATEGORIES
from kpis.freshness import MONTH_DAYS, ZERO_AT
from kpis.models import AccountHealth, HealthScore, Kpi, KpiValue, ScorecardVersion

TREND_MONTHS = 12  # points of a trend: the month ends before this month, and now


class NoScorecard(DomainError):
    """This workspace has no live scorecard, so nothing can be scored."""


@dataclass(frozen=True, eq=False)
class LiveCard:
    """A version of a scorecard: its row, its rules, and the ids of its KPIs in column order.

    rules: without dated ranges; what is scored on a day is scored by `rules_on` it.
    """

    row: ScorecardVersion
    rules: scoring.Scorecard
    kpi_ids: tuple[UUID, ...]
    _dated: dict[tuple[str, ...], scoring.Scorecard] = field(default_factory=dict, repr=False)

    def begun(self, day: date) -> tuple[str, ...]:
        """The days from which the dated ranges count that have begun by `day`; it is these that tell days apart."""
        dates = {one["from"] for item in self.row.definition["items"] for one in item.get("ranges") or ()}
        return tuple(sorted(one for one in dates if date.fromisoformat(one) <= day))

    def rules_on(self, day: date) -> scoring.Scorecard:
        """The rules as they count on one day: of each KPI's dated ranges the newest that has begun."""
        begun = self.begun(day)
        if not begun:
            return self.rules
        if begun not in self._dated:
            definition = scoring.definition_on(_in_order(self.row.definition), day)
            self._dated[begun] = scoring.scorecard_from_definition(definition, version=str(self.row))
        return self._dated[begun]

    @property
    def for_ever(self) -> list[UUID]:
        """KPIs that are measured once and never fade."""
        pairs = zip(self.rules.items, self.kpi_ids, strict=True)
        return [kpi_id for item, kpi_id in pairs if item.cadence_days is None]

    def counts_since(self, day: date) -> date:
        """First day of the oldest month whose values could still count on `day`."""
        longest = max((item.cadence_days or 0 for item in self.rules.items), default=0)
        return month_of(month_of(day) - timedelta(days=int(ZERO_AT * max(longest, MONTH_DAYS)) + 31))


def live_version() -> ScorecardVersion | None:
    """The version in force of the scorecard for all the rest."""
    live = ScorecardVersion.objects.filter(state=ScorecardVersion.State.LIVE, scorecard__archived_at=None)
    found: ScorecardVersion | None = live.select_related("scorecard").order_by("-scorecard__priority").first()
    return found


def live_card() -> LiveCard:
    """The scorecard in force, in two queries. Raises NoScorecard."""
    row = live_version()
    if row is None:
        raise NoScorecard("There is no live scorecard yet.")
    return card_of(row)


def card_of(row: ScorecardVersion) -> LiveCard:
    """A stored version of the scorecard as rules."""
    rules = scoring.scorecard_from_definition(_in_order(row.definition), version=str(row))
    ids = dict(Kpi.objects.filter(code__in=rules.kpis).values_list("code", "id"))
    return LiveCard(row, rules, tuple(ids[code] for code in rules.kpis))


def _in_order(definition: Mapping[str, Any]) -> dict[str, Any]:
    """With its categories in the catalogue's order: JSON that was stored keeps none."""
    places = {category.code: place for place, category in enumerate(CATEGORIES)}
    weights = sorted(definition["categories"].items(), key=lambda one: (places.get(one[0], len(places)), one[0]))
    return {**definition, "categories": dict(weights)}


def trend_days(on: date) -> list[date]:
    """The month ends before the month of `on` that a trend shows, oldest first."""
    return [month_end(month) for month in months_back(month_of(on), TREND_MONTHS)[:-1]]


@dataclass(frozen=True)
class Standing:
    """What AccountHealth says of an account before it is scored again; `hash` and `day` are of its latest score."""

    score: int | None
    band: str
    trend: list[int | None]
    as_of: date
    latest_id: UUID
    hash: str
    day: date


def standings(accounts: Sequence[UUID]) -> dict[UUID, Standing]:
    rows = AccountHealth.objects.filter(among("account_id", accounts)).values_list(
        "account_id", "score_hundredths", "band", "trend", "as_of", "latest_id", "latest__input_hash", "latest__as_of"
    )
    return {account_id: Standing(*rest) for account_id, *rest in rows}


@dataclass(frozen=True)
class Stored:
    """A current score of some day: enough to tell whether it still holds, and the version it was made under."""

    id: UUID
    hash: str
    score: int | None
    version_id: UUID


def stored_on(accounts: Sequence[UUID], days: Iterable[date]) -> Mapping[tuple[UUID, date], Stored]:
    """Current scores of these accounts on exactly these days."""
    rows = HealthScore.objects.filter(among("account_id", accounts), as_of__in=list(days), superseded_at=None)
    return {
        (account_id, day): Stored(*rest)
        for account_id, day, *rest in rows.values_list(
            "account_id", "as_of", "id", "input_hash", "score_hundredths", "version_id"
        )
    }


def accounts_to_score(*, unscored: bool = False) -> list[UUID]:
    """Every account that is not archived; `unscored`: only those without a standing."""
    accounts = Account.objects.active().order_by("pk")
    return list((accounts.filter(health=None) if unscored else accounts).values_list("pk", flat=True))


def accounts_of_upload(upload_id: UUID) -> list[UUID]:
    """Accounts that a file brought values for, whether or not they are still in force."""
    values = KpiValue.objects.filter(upload_id=upload_id).order_by("account_id")
    return list(values.values_list("account_id", flat=True).distinct())


def accounts_without_last_month(on: date) -> list[UUID]:
    """Accounts that have a score but none on the last month end: a month has ended, or their past was never scored."""
    there = HealthScore.objects.filter(account_id=OuterRef("pk"), as_of=trend_days(on)[-1], superseded_at=None)
    scored = Account.objects.active().filter(health__isnull=False).exclude(Exists(there))
    return list(scored.order_by("pk").values_list("pk", flat=True))


def score_on(account_id: UUID, day: date, *, by: Actor) -> HealthScore | None:
    """The score in force on a day: the current one of that day or the last before it."""
    scores = HealthScore.objects.visible_to(by).filter(account_id=account_id, as_of__lte=day, superseded_at=None)
    found: HealthScore | None = scores.select_related("version__scorecard").order_by("-as_of").first()
    return found


def points_of_year(account_id: UUID, on: date, *, by: Actor) -> list[tuple[date, HealthScore | None]]:
    """The trend's month ends and `on` itself, oldest first, each with its score where there is one."""
    days = trend_days(on)
    scores = HealthScore.objects.visible_to(by).filter(account_id=account_id, superseded_at=None)
    known = {score.as_of: score for score in scores.filter(as_of__in=days).defer("parts", "categories")}
    latest = scores.filter(as_of__lte=on).defer("parts", "categories").order_by("-as_of").first()
    return [*((day, known.get(day)) for day in days), (on, latest)]
